import { createSession, type Session } from '../src/engine/session';
import { exportModel } from '../src/graph/export';
import type { Graph } from '../src/graph/ir';
import type { NdArray } from '../src/graph/ndarray';

/** Something to time. */
export interface Contender {
  readonly label: string;
  readonly run: () => Promise<unknown>;
  /** The most that the ratio to the baseline may be, where the project promises one. */
  readonly bound?: number;
}

export interface Timing {
  readonly label: string;
  /** Median milliseconds by the clock. */
  readonly wall: number;
  /** Median milliseconds of all processors together: steadier than the clock when the machine is busy. */
  readonly cpu: number;
  /** Medians of the ratios to the baseline of the same round. */
  readonly wallRatio: number;
  readonly cpuRatio: number;
  readonly bound?: number;
}

const WARM_UP = 3;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function time(run: () => Promise<unknown>): Promise<{ wall: number; cpu: number }> {
  const before = process.cpuUsage();
  const start = performance.now();
  await run();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1000 };
}

/**
 * Times contenders in turns, round by round, so that what else the machine does meets all of them alike.
 *
 * @param contenders the first is the baseline of the ratios
 */
export async function compare(contenders: readonly Contender[], rounds: number): Promise<Timing[]> {
  const samples = contenders.map((): { wall: number; cpu: number }[] => []);
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [index, { run }] of contenders.entries()) {
      const sample = await time(run);
      if (round >= 0) samples[index].push(sample);
    }
  }
  const ratio = (index: number, kind: 'wall' | 'cpu'): number =>
    median(samples[index].map((sample, round) => sample[kind] / samples[0][round][kind]));
  return contenders.map(({ label, bound }, index) => ({
    label,
    wall: median(samples[index].map(({ wall }) => wall)),
    cpu: median(samples[index].map(({ cpu }) => cpu)),
    wallRatio: ratio(index, 'wall'),
    cpuRatio: ratio(index, 'cpu'),
    bound,
  }));
}

/** A session of a graph with the feeds of every run. */
export async function contender(
  label: string,
  graph: Graph,
  feeds: ReadonlyMap<string, NdArray>,
  bound?: number,
): Promise<Contender & { readonly session: Session }> {
  const session = await createSession(exportModel(graph), 'cpu');
  return { label, session, bound, run: () => session.run(feeds) };
}

/** The timings as lines of a table. */
export function table(timings: readonly Timing[]): string {
  const rows = timings.map(({ label, wall, cpu, wallRatio, cpuRatio, bound }) => [
    label,
    wall.toFixed(1),
    cpu.toFixed(1),
    wallRatio.toFixed(3),
    cpuRatio.toFixed(3),
    bound === undefined ? '' : `≤ ${bound}`,
  ]);
  const all = [['', 'ms', 'CPU ms', '× baseline', '× CPU', 'bound'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}
