/**
 * Opens the sample workspace in a VS Code in the browser, with the packaged extension. Ctrl+C ends it.
 *   node scripts/run-typescript.mjs scripts/serve.ts FOLDER
 */
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { Profile } from '../test/support/vscode/profile';
import { installOnServer, startServer } from '../test/support/vscode/server';
import { tools } from './bootstrap.mjs';
import { vsixPath } from './package.mjs';

const folder = path.resolve(process.argv[2] ?? '.');

const profile = new Profile({
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
});
const machine = {
  kind: 'server',
  node: tools.node,
  codeServer: tools.codeServer,
  chromium: tools.chromium ?? '',
  extensions: path.join(profile.folder, 'extensions'),
} as const;
installOnServer(machine, profile, vsixPath());
// What the engine compiled is kept for the next time.
const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
const server = await startServer(machine, profile, { XDG_CACHE_HOME: cache });

const address = `http://127.0.0.1:${server.port}/?folder=${encodeURIComponent(folder)}`;
console.log(`\n  VS Code is at ${address}\n  Ctrl+C ends it.\n`);
if (process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
  const opener = spawn('xdg-open', [address], { stdio: 'ignore', detached: true });
  // Without an opener the printed address does.
  opener.on('error', () => undefined);
  opener.unref();
}

let ending = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    if (ending) return;
    ending = true;
    await server.stop();
    profile.remove();
    process.exit(0);
  });
}
