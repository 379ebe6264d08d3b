import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export type Settings = Record<string, unknown>;

/** For tests: nothing that pops up, moves, or asks the network. */
export const quiet: Settings = {
  'workbench.colorTheme': 'Dark Modern',
  'window.autoDetectColorScheme': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.editor.enablePreview': false,
  'workbench.hover.delay': 100_000,
  'workbench.reduceMotion': 'on',
  'window.commandCenter': false,
  'window.confirmBeforeClose': 'never',
  // Menus drawn by VS Code itself can be clicked by a test on every platform.
  'window.titleBarStyle': 'custom',
  'window.menuStyle': 'custom',
  'window.dialogStyle': 'custom',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'files.hotExit': 'off',
  'debug.openDebug': 'neverOpen',
  'debug.internalConsoleOptions': 'neverOpen',
  'debug.showInStatusBar': 'never',
  'editor.cursorBlinking': 'solid',
  'accessibility.signals.sounds.volume': 0,
};

/** A user of their own: settings, state, caches and logs of one VS Code, below one temporary folder. */
export class Profile {
  /** Short, because the server's socket lies in it and a socket's path is limited to 107 characters. */
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'prism-'));

  constructor(settings: Settings = quiet) {
    mkdirSync(path.join(this.folder, 'User'));
    // VS Code reads it once: in the browser it does not watch the file. Later changes go to the workspace.
    writeFileSync(path.join(this.folder, 'User', 'settings.json'), JSON.stringify(settings, undefined, 2));
    writeFileSync(path.join(this.folder, 'config.yaml'), '');
  }

  /** Environment for VS Code and all that it starts: nothing of the test run, caches below the profile. */
  environment(extra: Record<string, string> = {}): Record<string, string> {
    const foreign = /^(npm_|VSCODE_|VITEST|ELECTRON_|NODE_OPTIONS|NODE_ENV$|VK_ICD_FILENAMES$)/;
    const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !foreign.test(name));
    return {
      ...(Object.fromEntries(kept) as Record<string, string>),
      LANG: 'C.UTF-8',
      XDG_DATA_HOME: path.join(this.folder, 'data'),
      XDG_CACHE_HOME: path.join(this.folder, 'cache'),
      XDG_RUNTIME_DIR: this.folder,
      ...extra,
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
