import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeOptions } from '../../src/engine/options';
import type { FloatArray } from '../../src/graph/ndarray';
import { readNpy } from '../../src/inputs/npy';
import { methodById } from '../../src/methods/index';
import type { OptionValue, Runtime, Subject } from '../../src/methods/method';
import { distance, norm, spearman } from '../../src/metrics/statistics';
import type { Peers } from './environment';
import type { Pair } from './pairs';

/** How two maps agree. */
export interface Agreement {
  /** ‖ours − theirs‖ / ‖theirs‖ and the largest difference by the largest value; absent where both draw at random. */
  readonly relative?: number;
  readonly largest?: number;
  /** Spearman's correlation. */
  readonly ranks: number;
}

export interface Result {
  readonly pair: Pair;
  /** Milliseconds of the fastest round: what else the machine does only adds to them. */
  readonly ours: number;
  readonly theirs: number;
  /** How many times as fast ours is. */
  readonly ratio: number;
  readonly agreement: Agreement;
}

/** Milliseconds that the rounds of one pair may take together. */
const BUDGET = 4000;
const MOST = 25;
/** What takes a package longer than this is not run once more just to be warm. */
const WARM_UP = 2000;

/** Explains by a method of the project. */
export interface Ours {
  readonly subject: Subject;
  readonly runtime: Runtime;
}

async function explain(
  { subject, runtime }: Ours,
  { method: id, options }: Pick<Pair, 'method' | 'options'>,
  more: Readonly<Record<string, OptionValue>> = {},
): Promise<FloatArray> {
  const method = methodById(id);
  const { map } = await method.explain(subject, completeOptions(method.info, { ...options, ...more }), runtime);
  return map;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Times a pair in turns and compares its maps. */
export async function measure(pair: Pair, ours: Ours, peers: Peers, folder: string): Promise<Result> {
  const out = join(folder, 'theirs.npy');
  const own = () => timed(() => explain(ours, pair));
  const others = async (more: object) => (await peers.ask<{ ms: number }>({ method: pair.peer, ...more })).ms;
  // The first run compiles here, and there makes what the packages keep.
  await own();
  const first = await others({ out });
  const rounds: [number, number][] = [[await own(), first < WARM_UP ? await others({}) : first]];
  const count = Math.min(MOST, Math.floor(BUDGET / (rounds[0][0] + rounds[0][1])));
  while (rounds.length < count) rounds.push([await own(), await others({})]);
  const map = await explain(ours, pair, pair.raw);
  const theirs = readNpy(readFileSync(out)).data as Float32Array;
  const [fastest, theirFastest] = [0, 1].map((side) => Math.min(...rounds.map((round) => round[side])));
  return {
    pair,
    ours: fastest,
    theirs: theirFastest,
    ratio: theirFastest / fastest,
    agreement: agreementOf(map.data, theirs, pair.agreement ?? 'values'),
  };
}

/**
 * @param ours may repeat a map of locations for every channel
 * @param how see {@link Pair.agreement}
 */
function agreementOf(ours: ArrayLike<number>, theirs: Float32Array, how: NonNullable<Pair['agreement']>): Agreement {
  if (ours.length % theirs.length !== 0) throw new Error(`maps of ${ours.length} and ${theirs.length} elements`);
  const mine = Float64Array.from(theirs, (_, i) => ours[i]);
  const product = mine.reduce((sum, value, i) => sum + value * theirs[i], 0);
  if (how === 'sign' && product < 0) for (const i of mine.keys()) mine[i] *= -1;
  const ranks = spearman(mine, theirs) ?? Number.NaN;
  if (how === 'ranks') return { ranks };
  const highest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = mine.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0);
  return { relative: distance(mine, theirs) / norm(theirs), largest: worst / highest, ranks };
}
