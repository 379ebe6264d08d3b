import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { CheckpointCell, CheckpointState } from '../../src/protocol/checkpoints';
import { activated, closeEverything, glyphs, hexagon, until, workspace } from './support';

const folder = (): string => workspace('checkpoints');
const state = async (): Promise<CheckpointState> => (await activated()).checkpoints();

/** Waits until so many checkpoints are explained, and returns what the last says of an image. */
async function explained(count: number, image = hexagon()): Promise<CheckpointCell> {
  return until(`${count} checkpoints`, async () => {
    const { steps } = await state();
    const cells = steps.map(({ cells: all }) => all[image]);
    const done = cells.filter((cell) => cell?.status === 'ready' || cell?.status === 'failed');
    return steps.length === count && done.length === count && cells.at(-1);
  });
}

const watch = (pattern: string | undefined): Thenable<void> =>
  vscode.workspace.getConfiguration('modelPrism').update('checkpoints', pattern, vscode.ConfigurationTarget.Workspace);

describe('checkpoints', () => {
  afterEach(closeEverything);

  after(async () => {
    await vscode.commands.executeCommand('modelPrism.unpinImages');
    await watch(undefined);
    rmSync(folder(), { recursive: true, force: true });
  });

  it('explain pinned images whenever one is written', async () => {
    mkdirSync(folder(), { recursive: true });
    const settings = glyphs().replace(/onnx$/, 'prism.json');
    for (const name of ['epoch-1', 'epoch-2']) copyFileSync(settings, path.join(folder(), `${name}.prism.json`));
    copyFileSync(workspace('watermark/labels.txt'), path.join(folder(), 'labels.txt'));
    await watch('checkpoints/*.onnx');
    await vscode.commands.executeCommand('modelPrism.pinImage', vscode.Uri.file(hexagon()));
    copyFileSync(glyphs(), path.join(folder(), 'epoch-1.onnx'));
    const first = await explained(1);
    assert.equal(first.target?.label, 'hexagon');
    assert.equal(first.change, undefined);

    // The same weights again: the same reason.
    copyFileSync(glyphs(), path.join(folder(), 'epoch-2.onnx'));
    const second = await explained(2);
    const { change } = second;
    assert.ok(change?.maps);
    assert.deepEqual([change.maps.overlap, change.samePrediction, change.otherReason], [1, true, false]);
    assert.ok((change.maps.correlation ?? 0) > 0.999);
  });

  it('are not taken half-written', async () => {
    const file = path.join(folder(), 'epoch-1.onnx');
    const whole = readFileSync(glyphs());
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    const half = await explained(3);
    assert.equal(half.status, 'failed');
    assert.equal(half.error?.code, 'MODEL_TRUNCATED');
    writeFileSync(file, whole);
    await until('the whole file', async () => (await state()).steps.at(-1)?.cells[hexagon()]?.status === 'ready');
    assert.equal((await state()).steps.length, 3, 'the half-written state is gone');
  });
});
