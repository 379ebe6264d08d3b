import { PrismError } from '../../graph/errors';
import { type FloatArray, floatArray } from '../../graph/ndarray';
import { follows, isSame, repeated } from '../batching';
import { differentiate, type GradientResult, outputShape } from '../gradient';
import type { Runtime, Subject } from '../method';
import { feedsWith, type Varied } from './varied';

/** An item that was asked about, with the gradient of the score at its point. */
export interface Sloped<T> {
  readonly item: T;
  readonly gradient: Float32Array;
}

/** Gradients of several points at once; undefined once the points of a batch are found to depend on each other. */
interface Batch {
  readonly size: number;
  run(points: readonly Float32Array[]): Promise<readonly Float32Array[] | undefined>;
}

/** Whether the rows of a batch are what single points give, tried on the first batch. */
interface Trust {
  deserved?: boolean;
}

/**
 * The gradient of the score at the point of each item, in order, in as many pieces as the model takes at once. Stops
 * between them when the person gave up.
 *
 * @param count how many items there are
 */
export async function* gradientsAt<T>(
  { subject, runtime, x }: Varied,
  items: Iterable<T>,
  count: number,
  pointOf: (item: T) => Float32Array,
): AsyncGenerator<readonly Sloped<T>[]> {
  const differentiated = await differentiate(subject, [subject.input], runtime);
  const single = (point: Float32Array): Promise<GradientResult> => differentiated(feedsWith(subject, x, point));
  let batch = count > 1 ? await openBatch(subject, x, runtime, single, count) : undefined;
  let waiting: T[] = [];
  const answer = async (chunk: readonly T[]): Promise<readonly Sloped<T>[]> => {
    const points = chunk.map(pointOf);
    let gradients = await batch?.run(points);
    if (!gradients) {
      batch = undefined;
      const alone: Float32Array[] = [];
      for (const point of points) alone.push(gradientOf(await single(point), subject));
      gradients = alone;
    }
    return chunk.map((item, index) => ({ item, gradient: (gradients as readonly Float32Array[])[index] }));
  };
  for (const item of items) {
    waiting.push(item);
    if (waiting.length < (batch?.size ?? 1)) continue;
    yield await answer(waiting);
    waiting = [];
  }
  if (waiting.length > 0) yield await answer(waiting);
}

const gradientOf = ({ gradients }: GradientResult, { input }: Subject): Float32Array =>
  (gradients.get(input) as FloatArray).data;

async function openBatch(
  subject: Subject,
  x: FloatArray,
  runtime: Runtime,
  single: (point: Float32Array) => Promise<GradientResult>,
  limit: number,
): Promise<Batch | undefined> {
  const { graph, input, score, feeds } = subject;
  const batched = await subject.batched?.(limit);
  if (!batched || batched.size === 1) return undefined;
  if (!follows(graph, batched, input) || !follows(graph, batched, score.output)) return undefined;
  const { size } = batched;
  const trust = runtime.memo<Trust>(`gradients of ${size}/${input}/${score.output}`, () => ({}));
  const given = new Map([...feeds].map(([name, array]) => [name, name === input ? array : repeated(array, size)]));
  const length = x.data.length;
  const outputs = outputShape(graph, score.output).reduce((product, dim) => product * dim, 1);
  return {
    size,
    async run(points) {
      if (trust.deserved === false) return undefined;
      const joined = new Float32Array(size * length);
      for (let i = 0; i < size; i++) joined.set(points[Math.min(i, points.length - 1)], i * length);
      try {
        const many = await differentiate({ ...subject, graph: batched.graph }, [input], runtime, { copies: size });
        const result = await many(new Map([...given, [input, floatArray(joined, [size, ...x.shape.slice(1)])]]));
        const gradient = gradientOf(result, subject);
        if (trust.deserved === undefined) {
          const last = points.length - 1;
          const isRow = async (row: number): Promise<boolean> => {
            const alone = await single(points[row]);
            const output = result.output.data.slice(row * outputs, (row + 1) * outputs);
            return isSame(output, alone.output.data);
          };
          trust.deserved = (await isRow(0)) && (await isRow(last));
        }
        return trust.deserved ? points.map((_, i) => gradient.slice(i * length, (i + 1) * length)) : undefined;
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
