import { PrismError } from '../graph/errors';
import type { FloatArray, NdArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';
import type { OutputKind, Task } from '../inputs/config';
import { completeLabels, resolveTarget } from '../inputs/labels';
import type { Score } from '../methods/method';
import type { ClassScore } from '../protocol';
import { parseScore } from '../reverse/score';
import { type BoxLayout, boxLayout, surest } from './boxes';

/** How an output's numbers are scores of classes. */
export interface ClassOutput {
  /** Name of the output. */
  readonly name: string;
  readonly kind: OutputKind;
  /** The axis over the classes. */
  readonly axis: number;
  /** The output's shape, static. */
  readonly shape: readonly number[];
  /** One a class; its index where the model has no label for it. */
  readonly labels: readonly string[];
  /** Of outputs with a decision at every token: the one that counts, along the second axis. */
  readonly position?: number;
  /** Of detectors: how the boxes lie in it. A class is then that of a box. */
  readonly boxes?: BoxLayout;
}

/** Tasks that decide something at every token. */
const EVERY_TOKEN: ReadonlySet<Task> = new Set<Task>(['text-generation', 'token-classification']);

/**
 * Which axis of an output runs over the classes: the channels of a map, otherwise the last axis.
 *
 * @throws PrismError UNSUPPORTED_OUTPUT for an output without axes
 */
export function classOutput(
  name: string,
  shape: readonly number[],
  kind: OutputKind,
  task: Task,
  channelsLast: boolean,
  labels: readonly string[] | undefined,
  position?: number,
): ClassOutput {
  if (shape.length === 0 || elementCount(shape) === 0) {
    throw new PrismError('UNSUPPORTED_OUTPUT', `the output ${name} of shape [${shape}] has no classes to choose from`);
  }
  const boxes = task === 'detection' ? boxLayout(shape, labels?.length) : undefined;
  if (boxes) {
    const names = completeLabels(labels, shape[boxes.rows] - boxes.first);
    return { name, kind: 'probabilities', axis: boxes.rows, shape, labels: names, boxes };
  }
  const map = (task === 'segmentation' || shape.length === 4) && shape.length > 1 && !channelsLast;
  const axis = map ? 1 : shape.length - 1;
  const each = EVERY_TOKEN.has(task) && shape.length === 3 && position !== undefined;
  return {
    name,
    kind,
    axis,
    shape,
    labels: completeLabels(labels, shape[axis]),
    ...(each && { position: Math.min(position, shape[1] - 1) }),
  };
}

/**
 * One class's score, summed over all positions unless one counts; of a batch, that of its first item; of a detector,
 * that of the box which is surest of the class.
 *
 * @param values of the output: where the surest box is
 */
export function classScore(output: ClassOutput, index: number, region?: NdArray, values?: FloatArray): Score {
  const { name, axis, shape, position, boxes } = output;
  if (boxes) return boxScore(output, boxes, index, values ? surest(boxes, values)[index].anchor : 0);
  const select = shape.map((dim, at) => {
    if (at === axis) return index;
    if (at === 1 && position !== undefined) return position;
    return dim === 1 || at === 0 ? 0 : ':';
  });
  return { output: name, select, ...(region && { region }) };
}

/** The score of a class at one anchor. */
export function boxScore(
  { name, shape }: ClassOutput,
  { rows, anchors, first }: BoxLayout,
  index: number,
  anchor: number,
): Score {
  return { output: name, select: shape.map((_, at) => (at === rows ? first + index : at === anchors ? anchor : 0)) };
}

/** The score of a class that a person named. Throws TARGET_OUT_OF_RANGE, TARGET_UNKNOWN, TARGET_AMBIGUOUS. */
export function targetIndex(output: ClassOutput, target: number | string): number {
  return resolveTarget(target, output.labels).index;
}

/**
 * A score as a person writes it, checked against the outputs.
 *
 * @throws PrismError BAD_SCORE, UNKNOWN_OUTPUT
 */
export function writtenScore(text: string, outputs: readonly string[], region?: NdArray): Score {
  const { output, index } = parseScore(text);
  if (!outputs.includes(output)) {
    throw new PrismError(
      'UNKNOWN_OUTPUT',
      `the model has no output ${JSON.stringify(output)}; it has ${outputs.join(', ')}`,
    );
  }
  return { output, select: index.map((entry) => entry ?? ':'), ...(region && { region }) };
}

/** Sums over positions and, for outputs that are maps, the share of positions where each class is the highest. */
interface Totals {
  readonly scores: Float64Array;
  readonly shares: Float64Array | undefined;
}

function totals({ axis, shape, position }: ClassOutput, data: Float32Array): Totals {
  const classes = shape[axis];
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(axis === 0 ? 0 : 1, axis));
  const scores = new Float64Array(classes);
  const wins = new Float64Array(classes);
  for (let o = position ?? 0; o < (position === undefined ? outer : position + 1); o++) {
    for (let i = 0; i < inner; i++) {
      let best = 0;
      for (let c = 0; c < classes; c++) {
        const value = data[(o * classes + c) * inner + i];
        scores[c] += value;
        if (value > data[(o * classes + best) * inner + i]) best = c;
      }
      wins[best]++;
    }
  }
  const positions = position === undefined ? outer * inner : 1;
  return { scores, shares: positions > 1 ? wins.map((count) => count / positions) : undefined };
}

function probabilities(kind: OutputKind, { scores, shares }: Totals): Float64Array {
  if (shares) return shares;
  if (kind === 'probabilities') return scores;
  // One number decides between two classes.
  if (scores.length === 1) return scores.map((score) => 1 / (1 + Math.exp(-score)));
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Scores and probabilities of all classes, in the order of the classes. */
export function allClasses(output: ClassOutput, values: FloatArray): ClassScore[] {
  if (output.boxes) {
    return surest(output.boxes, values).map(({ probability }, index) => ({
      index,
      label: output.labels[index],
      score: probability,
      probability,
    }));
  }
  const total = totals(output, values.data);
  const probability = probabilities(output.kind, total);
  return Array.from(total.scores, (score, index) => ({
    index,
    label: output.labels[index],
    score,
    probability: probability[index],
  }));
}

/** The highest classes first. */
export function topClasses(classes: readonly ClassScore[], count: number): ClassScore[] {
  return [...classes]
    .sort((a, b) => b.probability - a.probability || b.score - a.score || a.index - b.index)
    .slice(0, count);
}

/**
 * Refuses an output that holds numbers no explanation can be given of.
 *
 * @throws PrismError OUTPUT_NAN
 */
export function requireFinite(name: string, data: ArrayLike<number | bigint>, hint: string): void {
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (Number.isFinite(value)) continue;
    throw new PrismError(
      'OUTPUT_NAN',
      `the model's output ${name} holds ${Number.isNaN(value) ? 'NaN' : 'an infinite value'} for this input; ${hint}`,
      { output: name },
    );
  }
}
