import { basename, resolve } from 'node:path';
import { build } from 'esbuild';

/** Bundles a program as the build does, so that a test can start it as a process. Resolves to its file. */
export async function bundleProgram(source: string): Promise<string> {
  // Inside the project, so that the packages that stay outside of the bundle are found.
  const outfile = resolve('out', 'programs', basename(source).replace(/\.ts$/, '.js'));
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
    external: ['onnxruntime-node', 'onnxruntime-common', 'sharp'],
  });
  return outfile;
}
