// Shared by every script. Only Node's own modules may be imported here: node_modules may not exist yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

if (import.meta.dirname === undefined) {
  console.error(`error: Node 20.12 or newer is needed, and this is ${process.version}`);
  process.exit(1);
}

export const root = path.resolve(import.meta.dirname, '..');

/** Where test tools are kept between clones: one folder per user, never inside the project. */
export const toolCache = path.join(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'),
  'model-prism',
  'test-tools',
);

const started = performance.now();

/** Prints one line of the log, with the seconds since the script started. */
export function step(text) {
  console.log(`[${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${text}`);
}

/** A failure that a person can act on: shown as one line, without a stack. */
export class ScriptError extends Error {}

/** Runs main and turns a failure into exit code 1. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof ScriptError ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Whether this module is the script that node was asked to run. */
export const isMain = (meta) => process.argv[1] !== undefined && path.resolve(process.argv[1]) === meta.filename;

const onWindows = process.platform === 'win32';

/**
 * Runs a command with its output shown. `npm` is found on Windows too, where it is a batch file.
 * @throws ScriptError when it exits with another code than 0
 */
export function run(command, args, options = {}) {
  const shell = onWindows && (command === 'npm' || command === 'npx');
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell, ...options });
  if (result.error) throw new ScriptError(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    throw new ScriptError(`${command} ${args.join(' ')} ended with ${result.signal ?? `exit code ${result.status}`}`);
  }
}

/** The JavaScript file behind a package's command, so that it runs by this Node on every platform. */
export function packageBin(name, command = name) {
  const folder = path.join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/** Runs a package's command by this Node. */
export function runBin(name, args, { command = name, ...options } = {}) {
  run(process.execPath, [packageBin(name, command), ...args], options);
}

/** Whether node_modules holds exactly what the lock file asks for on this platform. */
function dependenciesAreCurrent() {
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(([folder, { version, optional, peer }]) => {
    if (folder === '') return true;
    const found = present[folder];
    return found ? found.version === version : Boolean(optional || peer);
  });
}

/** Installs the locked dependencies unless they are there already. */
export function installDependencies() {
  if (dependenciesAreCurrent()) return;
  step('npm ci');
  // The package's install script would otherwise download GPU libraries that nothing here uses.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  run('npm', ['ci', '--no-audit', '--no-fund'], { env });
}
