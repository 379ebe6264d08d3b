import { readFileSync } from 'node:fs';
import { createSession } from '../src/engine/session';
import type { NdArray } from '../src/graph/ndarray';
import { words } from './transformers';

/**
 * Runs a model once in this process and prints the most memory that the process ever held, in bytes:
 * `node scripts/run-typescript.mjs bench/peak.ts MODEL.onnx TOKENS [SEED LENGTH]`. A process of its own for each
 * model: what another one once held would count as well.
 */
async function main(): Promise<void> {
  const [model, tokens, seed, length] = process.argv.slice(2);
  if (model === undefined || tokens === undefined) throw new Error('usage: peak.ts MODEL.onnx TOKENS [SEED LENGTH]');
  const session = await createSession(readFileSync(model), 'cpu');
  const feeds = new Map<string, NdArray>([['ids', words(Number(tokens))]]);
  if (seed !== undefined) {
    const data = new Float32Array(Number(length));
    data[0] = 1;
    feeds.set(seed, { dtype: 'float32', shape: [1, data.length], data });
  }
  await session.run(feeds);
  console.log(process.resourceUsage().maxRSS * 1024);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
