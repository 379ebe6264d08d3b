import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ModelPrism } from '../../src/extension';
import { readNpy } from '../../src/inputs/npy';
import type { Explanation } from '../../src/protocol';
import type { PanelState } from '../../src/protocol/panel';

/** The project, from out/host. */
const root = path.resolve(__dirname, '..', '..');

/** The folder that is open: a copy of the sample workspace. */
export function workspace(file = ''): string {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'a folder is open');
  return path.join(folder.uri.fsPath, file);
}

export const lite0 = (): string => workspace('imagenet/efficientnet-lite0.onnx');
export const glyphs = (): string => workspace('watermark/glyphs.onnx');
export const chelsea = (): string => workspace('imagenet/photographs/chelsea.png');
export const hexagon = (): string => workspace('watermark/pictures/0000_hexagon.plain.png');

export async function activated(): Promise<ModelPrism> {
  const extension = vscode.extensions.getExtension<ModelPrism>('model-prism.model-prism');
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

/** Waits until `probe` gives something. One that throws is asked again: what it looks for may not be there yet. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeout = 60_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    let cause: unknown;
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** What the panel used last shows. */
export async function shown(): Promise<PanelState> {
  const state = (await activated()).panels().at(-1);
  assert.ok(state, 'a panel is open');
  return state;
}

/** Runs a command that explains, and returns the state of the panel when the work has ended. */
export async function explained(command: string, ...args: readonly unknown[]): Promise<PanelState> {
  await vscode.commands.executeCommand(command, ...args);
  return until('the end of the work', async () => {
    const state = await shown();
    return state.status !== 'working' && state;
  });
}

/** The explanation of a state that must be ready. */
export function ready(state: PanelState): Explanation {
  assert.equal(state.status, 'ready', state.error && `${state.error.code}: ${state.error.message}`);
  assert.ok(state.explanation);
  return state.explanation;
}

/** An array of a golden case. */
export function golden(file: string): Float32Array {
  const { data } = readNpy(readFileSync(path.join(root, 'test', 'cases', 'golden', file)));
  return Float32Array.from(data as Float32Array);
}

export const closeEverything = async (): Promise<void> => {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
};
