import { existsSync } from 'node:fs';
import path from 'node:path';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { bootstrap, tools } from '../../../scripts/bootstrap.mjs';
import { vsixPath } from '../../../scripts/package.mjs';
import { root, runBin } from '../../../scripts/tools.mjs';
import type { Machine } from './machine';
import { Profile } from './profile';
import { installOnServer } from './server';
import { installOnDesktop } from './window';

/** Packs an extension that stands for one that people have from a marketplace: it debugs Python, or runs kernels. */
function standIn(name: 'debugpy' | 'jupyter', folder: string): string {
  const out = path.join(folder, `${name}.vsix`);
  const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license'];
  // Not by the place of this file: scripts bundle it elsewhere.
  const cwd = path.join(root, 'test/support/vscode', name);
  runBin('@vscode/vsce', ['package', ...options, '--out', out], { command: 'vsce', cwd, stdio: 'ignore' });
  return out;
}

/**
 * Finds a VS Code and installs the packaged extension, and those that debug Python and run kernels.
 * @param extensions an empty folder for the extensions
 * @throws Error when the extension was not packaged before
 */
export async function prepareMachine(extensions: string): Promise<Machine> {
  const vsix = vsixPath();
  if (!existsSync(vsix)) throw new Error(`${vsix} is missing: npm run package makes it`);
  if (bootstrap().kind === 'desktop') {
    const executable = await downloadAndUnzipVSCode('stable');
    for (const file of [vsix, standIn('debugpy', extensions), standIn('jupyter', extensions)])
      installOnDesktop(executable, extensions, file);
    return { kind: 'desktop', executable, extensions };
  }
  const { node, codeServer, chromium } = tools;
  if (chromium === undefined) throw new Error('the package chromium is installed, but its program was not found');
  const machine = { kind: 'server', node, codeServer, chromium, extensions } as const;
  const profile = new Profile();
  try {
    for (const file of [vsix, standIn('debugpy', profile.folder), standIn('jupyter', profile.folder)])
      installOnServer(machine, profile, file);
  } finally {
    profile.remove();
  }
  return machine;
}
