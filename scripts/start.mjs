// Builds Model Prism, explains a photograph of the sample workspace in the terminal, and opens VS Code on it.
//   node scripts/start.mjs [--no-open]
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bootstrap } from './bootstrap.mjs';
import { build } from './build.mjs';
import { packageExtension } from './package.mjs';
import { runTypeScript } from './run-typescript.mjs';
import { root, run, runMain, step } from './tools.mjs';

const sample = path.join(root, 'media', 'sample');
const model = path.join(sample, 'imagenet', 'efficientnet-lite0.onnx');
const photograph = path.join(sample, 'imagenet', 'photographs', 'chelsea.png');

/** The same engine as in the editor, from a shell. */
function explainInTerminal() {
  const picture = path.join(root, 'out', 'chelsea.srd.png');
  mkdirSync(path.dirname(picture), { recursive: true });
  // Relative paths: the command is shown, and can be copied.
  const [from, image, to] = [model, photograph, picture].map((file) => path.relative(root, file));
  const args = ['explain', from, '--image', image, '--method', 'srd', '--out', to];
  step(`model-prism ${args.join(' ')}`);
  run(process.execPath, [path.join(root, 'dist', 'cli.js'), ...args]);
  step(`the picture is ${picture}`);
}

const developing = (folder) => [`--extensionDevelopmentPath=${root}`, '--new-window', folder];

/** Opens the desktop VS Code that `code` on the path belongs to. */
function openInstalled() {
  const shell = process.platform === 'win32';
  if (spawnSync('code', ['--version'], { stdio: 'ignore', shell }).status !== 0) return false;
  step('open VS Code on the sample workspace');
  run('code', developing(sample), { shell });
  return true;
}

async function openDownloaded() {
  const { downloadAndUnzipVSCode } = await import('@vscode/test-electron');
  const executable = await downloadAndUnzipVSCode('stable');
  step('open VS Code on the sample workspace');
  run(executable, developing(sample));
}

async function main() {
  const { values } = parseArgs({ options: { 'no-open': { type: 'boolean', default: false } } });
  await build();
  explainInTerminal();
  step('in VS Code: right-click a photograph in the Explorer and choose Explain with Model Prism');
  if (values['no-open'] || openInstalled()) return;
  if (bootstrap().kind === 'desktop') return openDownloaded();
  await packageExtension();
  process.exitCode = await runTypeScript('scripts/serve.ts', [sample]);
}

await runMain(main);
