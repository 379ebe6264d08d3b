// Bundles the extension, the engine, the command line and the panel into dist/, and copies the native packages beside
// them, so that dist/ runs without node_modules.
//   node scripts/build.mjs [--target linux-x64] [--tests]
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installDependencies, isMain, root, run, runMain, ScriptError, step } from './tools.mjs';

const dist = path.join(root, 'dist');
const modules = path.join(root, 'node_modules');

/** Packages that are loaded from files at run time instead of being bundled. */
const external = ['vscode', 'onnxruntime-node', 'onnxruntime-common', 'sharp', '@vscode/tree-sitter-wasm'];

/** What of each such package is needed at run time on a platform; licence texts travel along. */
function runtimePackages(platform, arch) {
  const binary = `bin/napi-v6/${platform}/${arch}/`;
  // On macOS the library is there twice; the binding asks for the name with the major version only.
  const isSecondCopy = (file) => /\.\d+\.\d+\.\d+\.dylib$/.test(file);
  return [
    {
      name: 'onnxruntime-node',
      keep: (file) => /^dist\/\w+\.js$/.test(file) || (file.startsWith(binary) && !isSecondCopy(file)),
      needs: binary,
    },
    { name: 'onnxruntime-common', keep: (file) => /^dist\/cjs\/.*\.(js|json)$/.test(file) },
    { name: '@vscode/tree-sitter-wasm', keep: (file) => /^wasm\/tree-sitter(-python)?\.(js|wasm)$/.test(file) },
    { name: 'sharp', keep: (file) => /^dist\/.*\.cjs$/.test(file) },
    { name: '@img/colour', keep: (file) => /\.c?js$/.test(file) },
    { name: 'detect-libc', keep: (file) => /^lib\/.*\.js$/.test(file) },
    { name: 'semver', keep: (file) => /\.js$/.test(file) && file !== 'bin/semver.js' },
    { name: `@img/sharp-${platform}-${arch}`, keep: () => true },
    // On Windows the image library is part of the package above.
    ...(platform === 'win32' ? [] : [{ name: `@img/sharp-libvips-${platform}-${arch}`, keep: () => true }]),
  ];
}

const always = /^(package\.json|licen[cs]e.*|thirdpartynotices.*)$/i;

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !file.startsWith('node_modules/'));
}

function sameFile(a, b) {
  if (!existsSync(b)) return false;
  const [from, to] = [statSync(a), statSync(b)];
  return from.size === to.size && from.mtimeMs <= to.mtimeMs;
}

/** Installs the packages of a platform other than this one, in the locked versions, beside this one's. */
function fetchForeign(names) {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const locked = names.filter((name) => packages[`node_modules/${name}`] !== undefined);
  if (locked.length === 0) return;
  step(`fetch ${locked.join(', ')}`);
  const wanted = locked.map((name) => `${name}@${packages[`node_modules/${name}`].version}`);
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--force', ...wanted]);
}

/** Makes dist/node_modules hold the run-time files of one platform and nothing else. */
function copyRuntimePackages(target) {
  const [platform, arch] = target.split('-');
  const needed = runtimePackages(platform, arch);
  fetchForeign(needed.map(({ name }) => name).filter((name) => !existsSync(path.join(modules, name))));
  const wanted = new Map();
  for (const { name, keep, needs } of needed) {
    const folder = path.join(modules, name);
    if (!existsSync(path.join(folder, needs ?? 'package.json'))) {
      throw new ScriptError(`${name} has no binaries for ${target}`);
    }
    for (const file of filesBelow(folder)) {
      if (always.test(file) || keep(file)) wanted.set(path.join(name, file), path.join(folder, file));
    }
  }
  const copies = path.join(dist, 'node_modules');
  for (const [file, source] of wanted) {
    const copy = path.join(copies, file);
    if (sameFile(source, copy)) continue;
    mkdirSync(path.dirname(copy), { recursive: true });
    // Removed first: a running engine keeps the library that it has mapped.
    rmSync(copy, { force: true });
    copyFileSync(source, copy);
  }
  for (const entry of readdirSync(copies, { recursive: true, withFileTypes: true })) {
    const file = path.relative(copies, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && !wanted.has(file)) rmSync(path.join(copies, file));
  }
}

const common = {
  absWorkingDir: root,
  bundle: true,
  sourcemap: true,
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'warning',
};
const forNode = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external,
  // jsonc-parser's "main" is UMD, whose requires esbuild cannot follow.
  mainFields: ['module', 'main'],
  // import() becomes require(): both then load the same copy of a package, the one that is shipped.
  supported: { 'dynamic-import': false },
};

/** Names the code by its contents: compiled graphs that other code left in the cache are not used. */
function buildId() {
  const hash = createHash('sha256');
  for (const file of filesBelow(path.join(root, 'src')).sort()) {
    hash.update(file).update(readFileSync(path.join(root, 'src', file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Every bundle: where it starts and what it becomes. */
const bundles = [
  { ...forNode, entryPoints: { extension: 'src/extension.ts', engine: 'src/engine/main.ts' }, outdir: 'dist' },
  { ...forNode, entryPoints: { cli: 'src/cli/main.ts' }, outdir: 'dist', banner: { js: '#!/usr/bin/env node' } },
  {
    ...common,
    platform: 'browser',
    format: 'iife',
    // The engine of the oldest VS Code that package.json admits.
    target: 'chrome134',
    tsconfig: 'webview/tsconfig.json',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
    entryPoints: {
      webview: 'webview/main.ts',
      report: 'webview/report.ts',
      array: 'webview/array/main.ts',
      checkpoints: 'webview/checkpoints/main.ts',
      models: 'webview/models/main.ts',
      tokens: 'webview/tokens/main.ts',
      attention: 'webview/attention/main.ts',
      network: 'webview/network/main.ts',
      layout: 'webview/network/worker.ts',
    },
    outdir: 'dist',
  },
];

/** The mocha suite of the extension host, in out/host. */
function hostTests() {
  const suites = readdirSync(path.join(root, 'test', 'host'), { recursive: true });
  const entryPoints = ['index.ts', ...suites.filter((file) => file.endsWith('.test.ts'))];
  return {
    ...forNode,
    minify: false,
    entryPoints: entryPoints.map((file) => path.join('test/host', file)),
    outdir: 'out/host',
    external: [...external, 'mocha'],
  };
}

export const hostTarget = `${process.platform}-${process.arch}`;

/** Builds dist/ for a target such as `linux-x64`, and out/ with the extension-host tests where asked. */
export async function build({ target = hostTarget, tests = false } = {}) {
  installDependencies();
  const esbuild = await import('esbuild');
  step(`bundle for ${target}`);
  if (tests) rmSync(path.join(root, 'out', 'host'), { recursive: true, force: true });
  const id = buildId();
  for (const options of [...bundles, ...(tests ? [hostTests()] : [])]) {
    await esbuild.build({ ...options, define: { MODEL_PRISM_BUILD: JSON.stringify(id) } });
  }
  chmodSync(path.join(dist, 'cli.js'), 0o755);
  copyRuntimePackages(target);
}

/** Name and version from the manifest. */
export function manifest() {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const { values } = parseArgs({
      options: { target: { type: 'string' }, tests: { type: 'boolean' } },
    });
    await build(values);
  });
}
