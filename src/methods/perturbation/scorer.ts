import { PrismError } from '../../graph/errors';
import type { Graph } from '../../graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../../graph/ndarray';
import { elementCount } from '../../graph/tensor';
import { follows, isSame, repeated } from '../batching';
import { outputShape, seedOf } from '../gradient';
import type { Runtime, Score, Subject } from '../method';
import type { Locations } from './locations';
import { type MaskedGraph, maskedGraph } from './maskedGraph';

/** An item that was asked about, with the score when only what its mask shows was there. */
export interface Scored<T> {
  readonly item: T;
  readonly score: number;
}

/** A model's score as a function of what of a value is shown. */
export interface Scorer {
  /** With everything shown. */
  readonly score: number;
  readonly output: FloatArray;
  /**
   * The score for each item, in order, in as many pieces as the model takes at once. Stops between them when the person
   * gave up.
   *
   * @param count how many items there are
   * @param maskOf one number a location: 1 shows it, 0 hides it
   * @throws PrismError OUTPUT_NAN where a score is no number
   */
  scores<T>(items: Iterable<T>, count: number, maskOf: (item: T) => Float32Array): AsyncGenerator<readonly Scored<T>[]>;
}

/** What is masked, and what stands in the place of what is hidden. */
export interface Masking {
  /** The value's name: an input, or an inner value. */
  readonly of: string;
  /** As the model has it. */
  readonly value: NdArray;
  readonly locations: Locations;
  /** In the shape of the value. */
  readonly hidden: Float32Array;
}

/** The model's outputs for masks, one behind the other. */
type Run = (masks: Float32Array) => Promise<Float32Array>;

/** Makes a model ready to be asked many times. */
export async function openScorer(subject: Subject, masking: Masking, runtime: Runtime): Promise<Scorer> {
  const { graph, score } = subject;
  const shape = outputShape(graph, score.output);
  const read = functionalOf(score, shape);
  const single = await openRun(graph, 1, subject, masking, runtime);
  const output = await single(new Float32Array(masking.locations.count).fill(1));
  const whole = read(output, () => 'for this input; check that it is preprocessed as in training');
  const hidden = () => `where parts of ${masking.of} are hidden; choose another baseline`;

  async function* scores<T>(
    items: Iterable<T>,
    count: number,
    maskOf: (item: T) => Float32Array,
  ): AsyncGenerator<readonly Scored<T>[]> {
    let batch = await openBatch(subject, masking, runtime, single, count);
    for (const chunk of chunks(items, () => batch?.size ?? 1)) {
      runtime.checkCancelled();
      const masks = chunk.map(maskOf);
      let outputs = await batch?.run(masks);
      if (!outputs) {
        batch = undefined;
        outputs = [];
        for (const mask of masks) outputs.push(await single(mask));
      }
      yield outputs.map((values, index) => ({ item: chunk[index], score: read(values, hidden) }));
    }
  }
  return { score: whole, output: floatArray(output, shape), scores };
}

/** Items in pieces of a size that may change. */
function* chunks<T>(items: Iterable<T>, size: () => number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size()) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Reads a score off an output. */
function functionalOf(score: Score, shape: readonly number[]): (output: Float32Array, where: () => string) => number {
  const weights = seedOf(score, shape).data;
  // What does not count may be infinite, as the logarithms of probabilities can be.
  const counting = Array.from(weights.keys()).filter((index) => weights[index] !== 0);
  return (output, where) => {
    const sum = counting.reduce((total, index) => total + weights[index] * output[index], 0);
    if (Number.isFinite(sum)) return sum;
    const what = Number.isNaN(sum) ? 'NaN' : 'an infinite value';
    throw new PrismError('OUTPUT_NAN', `the model's output ${score.output} holds ${what} ${where()}`, {
      output: score.output,
    });
  };
}

/** The model on masks for `size` inputs at once. */
async function openRun(
  graph: Graph,
  size: number,
  { feeds, score }: Subject,
  { of, value, locations, hidden }: Masking,
  runtime: Runtime,
): Promise<Run> {
  const { grid } = locations;
  const key = `masked/${of}[${grid}]/${score.output}/${size}`;
  const masked: MaskedGraph = runtime.memo(key, () => maskedGraph(graph, of, score.output, value.shape, grid));
  const program = await runtime.compile(key, () => masked.graph);
  const given = new Map<string, NdArray>([
    [masked.shown, value],
    [masked.hidden, floatArray(hidden, value.shape)],
  ]);
  const shape = [size * grid[0], ...grid.slice(1)];
  for (const { name } of masked.graph.inputs) {
    const fed = feeds.get(name);
    if (fed && !given.has(name)) given.set(name, repeated(fed, size));
  }
  return async (masks) => {
    const results = await program.run(new Map([...given, [masked.mask, floatArray(masks, shape)]]));
    return results.get(masked.output)?.data as Float32Array;
  };
}

/** Several inputs at once, as long as that gives what single ones do. */
interface Batch {
  readonly size: number;
  /** The outputs for up to `size` masks; undefined once they are found to depend on each other. */
  run(masks: readonly Float32Array[]): Promise<Float32Array[] | undefined>;
}

/**
 * Whether the rows of a model's batches are what single inputs give, tried on the first batch: quantisation by the range
 * of all inputs, for one, mixes what stands in a batch.
 */
interface Trust {
  deserved?: boolean;
}

async function openBatch(
  subject: Subject,
  masking: Masking,
  runtime: Runtime,
  single: Run,
  limit: number,
): Promise<Batch | undefined> {
  const { graph, score } = subject;
  const batched = await subject.batched?.(limit);
  if (!batched || !follows(graph, batched, masking.of) || !follows(graph, batched, score.output)) return undefined;
  const { size } = batched;
  const trust = runtime.memo<Trust>(`batch of ${size}/${masking.of}/${score.output}`, () => ({}));
  const { count } = masking.locations;
  const length = elementCount(outputShape(graph, score.output));
  let all: Run | undefined;
  return {
    size,
    async run(masks) {
      if (trust.deserved === false) return undefined;
      const joined = new Float32Array(size * count);
      masks.forEach((mask, index) => {
        joined.set(mask, index * count);
      });
      try {
        all ??= await openRun(batched.graph, size, subject, masking, runtime);
        const outputs = await all(joined);
        const rows = masks.map((_, index) => outputs.slice(index * length, (index + 1) * length));
        trust.deserved ??=
          isSame(rows[0], await single(masks[0])) &&
          isSame(rows[rows.length - 1], await single(masks[rows.length - 1]));
        return trust.deserved ? rows : undefined;
      } catch (error) {
        runtime.checkCancelled();
        // There may be too little memory for a batch, or a shape that is fixed inside of the model.
        if (!(error instanceof PrismError)) throw error;
        trust.deserved = false;
        return undefined;
      }
    },
  };
}
