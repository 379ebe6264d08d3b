// Bundles one TypeScript program into out/ and runs it by this Node.
//   node scripts/run-typescript.mjs bench/main.ts [arguments of the program]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { installDependencies, isMain, root, runMain, ScriptError } from './tools.mjs';

/** Scripts are imported from where they lie, because they find the project by their own place. */
const scriptsStay = {
  name: 'scripts-stay',
  setup(bundle) {
    bundle.onResolve({ filter: /^\.{1,2}\/.*\.mjs$/ }, ({ path: file, resolveDir }) => ({
      path: pathToFileURL(path.resolve(resolveDir, file)).href,
      external: true,
    }));
  },
};

/** Bundles a program, given by its path in the project, and returns the path of the result. */
async function bundleProgram(source) {
  installDependencies();
  const esbuild = await import('esbuild');
  const outfile = path.join(root, 'out', source.replace(/\.ts$/, '.mjs'));
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [path.join(root, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    plugins: [scriptsStay],
    sourcemap: true,
    logLevel: 'warning',
  });
  return outfile;
}

/** Runs a program of the project in TypeScript and returns its exit code. */
export async function runTypeScript(source, args = []) {
  const program = await bundleProgram(source);
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...args], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'close');
  return code ?? 1;
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const [source, ...args] = process.argv.slice(2);
    if (source === undefined) throw new ScriptError('usage: node scripts/run-typescript.mjs FILE.ts [arguments]');
    process.exitCode = await runTypeScript(path.relative(root, path.resolve(source)), args);
  });
}
