import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '../src/graph/export';
import type { Graph } from '../src/graph/ir';
import type { BacktraceGraph } from '../src/methods/backtrace/compile';
import { lowered } from './lowered';

/** The most memory that forward and backtrace may take, in that of the forward pass. */
const LIMIT = 4;

/** Prints the peak memory of a process that runs a language model forward, and of one that traces it back. */
export async function memoryOf(
  forward: Graph,
  { graph, seed }: BacktraceGraph,
  tokens: number,
  logits: number,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'prism-bench-'));
  const peak = (model: Graph, ...more: readonly string[]): number => {
    const file = join(folder, 'model.onnx');
    writeFileSync(file, exportModel(model));
    const args = ['scripts/run-typescript.mjs', 'bench/peak.ts', file, String(tokens), ...more];
    return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n').at(-1));
  };
  try {
    const alone = peak(await lowered(forward));
    const both = peak(await lowered(graph), seed, String(logits));
    console.log(
      `\npeak memory of a process, weights included: forward ${(alone / 1e6).toFixed(0)} MB, forward and backtrace ${(both / 1e6).toFixed(0)} MB: ${(both / alone).toFixed(2)} × (at most ${LIMIT})`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
