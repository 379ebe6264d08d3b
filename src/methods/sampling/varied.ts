import { PrismError } from '../../graph/errors';
import { typeOf } from '../../graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../../graph/ndarray';
import { extract } from '../../graph/prune';
import { outputShape, seedOf } from '../gradient';
import type { Batched, Runtime, Subject } from '../method';

/** What a method varies: one input of a graph. */
export interface Varied {
  /** Its `input` is what is varied; where that is an inner value of the model, the graph begins at it. */
  readonly subject: Subject;
  /** Keeps what is compiled for this graph apart from what is compiled for the whole model. */
  readonly runtime: Runtime;
  /** The value as it is for the subject. */
  readonly x: FloatArray;
}

/** The elements of an input or an inner value for the subject's feeds. */
export async function elementsAt({ graph, feeds }: Subject, value: string, runtime: Runtime): Promise<NdArray> {
  const fed = feeds.get(value);
  if (fed) return fed;
  const program = await runtime.compile(`value/${value}`, () => extract(graph, [], [value]));
  return (await program.run(feeds)).get(value) as NdArray;
}

function scoped(runtime: Runtime, scope: string): Runtime {
  return {
    compile: (key, build) => runtime.compile(`${scope}/${key}`, build),
    memo: (key, make) => runtime.memo(`${scope}/${key}`, make),
    readArray: (path) => runtime.readArray(path),
    checkCancelled: () => runtime.checkCancelled(),
    progress: (fraction, partial) => runtime.progress(fraction, partial),
  };
}

/**
 * Makes the explained value one that can be varied. An inner value (`at`) is cut free: the graph then begins there, and
 * what does not pass it stays as the other inputs make it.
 *
 * @throws PrismError UNSUPPORTED_TYPE where the value does not hold float32 numbers
 */
export async function varied(subject: Subject, runtime: Runtime): Promise<Varied> {
  const { graph, feeds, score, at } = subject;
  const of = at ?? subject.input;
  const dtype = typeOf(graph, of)?.dtype;
  if (dtype !== 'float32') {
    throw new PrismError(
      'UNSUPPORTED_TYPE',
      `${of} is of type ${dtype}; this method varies values of type float32: name one, such as the embeddings of tokens, as what to explain`,
      { value: of },
    );
  }
  const x = (await elementsAt(subject, of, runtime)) as FloatArray;
  if (at === undefined || at === subject.input) return { subject, runtime, x };
  const key = `from/${at}/${score.output}`;
  const cut = runtime.memo(key, () => extract(graph, [at], [score.output]));
  const { at: _at, batched, range: _range, ...whole } = subject;
  const cutBatched = async (limit: number): Promise<Batched | undefined> => {
    const many = await batched?.(limit);
    return many && typeOf(many.graph, at) && { ...many, graph: extract(many.graph, [at], [score.output]) };
  };
  return {
    subject: { ...whole, graph: cut, feeds: new Map([...feeds, [at, x]]), input: at, batched: cutBatched },
    runtime: scoped(runtime, key),
    x,
  };
}

/** The feeds of a subject with other elements in what is varied. */
export const feedsWith = ({ feeds, input }: Subject, x: FloatArray, data: Float32Array): Map<string, NdArray> =>
  new Map([...feeds, [input, floatArray(data, x.shape)]]);

/** The score, and the output that it is of. */
export interface Evaluated {
  readonly score: number;
  readonly output: FloatArray;
}

/** Runs the model forward and takes the score. */
export async function evaluate(
  { graph, feeds, score }: Subject,
  runtime: Runtime,
  given: ReadonlyMap<string, NdArray> = feeds,
): Promise<Evaluated> {
  const program = await runtime.compile('forward', () => graph);
  const output = (await program.run(given, [score.output])).get(score.output) as FloatArray;
  const weights = seedOf(score, outputShape(graph, score.output)).data;
  return {
    score: weights.reduce((total, weight, i) => (weight === 0 ? total : total + weight * output.data[i]), 0),
    output,
  };
}
