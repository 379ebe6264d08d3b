import { createHash } from 'node:crypto';
import type { Graph } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { split } from '../graph/split';
import { byteLength } from '../graph/tensor';
import type { Program } from '../methods/method';
import type { Lru } from './lru';

/** The most that one trace may hold; a graph whose trace would be larger is run as a whole. */
const MAX_TRACE_BYTES = 320 * 2 ** 20;

/** What a trace made, to be read by any number of passes. */
export type Traced = ReadonlyMap<string, NdArray>;

export const tracedBytes = (traced: Traced): number =>
  [...traced.values()].reduce((sum, { data }) => sum + data.byteLength, 0);

/** A graph in two: what does not depend on the seeds, and what does. */
export interface Halves {
  readonly trace: Graph;
  readonly pass: Graph;
}

/** Cuts a graph by its seeds; undefined where what one half hands to the other is too much to keep. */
export function halvesOf(graph: Graph, seeds: readonly string[], maxBytes = MAX_TRACE_BYTES): Halves | undefined {
  const { trace, pass } = split(graph, seeds);
  let bytes = 0;
  for (const { dtype, shape } of trace.outputs) {
    if (!shape?.every((dim) => typeof dim === 'number')) return undefined;
    bytes += byteLength(dtype, shape as readonly number[]);
  }
  return bytes > maxBytes ? undefined : { trace, pass };
}

/** Names feeds by what they hold. */
function nameOfFeeds(feeds: ReadonlyMap<string, NdArray>, names: readonly string[]): string {
  const hash = createHash('sha1');
  for (const name of names) {
    const array = feeds.get(name);
    if (!array) continue;
    const { dtype, shape, data } = array;
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** A program in two halves: for another seed with the same feeds only the second one runs. */
export class SeededProgram implements Program {
  /** @param name names the program among all that keep their traces together */
  constructor(
    private readonly name: string,
    private readonly halves: Halves,
    private readonly trace: Program,
    private readonly pass: Program,
    private readonly kept: Lru<Traced>,
  ) {}

  get graph(): Graph {
    return this.pass.graph;
  }

  async run(feeds: ReadonlyMap<string, NdArray>, outputs?: readonly string[]): Promise<Map<string, NdArray>> {
    const fixed = this.halves.trace.inputs.map(({ name }) => name);
    const key = `${this.name}|${nameOfFeeds(feeds, fixed)}`;
    let traced = this.kept.get(key);
    if (!traced) {
      traced = await this.trace.run(feeds);
      this.kept.set(key, traced);
    }
    const results = await this.pass.run(new Map([...feeds, ...traced]));
    const wanted = outputs ?? [...traced.keys(), ...results.keys()];
    const all = new Map([...traced, ...results]);
    return new Map(wanted.flatMap((name) => (all.has(name) ? [[name, all.get(name) as NdArray] as const] : [])));
  }
}
