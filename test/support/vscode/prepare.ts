import { existsSync } from 'node:fs';
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { bootstrap, tools } from '../../../scripts/bootstrap.mjs';
import { vsixPath } from '../../../scripts/package.mjs';
import type { Machine } from './machine';
import { Profile } from './profile';
import { installOnServer } from './server';
import { installOnDesktop } from './window';

/**
 * Finds a VS Code and installs the packaged extension.
 * @param extensions an empty folder for the extension
 * @throws Error when the extension was not packaged before
 */
export async function prepareMachine(extensions: string): Promise<Machine> {
  const vsix = vsixPath();
  if (!existsSync(vsix)) throw new Error(`${vsix} is missing: npm run package makes it`);
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
