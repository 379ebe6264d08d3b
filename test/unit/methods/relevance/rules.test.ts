import { describe, expect, it } from 'vitest';
import { int, ints, float as real } from '../../../../src/graph/attributes';
import type { Graph, Node } from '../../../../src/graph/ir';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import type { NpyArray } from '../../../../src/inputs/npy';
import { relevanceGraph } from '../../../../src/methods/relevance/compile';
import {
  alphaBetaRule,
  boxRule,
  epsilonRule,
  flatRule,
  gammaRule,
  type LinearRule,
  STABILISER,
  zeroRule,
  zPlusRule,
} from '../../../../src/methods/relevance/rules';
import { relativeError } from '../../../support/cases';
import type { NdArray } from '../../../support/evaluator/array';
import { Evaluator } from '../../../support/evaluator/evaluator';
import { toReference } from '../../../support/gradients';
import { graphOf, node, noise, value } from '../../../support/graphs';

/**
 * Every rule against its formula in matrix form: R_i = Σ_j R_j · (share of x_i in y_j), written out for each rule with
 * loops over a matrix W, b that is read off the layer by unit vectors; all in float64.
 */

const BOX = { low: -1.25, high: 1.75 };

interface Matrix {
  /** W[j][i]: what input i adds to output j. */
  readonly weights: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

const positive = (x: number): number => Math.max(x, 0);
const negative = (x: number): number => Math.min(x, 0);
const away = (x: number, epsilon: number): number => (x < 0 ? x - epsilon : x + epsilon);
const total = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);

/** One output, and the input of the layer. */
interface Neuron {
  readonly w: readonly number[];
  readonly b: number;
  readonly x: readonly number[];
  readonly z: number;
  readonly relevance: number;
  /** The lowest value that the input can have. */
  readonly low: number;
}

/** What a rule gives to every input of one output. */
type Naive = (neuron: Neuron) => number[];

/** R · part_i / (Σ parts + bias ± ε). */
function shared(parts: readonly number[], bias: number, relevance: number, epsilon: number): number[] {
  const sum = total(parts) + bias;
  if (sum === 0 && epsilon === 0) return parts.map(() => 0);
  return parts.map((part) => (part * relevance) / away(sum, epsilon));
}

const contributions = ({ w, x }: Neuron): number[] => w.map((weight, i) => weight * x[i]);

const naiveEpsilon =
  (epsilon: number): Naive =>
  (neuron) =>
    shared(contributions(neuron), neuron.b, neuron.relevance, epsilon);

const naiveAlphaBeta =
  (alpha: number, beta: number): Naive =>
  (neuron) => {
    const { b, relevance } = neuron;
    const parts = contributions(neuron);
    const raising = shared(parts.map(positive), positive(b), relevance, STABILISER);
    const sum = total(parts.map(negative)) + negative(b) - STABILISER;
    return parts.map((part, i) => alpha * raising[i] - (beta * negative(part) * relevance) / sum);
  };

const naiveGamma =
  (gamma: number): Naive =>
  (neuron) => {
    const { b, relevance, z } = neuron;
    const part = z > 0 ? positive : negative;
    const raised = (x: number): number => x + gamma * part(x);
    return shared(contributions(neuron).map(raised), raised(b), z === 0 ? 0 : relevance, STABILISER);
  };

const naiveBox: Naive = ({ w, x, relevance, low }) =>
  shared(
    w.map((weight, i) => x[i] * weight - low * positive(weight) - BOX.high * negative(weight)),
    0,
    relevance,
    STABILISER,
  );

const naiveFlat: Naive = ({ w, relevance }) =>
  shared(
    w.map((weight) => (weight === 0 ? 0 : 1)),
    0,
    relevance,
    STABILISER,
  );

const RULES: readonly (readonly [string, LinearRule, Naive])[] = [
  ['0', zeroRule, naiveEpsilon(0)],
  ['ε', epsilonRule(1e-6), naiveEpsilon(1e-6)],
  ['large ε', epsilonRule(0.3), naiveEpsilon(0.3)],
  ['z⁺', zPlusRule, naiveAlphaBeta(1, 0)],
  ['α2β1', alphaBetaRule(2, 1), naiveAlphaBeta(2, 1)],
  ['γ', gammaRule(0.25), naiveGamma(0.25)],
  ['large γ', gammaRule(3), naiveGamma(3)],
  ['zᴮ', boxRule, naiveBox],
  ['flat', flatRule, naiveFlat],
];

interface Trial {
  readonly name: string;
  readonly input: readonly number[];
  readonly nodes: readonly Node[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

/** Layers from `x` to `z`. */
const LAYERS: readonly Trial[] = [
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

const count = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** The layer as a graph, its input signed or the result of a rectifier, something behind it or not. */
function graphWith(trial: Trial, rectified: boolean, behind: readonly Node[], output: string): Promise<Graph> {
  const { input, nodes, parameters } = trial;
  const before = rectified ? node('Relu', ['image'], ['x']) : node('Identity', ['image'], ['x']);
  const graph = graphOf({
    inputs: [value('image', input)],
    outputs: [output],
    nodes: [before, ...nodes, ...behind],
    initializers: Object.fromEntries(
      Object.entries(parameters).map(([name, shape], i) => [name, float32(noise(count(shape), 7 + i), shape)]),
    ),
  });
  return specialise(graph, new Map([['image', input]]));
}

type Feeds = Readonly<Record<string, NpyArray>>;

function valuesOf(graph: Graph, feeds: Feeds): (name: string) => number[] {
  const arrays = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toReference(feed)]));
  const values = new Evaluator(graph).run(arrays);
  return (name) => Array.from((values.get(name) as NdArray).data);
}

const fed = (shape: readonly number[], data: Float32Array): NpyArray => ({ dtype: 'float32', shape, data });

/** W and b of a layer, by what it makes of unit vectors. */
function matrixOf(graph: Graph, shape: readonly number[]): Matrix {
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

/** What stands behind the layer, and the value of it that relevance starts from. */
const BEHIND: readonly (readonly [string, readonly Node[], string, (z: number) => number])[] = [
  ['nothing', [], 'z', (z) => z],
  ['a rectifier', [node('Relu', ['z'], ['y'])], 'y', positive],
  ['a sigmoid', [node('Sigmoid', ['z'], ['y'])], 'y', (z) => 1 / (1 + Math.exp(-z))],
];

describe.each(LAYERS)('$name', (trial) => {
  const shape = trial.input;
  const image = noise(count(shape), 3).map((x) => 1.2 * x);

  describe.each(BEHIND)('%s behind', (_, nodes, output, activation) => {
    it.each([
      ['signed', false],
      ['rectified', true],
    ] as const)('%s input', async (_name, rectified) => {
      const { weights, bias } = matrixOf(await graphWith(trial, false, [], 'z'), shape);
      const x = Array.from(image, rectified ? positive : Number);
      const sums = weights.map((row, j) => total(row.map((weight, i) => weight * x[i])) + bias[j]);
      const start = Array.from(noise(sums.length, 11), (factor, j) => factor * activation(sums[j]));
      const low = rectified ? 0 : BOX.low;
      const graph = await graphWith(trial, rectified, nodes, output);

      for (const [name, rule, definition] of RULES) {
        const compiled = relevanceGraph(graph, {
          input: 'image',
          output,
          of: 'x',
          composite: { first: [], layers: [['any', rule]] },
          stabiliser: STABILISER,
          products: 'gates',
          range: { low: [BOX.low], high: [BOX.high], axis: 1 },
        });
        const seed = compiled.graph.inputs.find((input) => input.name === compiled.seed)?.shape as number[];
        const values = valuesOf(compiled.graph, {
          image: fed(shape, image),
          [compiled.seed]: fed(seed, noise(sums.length, 11)),
        });
        const expected = x.map(() => 0);
        for (const [j, z] of sums.entries()) {
          const parts = definition({ w: weights[j], b: bias[j], x, z, relevance: start[j], low });
          for (const [i, part] of parts.entries()) expected[i] += part;
        }
        expect(relativeError(values(compiled.relevance), expected), name).toBeLessThan(1e-6);
        // A bias is one more weight, of an input that is always 1; what it gets is lost.
        const lost = sums.map((z, j) => {
          if (rule === boxRule || rule === flatRule) return 0;
          const all = { w: [...weights[j], bias[j]], b: 0, x: [...x, 1], z, relevance: start[j], low };
          return definition(all)[x.length];
        });
        expect(relativeError(values(compiled.lost), [total(lost)]), name).toBeLessThan(1e-6);
      }
    });
  });
});
