import { PrismError } from '../../graph/errors';
import type { Graph } from '../../graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../../graph/ndarray';
import { split } from '../../graph/split';
import { elementCount } from '../../graph/tensor';
import { seedOf } from '../gradient';
import type {
  Options,
  PfvExplanation,
  PfvLayer,
  PfvRelevance,
  PfvSources,
  Program,
  Runtime,
  Score,
  Subject,
} from '../method';
import { compileSharing, type SharingGraph, type SharingLayer, type SharingOptions } from './compile';
import { haltedAt } from './halts';
import { channelAxisList } from './locations';

/** The graphs of an explanation: one trace, and small passes that read it. */
interface Programs {
  readonly sharing: SharingGraph;
  readonly trace: Graph;
  readonly head: Graph;
  readonly pass: Graph;
  /** As the pass, but relevance that comes to a layer goes no further. */
  readonly halted: Graph;
  readonly readers: Graph;
}

function divide(sharing: SharingGraph): Programs {
  const { graph, injections, relevance, lost } = sharing;
  const head = split(graph, [sharing.scoreSeed], [...new Set(sharing.head.values())]);
  const pass = split(graph, [...injections.values()], [...new Set([...relevance.values(), lost])]);
  const halted = split(
    haltedAt(graph, sharing.halts),
    [...injections.values()],
    [...new Set([...relevance.values(), lost])],
  );
  const readers = split(graph, [sharing.readerSeed], [...new Set(sharing.readers.values())]);
  const fixed = [...head.trace.outputs, ...pass.trace.outputs, ...readers.trace.outputs].map(({ name }) => name);
  const outputs = [...new Set([sharing.output, ...fixed])];
  const seeds = [sharing.scoreSeed, ...injections.values(), sharing.readerSeed];
  return {
    sharing,
    trace: split(graph, seeds, outputs).trace,
    head: head.pass,
    pass: pass.pass,
    halted: halted.pass,
    readers: readers.pass,
  };
}

const zeros = (shape: readonly number[]): FloatArray => floatArray(new Float32Array(elementCount(shape)), shape);

function oneHot(shape: readonly number[], locations: readonly number[], position: readonly number[]): FloatArray {
  const inside = position.length === locations.length && position.every((at, axis) => at >= 0 && at < locations[axis]);
  if (!inside) {
    throw new PrismError(
      'PFV_OUT_OF_RANGE',
      `there is no PFV at [${position}]; the value has ${locations.join(' × ')} locations, counted from 0`,
    );
  }
  const hot = zeros(shape);
  hot.data[position.reduce((flat, at, axis) => flat * locations[axis] + at, 0)] = 1;
  return hot;
}

/** Sizes of the location axes: those of the relevance map without the batch and the channel axes. */
const locationsOf = ({ shape, channels }: SharingLayer): number[] =>
  shape.filter((_, axis) => axis > 0 && !channels[axis]);

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

/** Names what the relevance of the last layer adds up to. */
function startedFrom(expected: number, score: number, options: Options): string {
  if (options.contrastive) return 'the contrast at the last layer';
  return Math.abs(expected - score) <= 1e-4 * Math.abs(score) ? 'the score' : 'the relevance of the last layer';
}

/** What tokens outside the image kept goes to the image's locations in proportion to what they have. */
function spreadOut({ data, shape }: FloatArray, total: number): FloatArray {
  const here = sum(data);
  const factor = here === 0 ? 1 : total / here;
  return floatArray(
    data.map((relevance) => relevance * factor),
    shape,
  );
}

/** Sharing ratios of one image, computed; answers questions about classes, layers and single PFVs. */
class SharingExplanation implements PfvExplanation {
  readonly layers: readonly PfvLayer[];

  constructor(
    private readonly programs: Programs,
    private readonly runtime: Runtime,
    private readonly key: string,
    private readonly traced: ReadonlyMap<string, NdArray>,
    readonly output: FloatArray,
  ) {
    this.layers = programs.sharing.layers.map((layer) => ({
      value: layer.value,
      op: layer.op,
      shape: layer.shape,
      locations: locationsOf(layer),
      channels: channelAxisList(layer.channels),
    }));
  }

  async relevance(score: Score, options: Options): Promise<PfvRelevance> {
    const { sharing } = this.programs;
    const weights = seedOf(score, this.output.shape);
    const head = await this.run('head', this.programs.head, new Map([[sharing.scoreSeed, weights]]));
    const seeds = new Map<string, FloatArray>();
    for (const [value, map] of sharing.head) {
      const start = head.get(map) as FloatArray;
      const shift = options.contrastive ? sum(start.data) / start.data.length : 0;
      seeds.set(
        value,
        floatArray(
          start.data.map((relevance) => relevance - shift),
          start.shape,
        ),
      );
    }
    const { maps, lost } = await this.flow(seeds);
    const expected = [...seeds.values()].reduce((total, { data }) => total + sum(data), 0);
    const input = this.layers[0].value;
    const redistribute = options['class-token'] === 'redistribute';
    if (redistribute) maps.set(input, spreadOut(maps.get(input) as FloatArray, expected));
    const kept = redistribute ? 0 : lost;
    const actual = sum((maps.get(input) as FloatArray).data);
    const of = weights.data.reduce((total, weight, index) => total + weight * this.output.data[index], 0);
    return {
      maps,
      score: of,
      conservation: {
        what: `sum of relevance against ${startedFrom(expected, of, options)}`,
        expected,
        actual,
        residual: actual + kept - expected,
        lost: kept,
      },
    };
  }

  async receptiveField(value: string, position: readonly number[]): Promise<FloatArray> {
    const input = this.programs.sharing.layers[0];
    const layer = this.layerOf(value);
    const seed = oneHot(layer.relevanceShape, locationsOf(layer), position);
    if (layer === input) return floatArray(seed.data, locationsOf(input));
    const { maps } = await this.flow(new Map([[layer.value, seed]]), [input.value]);
    return maps.get(input.value) as FloatArray;
  }

  async sources(value: string, position: readonly number[]): Promise<PfvSources> {
    const { sharing } = this.programs;
    const layer = this.layerOf(value);
    const seed = oneHot(layer.relevanceShape, locationsOf(layer), position);
    const shares = new Map<string, FloatArray>();
    if (layer === sharing.layers[0]) return { shares, kept: 1 };
    const halts = new Set(sharing.halts.keys());
    const before = sharing.layers.filter(
      ({ value }, index) => value !== layer.value && (index === 0 || halts.has(sharing.relevance.get(value) as string)),
    );
    const wanted = before.map(({ value }) => value);
    const { maps, lost } = await this.flow(new Map([[layer.value, seed]]), wanted, 'halted');
    for (const [from, map] of maps) if (map.data.some((share) => share !== 0)) shares.set(from, map);
    return { shares, kept: lost };
  }

  async readers(position: readonly number[]): Promise<ReadonlyMap<string, FloatArray>> {
    const { sharing } = this.programs;
    const input = sharing.layers[0];
    const seed = oneHot(input.relevanceShape, locationsOf(input), position);
    const read = await this.run('readers', this.programs.readers, new Map([[sharing.readerSeed, seed]]));
    const maps = new Map<string, FloatArray>();
    for (const layer of sharing.layers) {
      const name = sharing.readers.get(layer.value);
      const map = name === undefined ? undefined : (read.get(name) as FloatArray | undefined);
      if (map) maps.set(layer.value, floatArray(map.data, locationsOf(layer)));
    }
    maps.set(input.value, floatArray(seed.data, locationsOf(input)));
    return maps;
  }

  /** The layer whose PFVs a value's are: its own, or the one that its relevance passes through unchanged. */
  private layerOf(value: string): SharingLayer {
    const { layers, relevance } = this.programs.sharing;
    const same = relevance.get(value);
    const layer =
      layers.find((candidate) => candidate.value === value) ??
      (same && layers.find((candidate) => relevance.get(candidate.value) === same));
    if (layer) return layer;
    throw new PrismError(
      'PFV_UNKNOWN_LAYER',
      `${value} carries no PFVs that sharing ratios reach; \`layers\` lists those that do`,
      { value },
    );
  }

  /** Puts relevance into layers and lets it flow down. Maps come in the shape of the locations. */
  private async flow(
    seeds: ReadonlyMap<string, FloatArray>,
    wanted?: readonly string[],
    way: 'pass' | 'halted' = 'pass',
  ): Promise<{ readonly maps: Map<string, FloatArray>; readonly lost: number }> {
    const { sharing } = this.programs;
    const feeds = new Map<string, NdArray>();
    for (const layer of sharing.layers) {
      const injection = sharing.injections.get(layer.value);
      if (injection) feeds.set(injection, seeds.get(layer.value) ?? zeros(layer.relevanceShape));
    }
    const values = wanted ?? [...sharing.relevance.keys()];
    const names = values.map((value) => sharing.relevance.get(value) as string);
    const results = await this.run(way, this.programs[way], feeds, [...new Set([...names, sharing.lost])]);
    const maps = new Map<string, FloatArray>();
    for (const [index, value] of values.entries()) {
      const map = results.get(names[index]);
      if (map) maps.set(value, floatArray(map.data as Float32Array, sharing.locations(value)));
    }
    const lost = results.get(sharing.lost);
    return { maps, lost: lost ? Number(lost.data[0]) : 0 };
  }

  private async run(
    name: string,
    graph: Graph,
    seeds: ReadonlyMap<string, NdArray>,
    outputs?: readonly string[],
  ): Promise<Map<string, NdArray>> {
    const program: Program = await this.runtime.compile(`${this.key}/${name}`, () => graph);
    const feeds = new Map<string, NdArray>();
    for (const { name: input } of graph.inputs) {
      const feed = seeds.get(input) ?? this.traced.get(input);
      if (feed) feeds.set(input, feed);
    }
    const there = new Set(graph.outputs.map((output) => output.name));
    const asked = outputs?.filter((output) => there.has(output));
    const results = await program.run(feeds, asked);
    // What no seed reaches is fixed and already known.
    for (const output of outputs ?? []) {
      const known = this.traced.get(output);
      if (known && !results.has(output)) results.set(output, known);
    }
    return results;
  }
}

/**
 * Computes the sharing ratios of one image.
 *
 * @throws PrismError what {@link compileSharing} throws
 */
export async function openSharing(
  subject: Pick<Subject, 'graph' | 'feeds' | 'input'>,
  output: string,
  options: SharingOptions,
  runtime: Runtime,
): Promise<PfvExplanation> {
  const key = `srd/${subject.input}/${output}/${options.head}/${options.classToken}${options.official ? '/official' : ''}`;
  const programs = runtime.memo(key, () => divide(compileSharing(subject.graph, subject.input, output, options)));
  const trace = await runtime.compile(`${key}/trace`, () => programs.trace);
  runtime.checkCancelled();
  const traced = await trace.run(subject.feeds);
  return new SharingExplanation(programs, runtime, key, traced, traced.get(output) as FloatArray);
}
