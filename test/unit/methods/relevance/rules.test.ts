import { describe, expect, it } from 'vitest';
import type { Node } from '../../../../src/graph/ir';
import { relevanceGraph } from '../../../../src/methods/relevance/compile';
import {
  alphaBetaRule,
  boxRule,
  epsilonRule,
  flatRule,
  gammaRule,
  influenceRule,
  type LinearRule,
  relativeRule,
  STABILISER,
  zeroRule,
  zPlusRule,
} from '../../../../src/methods/relevance/rules';
import { relativeError } from '../../../support/cases';
import { node, noise } from '../../../support/graphs';
import { count, fed, graphWith, LAYERS, matrixOf, valuesOf } from '../../../support/layers';

/**
 * Every rule against its formula in matrix form: R_i = Σ_j R_j · (share of x_i in y_j), written out for each rule with
 * loops over a matrix W, b that is read off the layer by unit vectors; all in float64.
 */

const BOX = { low: -1.25, high: 1.75 };

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

/** Sizes of contributions over the sum of all. */
const naiveInfluence: Naive = (neuron) => shared(contributions(neuron).map(Math.abs), 0, neuron.relevance, STABILISER);

/** Relevance in full to what raises the output, and again to what lowers it as much as that weighs among all. */
const naiveRelative: Naive = (neuron) => {
  const parts = contributions(neuron);
  const raising = shared(parts.map(positive), 0, neuron.relevance, STABILISER);
  const influence = naiveInfluence(neuron);
  return parts.map((part, i) => raising[i] + (part < 0 ? influence[i] : 0));
};

/** The same excess taken from all that have any relevance, so that the sum is the one wanted. */
function evened(parts: readonly number[], sum: number): number[] {
  const each = (total(parts) - sum) / parts.filter((part) => part !== 0).length;
  return parts.map((part) => (part === 0 ? 0 : part - each));
}

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
  ['influence', influenceRule, naiveInfluence],
  ['relative', relativeRule, naiveRelative],
];

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
          sums: 'contributions',
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
        const wanted = rule.remainder === 'even' ? evened(expected, total(start)) : expected;
        expect(relativeError(values(compiled.relevance), wanted), name).toBeLessThan(1e-6);
        // Biases and ε keep what inputs do not get, and all of that is noted.
        const missing = total(start) - total(wanted);
        expect(Math.abs(values(compiled.lost)[0] - missing), name).toBeLessThan(1e-4 * total(start.map(Math.abs)));
      }
    });
  });
});
