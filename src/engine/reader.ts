import { seedOf } from '../methods/gradient';
import type { Score } from '../methods/method';
import type { ClassOutput } from './classes';
import { classOf } from './explain';
import type { Model } from './model';
import type { Prepared } from './subject';

/** What attributions are of. */
export interface JudgedCase {
  readonly model: Model;
  readonly prepared: Prepared;
  readonly output: ClassOutput;
  readonly score: Score;
}

/** Reads what is explained off the values of an output. */
export type Reader = (values: Float32Array) => { readonly score: number; readonly probability: number };

/** Reads the explained score, and the probability of the class, off an output of one item. */
export function readerOf(output: ClassOutput, score: Score): Reader {
  const weights = seedOf(score, output.shape).data;
  const index = classOf(output, score);
  const probability = index === null ? undefined : probabilityOf(output, index, weights);
  return (values) => {
    let total = 0;
    for (let i = 0; i < values.length; i++) if (weights[i] !== 0) total += weights[i] * values[i];
    return { score: total, probability: probability ? probability(values) : total };
  };
}

/** The probability of a class, averaged over the positions that the score counts. */
function probabilityOf(
  { kind, axis, shape }: ClassOutput,
  index: number,
  weights: Float32Array,
): (values: Float32Array) => number {
  const classes = shape[axis];
  const inner = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const positions = Array.from(weights.keys()).filter((place) => weights[place] !== 0);
  const total = positions.reduce((sum, place) => sum + weights[place], 0);
  const at = (values: Float32Array, place: number): number => {
    if (kind === 'probabilities') return values[place];
    // One number decides between two classes.
    if (classes === 1) return 1 / (1 + Math.exp(-values[place]));
    const first = place - index * inner;
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) highest = Math.max(highest, values[first + c * inner]);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(values[first + c * inner] - highest);
    return Math.exp(values[place] - highest) / sum;
  };
  return (values) => positions.reduce((sum, place) => sum + weights[place] * at(values, place), 0) / total;
}
