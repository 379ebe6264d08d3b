import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { openWindow, type WindowOptions } from './window';
import { Workbench } from './workbench';

const root = path.resolve(import.meta.dirname, '..', '..', '..');

/** Where screenshots and logs of failed tests are left. */
const failures = path.join(root, 'out', 'failures');

export interface WorkbenchOptions extends WindowOptions {
  /** A folder whose copy is opened, so that a test may write to it. */
  readonly workspace: string;
}

/** Opens a copy of a workspace in a fresh VS Code with the packaged extension. */
async function openWorkbench({ workspace, ...options }: WorkbenchOptions): Promise<Workbench> {
  const parent = mkdtempSync(path.join(os.tmpdir(), 'prism-workspace-'));
  const folder = path.join(parent, path.basename(workspace));
  cpSync(path.resolve(root, workspace), folder, { recursive: true });
  const window = await openWindow(inject('machine'), folder, options);
  const close = async () => {
    await window.close();
    rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await new Workbench({ ...window, close }, folder).ready();
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * One VS Code for the tests of the enclosing `describe`, or of the file. A failed test leaves a picture, the console
 * and the logs in out/failures.
 * @returns a function that gives the workbench inside tests and hooks
 */
export function useWorkbench(options: () => WorkbenchOptions): () => Workbench {
  let workbench: Workbench | undefined;
  beforeAll(async () => {
    workbench = await openWorkbench(options());
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    const name = task.name.replace(/[^\w-]+/g, '-').slice(0, 80);
    await workbench?.saveState(path.join(failures, name));
  });
  afterAll(async () => {
    await workbench?.close();
  });
  return () => {
    if (!workbench) throw new Error('the workbench is open only inside tests and hooks');
    return workbench;
  };
}
