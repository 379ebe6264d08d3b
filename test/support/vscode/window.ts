import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { resolveCliArgsFromVSCodeExecutablePath } from '@vscode/test-electron';
import { _electron, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Machine } from './machine';
import { Profile, quiet, type Settings } from './profile';
import { startServer } from './server';

export interface WindowOptions {
  readonly settings?: Settings;
  /** Environment of VS Code and so of the extension host and the engine. */
  readonly environment?: Record<string, string>;
  readonly width?: number;
  readonly height?: number;
  /** More arguments of code-server. Only in a browser. */
  readonly flags?: readonly string[];
  /** Device pixels a CSS pixel, for pictures. Only in a browser. */
  readonly scale?: number;
}

/** A running VS Code with one window. */
export interface VSCodeWindow {
  readonly page: Page;
  readonly profile: Profile;
  /** A page of its own for another window of the same VS Code; undefined on a desktop. */
  readonly context: BrowserContext | undefined;
  /** The address of a folder's window; undefined on a desktop. */
  readonly address: ((folder: string, payload?: readonly (readonly [string, string])[]) => string) | undefined;
  /** Copies logs of the server and the extension host to a folder. */
  saveLogs(folder: string): void;
  close(): Promise<void>;
}

function saveLogs(profile: Profile, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['logs', 'server.log']) {
    cpSync(path.join(profile.folder, name), path.join(folder, name), { recursive: true, force: true });
  }
}

async function openInBrowser(
  machine: Extract<Machine, { kind: 'server' }>,
  profile: Profile,
  options: WindowOptions,
): Promise<VSCodeWindow> {
  const server = await startServer(machine, profile, options.environment ?? {}, options.flags);
  const browser = await chromium.launch({
    executablePath: machine.chromium,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1400, height: options.height ?? 900 },
    deviceScaleFactor: options.scale ?? 1,
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  return {
    page: await context.newPage(),
    profile,
    context,
    address: (folder, payload) => {
      const query = payload ? `&payload=${encodeURIComponent(JSON.stringify(payload))}` : '';
      return `http://127.0.0.1:${server.port}/?folder=${encodeURIComponent(folder)}${query}`;
    },
    saveLogs: (folder) => saveLogs(profile, folder),
    close: async () => {
      await browser.close();
      await server.stop();
      profile.remove();
    },
  };
}

async function openOnDesktop(
  machine: Extract<Machine, { kind: 'desktop' }>,
  profile: Profile,
  folder: string,
  options: WindowOptions,
): Promise<VSCodeWindow> {
  const application = await _electron.launch({
    executablePath: machine.executable,
    args: [
      folder,
      ...['--user-data-dir', profile.folder, '--extensions-dir', machine.extensions],
      ...['--disable-workspace-trust', '--disable-telemetry', '--disable-updates'],
      ...['--skip-welcome', '--skip-release-notes', '--no-sandbox'],
    ],
    env: profile.environment(options.environment),
  });
  const page = await application.firstWindow();
  await page.setViewportSize({ width: options.width ?? 1400, height: options.height ?? 900 });
  return {
    page,
    profile,
    context: undefined,
    address: undefined,
    saveLogs: (target) => saveLogs(profile, target),
    close: async () => {
      await application.close();
      profile.remove();
    },
  };
}

/** Opens a folder in a fresh VS Code that has the packaged extension installed. */
export async function openWindow(machine: Machine, folder: string, options: WindowOptions = {}): Promise<VSCodeWindow> {
  const profile = new Profile({ ...quiet, ...options.settings });
  if (machine.kind === 'desktop') return openOnDesktop(machine, profile, folder, options);
  const window = await openInBrowser(machine, profile, options);
  if (window.address) await window.page.goto(window.address(folder), { waitUntil: 'domcontentloaded' });
  return window;
}

/** Installs a VSIX into the extensions folder of a desktop VS Code. */
export function installOnDesktop(executable: string, extensions: string, vsix: string): void {
  const [command, ...args] = resolveCliArgsFromVSCodeExecutablePath(executable, { reuseMachineInstall: true });
  const all = [...args, '--extensions-dir', extensions, '--install-extension', vsix];
  const shell = process.platform === 'win32';
  const { status, stdout, stderr } = spawnSync(command ?? executable, all, { encoding: 'utf8', shell });
  if (status !== 0) throw new Error(`${vsix} was not installed:\n${stdout}${stderr}`);
}
