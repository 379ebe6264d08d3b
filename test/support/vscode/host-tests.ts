import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import { runTests } from '@vscode/test-electron';
import { tools } from '../../../scripts/bootstrap.mjs';
import type { HostTestResult } from '../../host/index';
import type { Machine } from './machine';
import { Profile } from './profile';
import { openWindow } from './window';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const entry = path.join(root, 'out', 'host', 'index.js');

/** Opens a page that runs the suite in the extension host of its own window, and waits for its end. */
async function runInBrowser(
  machine: Extract<Machine, { kind: 'server' }>,
  workspace: string,
  environment: Record<string, string>,
): Promise<string> {
  // Only in this mode does the window tell a page how its tests ended; it also keeps notifications to itself.
  const flags = ['--vscode-option', 'enable-smoke-test-driver'];
  const window = await openWindow(machine, workspace, { environment, flags });
  try {
    const { context, address } = window;
    if (!context || !address) throw new Error('the suite needs a browser here');
    await window.page.close();
    const page = await context.newPage();
    const lines: string[] = [];
    const ended = new Promise<void>((resolve) => {
      void page.exposeFunction('codeAutomationExit', () => resolve());
    });
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => lines.push(format(...args)));
    const { origin, host } = new URL(address(workspace));
    const remote = (file: string) => `vscode-remote://${host}${file}`;
    await page.goto(
      address(workspace, [
        ['extensionDevelopmentPath', remote(root)],
        ['extensionTestsPath', remote(entry)],
      ]),
      { waitUntil: 'domcontentloaded' },
    );
    const patience = new Promise<void>((_, reject) => {
      const late = () => reject(new Error(`no end of the suite after 10 minutes (${origin})\n${lines.join('\n')}`));
      setTimeout(late, 600_000).unref();
    });
    await Promise.race([ended, patience]);
    return lines.join('\n');
  } finally {
    await window.close();
  }
}

async function runOnDesktop(
  machine: Extract<Machine, { kind: 'desktop' }>,
  workspace: string,
  environment: Record<string, string>,
): Promise<string> {
  const profile = new Profile();
  try {
    await runTests({
      vscodeExecutablePath: machine.executable,
      extensionDevelopmentPath: root,
      extensionTestsPath: entry,
      extensionTestsEnv: profile.environment(environment),
      launchArgs: [
        workspace,
        ...['--user-data-dir', profile.folder, '--extensions-dir', machine.extensions],
        ...['--disable-workspace-trust', '--skip-welcome', '--skip-release-notes'],
      ],
    });
    return '';
  } catch (error) {
    return `${error}`;
  } finally {
    profile.remove();
  }
}

/**
 * Runs the mocha suite of test/host in a real extension host, on a copy of a workspace.
 * @returns the outcome of each test
 * @throws Error with the host's log when the suite did not come to its end
 */
export async function runHostTests(machine: Machine, workspace: string): Promise<HostTestResult[]> {
  if (!existsSync(entry)) throw new Error(`${entry} is missing: npm run test:host builds it`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'prism-host-'));
  const copy = path.join(folder, path.basename(workspace));
  const results = path.join(folder, 'results.json');
  try {
    cpSync(path.resolve(root, workspace), copy, { recursive: true });
    // On a desktop, the Python that the person has: it needs debugpy, torch, numpy and pillow.
    const python = existsSync(tools.python) ? tools.python : 'python3';
    const environment = { MODEL_PRISM_HOST_RESULTS: results, MODEL_PRISM_TEST_PYTHON: python };
    const log =
      machine.kind === 'desktop'
        ? await runOnDesktop(machine, copy, environment)
        : await runInBrowser(machine, copy, environment);
    if (!existsSync(results)) throw new Error(`the suite ended without results:\n${log}`);
    return JSON.parse(readFileSync(results, 'utf8')) as HostTestResult[];
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
