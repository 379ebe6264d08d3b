import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import type { Machine } from './machine';
import { prepareMachine } from './prepare';

declare module 'vitest' {
  interface ProvidedContext {
    machine: Machine;
  }
}

/** Once a run: finds a VS Code, installs the packaged extension into a fresh folder and tells the suites where. */
export async function setup(project: TestProject): Promise<() => void> {
  const extensions = mkdtempSync(path.join(os.tmpdir(), 'prism-extensions-'));
  project.provide('machine', await prepareMachine(extensions));
  return () => rmSync(extensions, { recursive: true, force: true, maxRetries: 5 });
}
