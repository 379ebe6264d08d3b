// Packs the extension for one platform and reports what a person downloads.
//   node scripts/package.mjs [--target linux-x64] [--out FILE.vsix]
import { statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build, hostTarget, manifest } from './build.mjs';
import { isMain, root, runBin, runMain, ScriptError, step } from './tools.mjs';

const megabyte = 1e6;

/** What a person may have to download, samples apart. On Windows a quarter of it is DirectML and the shader compiler. */
const limit = (target) => (target.startsWith('win32') ? 40 : 30) * megabyte;

/** Where the package of a target is written. */
export function vsixPath(target = hostTarget) {
  const { name, version } = manifest();
  return path.join(root, `${name}-${target}-${version}.vsix`);
}

/** Compressed bytes of each file in a zip archive, read from its central directory. */
async function compressedSizes(file) {
  const { readFile } = await import('node:fs/promises');
  const bytes = await readFile(file);
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'));
  const sizes = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    sizes.set(name, bytes.readUInt32LE(at + 20));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return sizes;
}

/**
 * Builds, with the extension-host tests where asked, and packs.
 * @returns {Promise<string>} the VSIX's path
 * @throws ScriptError when the package without the sample workspace is over the limit
 */
export async function packageExtension({ target = hostTarget, out = vsixPath(target), tests = false } = {}) {
  await build({ target, tests });
  step(`pack ${path.basename(out)}`);
  const options = ['--no-dependencies', '--no-rewrite-relative-links', '--allow-missing-repository', '--skip-license'];
  const args = ['package', ...options, '--target', target, '--out', out];
  runBin('@vscode/vsce', args, { command: 'vsce', stdio: ['ignore', 'ignore', 'inherit'] });
  const sizes = await compressedSizes(out);
  let samples = 0;
  for (const [name, size] of sizes) if (name.startsWith('extension/media/sample/')) samples += size;
  const total = statSync(out).size;
  const without = total - samples;
  const text = (bytes) => `${(bytes / megabyte).toFixed(1)} MB`;
  step(`${path.basename(out)}: ${text(total)}, of it ${text(samples)} sample workspace, ${sizes.size} files`);
  if (without > limit(target)) {
    throw new ScriptError(`the package without samples is ${text(without)}, over ${text(limit(target))}`);
  }
  return out;
}

if (isMain(import.meta)) {
  await runMain(() => {
    const { values } = parseArgs({ options: { target: { type: 'string' }, out: { type: 'string' } } });
    return packageExtension(values);
  });
}
