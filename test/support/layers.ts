import { int, ints, float as real } from '../../src/graph/attributes';
import type { Graph, Node } from '../../src/graph/ir';
import { specialise } from '../../src/graph/specialise';
import { float32 } from '../../src/graph/tensor';
import type { NpyArray } from '../../src/inputs/npy';
import type { NdArray } from './evaluator/array';
import { Evaluator } from './evaluator/evaluator';
import { toReference } from './gradients';
import { graphOf, node, noise, value } from './graphs';

/** Linear layers of every kind, to be read off as matrices. */

export interface Matrix {
  /** W[j][i]: what input i adds to output j. */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

export interface Trial {
  readonly name: string;
  readonly input: readonly number[];
  readonly nodes: readonly Node[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

/** Layers from `x` to `z`. */
export const LAYERS: readonly Trial[] = [
  {
    name: 'Gemm with factors and a transposed weight',
    input: [1, 6],
    nodes: [node('Gemm', ['x', 'w', 'b'], ['z'], { transB: int(1), alpha: real(-0.5), beta: real(2) })],
    parameters: { w: [4, 6], b: [4] },
  },
  { name: 'Gemm without bias', input: [1, 6], nodes: [node('Gemm', ['x', 'w'], ['z'])], parameters: { w: [6, 4] } },
  {
    name: 'MatMul and the bias behind it',
    input: [1, 3, 5],
    nodes: [node('MatMul', ['x', 'w'], ['product']), node('Add', ['b', 'product'], ['z'])],
    parameters: { w: [5, 4], b: [4] },
  },
  {
    name: 'MatMul with the weight on the left',
    input: [1, 5, 2],
    nodes: [node('MatMul', ['w', 'x'], ['z'])],
    parameters: { w: [4, 5] },
  },
  {
    name: 'Conv with strides, padding and groups',
    input: [1, 4, 5, 5],
    nodes: [node('Conv', ['x', 'w', 'b'], ['z'], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]), group: int(2) })],
    parameters: { w: [6, 2, 3, 3], b: [6] },
  },
  {
    name: 'dilated Conv without bias',
    input: [1, 2, 6, 5],
    nodes: [node('Conv', ['x', 'w'], ['z'], { dilations: ints([2, 1]) })],
    parameters: { w: [3, 2, 2, 2] },
  },
  {
    name: 'Conv over one axis',
    input: [1, 2, 9],
    nodes: [node('Conv', ['x', 'w', 'b'], ['z'], { strides: ints([2]), pads: ints([1, 0]) })],
    parameters: { w: [3, 2, 3], b: [3] },
  },
  {
    name: 'ConvTranspose',
    input: [1, 3, 3, 3],
    nodes: [node('ConvTranspose', ['x', 'w', 'b'], ['z'], { strides: ints([2, 2]), pads: ints([1, 1, 0, 0]) })],
    parameters: { w: [3, 2, 3, 3], b: [2] },
  },
];

export const count = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/**
 * The layer as a graph, its input signed or the result of a rectifier, something behind it or not.
 *
 * @param weights made of their number and a seed
 */
export function graphWith(
  trial: Trial,
  rectified: boolean,
  behind: readonly Node[],
  output: string,
  weights: (size: number, seed: number) => Float32Array = noise,
): Promise<Graph> {
  const { input, nodes, parameters } = trial;
  const before = rectified ? node('Relu', ['image'], ['x']) : node('Identity', ['image'], ['x']);
  const graph = graphOf({
    inputs: [value('image', input)],
    outputs: [output],
    nodes: [before, ...nodes, ...behind],
    initializers: Object.fromEntries(
      Object.entries(parameters).map(([name, shape], i) => [name, float32(weights(count(shape), 7 + i), shape)]),
    ),
  });
  return specialise(graph, new Map([['image', input]]));
}

type Feeds = Readonly<Record<string, NpyArray>>;

export function valuesOf(graph: Graph, feeds: Feeds): (name: string) => number[] {
  const arrays = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toReference(feed)]));
  const values = new Evaluator(graph).run(arrays);
  return (name) => Array.from((values.get(name) as NdArray).data);
}

export const fed = (shape: readonly number[], data: Float32Array): NpyArray => ({ dtype: 'float32', shape, data });

/** W and b of a layer, by what it makes of unit vectors. */
export function matrixOf(graph: Graph, shape: readonly number[]): Matrix {
  const at = (place: number): number[] => {
    const image = Float32Array.from({ length: count(shape) }, (_, i) => Number(i === place));
    return valuesOf(graph, { image: fed(shape, image) })('z');
  };
  const bias = at(-1);
  const columns = Array.from({ length: count(shape) }, (_, i) => at(i).map((y, j) => y - bias[j]));
  // What does not reach an output is left with the rounding of its bias.
  const weights = bias.map((_, j) => columns.map((column) => (Math.abs(column[j]) < 1e-12 ? 0 : column[j])));
  return { weights, bias };
}
