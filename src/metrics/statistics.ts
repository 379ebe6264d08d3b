import { seeded } from '../methods/sampling/random';

export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** √Σx². */
export function norm(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] ** 2;
  return Math.sqrt(total);
}

/** ‖a − b‖. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] - b[i]) ** 2;
  return Math.sqrt(total);
}

/** Pearson's correlation; undefined where one side is constant. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] - meanA, b[i] - meanB];
    product += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return squaresA > 0 && squaresB > 0 ? product / Math.sqrt(squaresA * squaresB) : undefined;
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (let i = first; i < end; i++) out[order[i]] = (first + 1 + end) / 2;
    first = end;
  }
  return out;
}

/** Spearman's rank correlation; undefined where one side is constant. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number | undefined => pearson(ranks(a), ranks(b));

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Estimate extends Interval {
  readonly mean: number;
  /** How many values it is of. */
  readonly count: number;
}

const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

/**
 * The mean of a metric over images with its 95 % interval: percentiles of the means of resampled images (the
 * percentile bootstrap of Efron 1979). Repeatable: the draws depend on the seed only, so that methods judged on the
 * same images are resampled alike. Undefined for no values.
 */
export function estimate(values: readonly number[], seed = 0): Estimate | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const random = seeded(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let total = 0;
    for (let i = 0; i < count; i++) total += values[Math.floor(random.uniform() * count)];
    return total / count;
  }).sort();
  const tail = (1 - CONFIDENCE) / 2;
  return { mean: mean(values), low: percentile(means, tail), high: percentile(means, 1 - tail), count };
}

/** Of sorted values, interpolated. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}
