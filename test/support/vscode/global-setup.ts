import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import type { TestProject } from 'vitest/node';
import { bootstrap, tools } from '../../../scripts/bootstrap.mjs';
import { vsixPath } from '../../../scripts/package.mjs';
import type { Machine } from './machine';
import { Profile } from './profile';
import { installOnServer } from './server';
import { installOnDesktop } from './window';

async function prepare(extensions: string, vsix: string): Promise<Machine> {
  if (bootstrap().kind === 'desktop') {
    const executable = await downloadAndUnzipVSCode('stable');
    installOnDesktop(executable, extensions, vsix);
    return { kind: 'desktop', executable, extensions };
  }
  const { node, codeServer, chromium } = tools;
  if (chromium === undefined) throw new Error('the package chromium is installed, but its program was not found');
  const machine = { kind: 'server', node, codeServer, chromium, extensions } as const;
  const profile = new Profile();
  try {
    installOnServer(machine, profile, vsix);
  } finally {
    profile.remove();
  }
  return machine;
}

/** Once a run: finds a VS Code, installs the packaged extension into a fresh folder and tells the suites where. */
export async function setup(project: TestProject): Promise<() => void> {
  const vsix = vsixPath();
  if (!existsSync(vsix)) throw new Error(`${vsix} is missing: npm run package makes it`);
  const extensions = mkdtempSync(path.join(os.tmpdir(), 'prism-extensions-'));
  project.provide('machine', await prepare(extensions, vsix));
  return () => rmSync(extensions, { recursive: true, force: true, maxRetries: 5 });
}
