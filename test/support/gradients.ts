import { type Graph, typeOf } from '../../src/graph/ir';
import { specialise } from '../../src/graph/specialise';
import { fromFloat32, toFloat32 } from '../../src/inputs/elements';
import type { NpyArray } from '../../src/inputs/npy';
import { type GradientGraph, gradientGraph } from '../../src/reverse/gradient';
import { lower, type Provider } from '../../src/reverse/lower';
import { type Case, type Expectation, relativeError } from './cases';
import { type NdArray, ndarray } from './evaluator/array';
import { Evaluator } from './evaluator/evaluator';
import { run, sessionOptions } from './run';

/** What a golden gradient needs beside the model. */
export interface Prepared {
  readonly graph: Graph;
  readonly gradient: GradientGraph;
  readonly feeds: Readonly<Record<string, NpyArray>>;
  readonly of: string;
}

/** The value whose elements are the score: as the case says, or its first output. */
function scoreValue(golden: Case, expectation: Expectation): string {
  const { score_value: value, output } = expectation.params;
  if (typeof value === 'string') return value;
  if (typeof output === 'string') return output;
  const forward = golden.expect.find(({ what }) => what === 'forward');
  if (!forward) throw new Error(`${golden.name} names no output`);
  return forward.of;
}

/** Which elements of the output make the score: an index, a class over a mask, or one class a batch item. */
function scoreWeights(golden: Case, { params, target }: Expectation, shape: readonly number[]): Float32Array {
  const weights = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  const at = (index: readonly number[]): number => index.reduce((flat, i, axis) => flat * shape[axis] + i, 0);
  const mask = golden.expect.find(({ what }) => what === 'score.mask');
  if (Array.isArray(params.index)) {
    weights[at(params.index)] = 1;
  } else if (mask) {
    const cells = mask.array().data as Float32Array;
    cells.forEach((value, cell) => {
      weights[(target as number) * cells.length + cell] = value;
    });
  } else {
    for (let item = 0; item < shape[0]; item++) {
      weights[at([item, Array.isArray(target) ? target[item] : target, ...shape.slice(2).map(() => 0)])] = 1;
    }
  }
  return weights;
}

/** The gradient graph of a golden expectation, as a model is explained: imported, specialised, differentiated. */
export async function prepare(golden: Case, expectation: Expectation): Promise<Prepared> {
  const inputs = golden.inputs();
  const shapes = new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  const graph = await specialise(golden.graph(), shapes);
  const output = scoreValue(golden, expectation);
  const gradient = gradientGraph(graph, { output, wrt: [expectation.of], seed: 'weights' });
  const type = typeOf(graph, output);
  if (!type) throw new Error(`${golden.name} has no value ${output}`);
  const shape = type.shape as number[];
  const dtype = type.dtype === 'float16' ? type.dtype : 'float32';
  const weights: NpyArray = { dtype, shape, data: fromFloat32(scoreWeights(golden, expectation, shape), dtype) };
  return { graph, gradient, feeds: { ...inputs, [gradient.seed]: weights }, of: expectation.of };
}

/** Relative L2 error of the gradient in onnxruntime, lowered for its CPU provider. */
export async function runtimeError({ gradient, feeds, of }: Prepared, expected: NpyArray): Promise<number> {
  const name = gradient.gradients.get(of) as string;
  const graph = lower(gradient.graph, 'cpu');
  // Higher levels of optimisation fail on 8-bit weights that the backward pass reads too.
  const quantised = graph.nodes.some(({ op }) => op === 'QuantizeLinear');
  const options = quantised ? { ...sessionOptions, graphOptimizationLevel: 'basic' as const } : sessionOptions;
  const result = await run(graph, feeds, [name], options);
  return relativeError(toFloat32(result[name].dtype, result[name].data), expected.data as Float32Array);
}

/** Elements of a feed in float64. */
export const toReference = ({ dtype, shape, data }: NpyArray): NdArray =>
  dtype === 'float16'
    ? ndarray(dtype, shape, Float64Array.from(toFloat32(dtype, data)))
    : ndarray(dtype, shape, Float64Array.from(data as ArrayLike<number | bigint>, Number));

/** Relative L2 error of the gradient in the float64 reference, lowered for a provider or as the rules made it. */
export function referenceError({ gradient, feeds, of }: Prepared, expected: NpyArray, provider?: Provider): number {
  const arrays = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toReference(feed)]));
  const graph = provider ? lower(gradient.graph, provider) : gradient.graph;
  const values = new Evaluator(graph).run(arrays);
  const result = values.get(gradient.gradients.get(of) as string) as NdArray;
  return relativeError(result.data, expected.data as Float32Array);
}
