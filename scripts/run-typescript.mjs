// Bundles one TypeScript program into out/ and runs it by this Node.
//   node scripts/run-typescript.mjs bench/main.ts [arguments of the program]
import path from 'node:path';
import { installDependencies, isMain, root, runCollecting, runMain, ScriptError } from './tools.mjs';

/** Bundles a program that may import every package of the project and returns the path of the result. */
export async function bundleProgram(source) {
  installDependencies();
  const esbuild = await import('esbuild');
  const outfile = path.join(root, 'out', source.replace(/\.ts$/, '.js'));
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [path.join(root, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  });
  return outfile;
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const [source, ...args] = process.argv.slice(2);
    if (source === undefined) throw new ScriptError('usage: node scripts/run-typescript.mjs FILE.ts [arguments]');
    const program = await bundleProgram(path.relative(root, path.resolve(source)));
    const { code } = await runCollecting(process.execPath, ['--enable-source-maps', program, ...args]);
    process.exitCode = code;
  });
}
