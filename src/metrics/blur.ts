import { elementCount } from '../graph/tensor';
import type { Layout } from './layout';

const SIGMA = 5;
const SIZE = 11;
/** Where a sampled Gaussian is cut off when a delta is filtered with it. */
const REACH = 4 * SIGMA;

/**
 * The kernel of the insertion game as its authors' code makes it: a delta in the middle of 11 places, filtered with a
 * Gaussian of σ 5 whose ends are folded back at the borders.
 */
export function foldedKernel(): Float64Array {
  const weights = gaussian(REACH);
  const kernel = new Float64Array(SIZE);
  for (let place = 0; place < SIZE; place++) {
    weights.forEach((weight, k) => {
      if (mirrored(place + k - REACH, SIZE) === (SIZE - 1) / 2) kernel[place] += weight;
    });
  }
  return kernel;
}

/** 11 samples of a Gaussian of σ 5 that sum to 1. */
export const sampledKernel = (): Float64Array => gaussian((SIZE - 1) / 2);

function gaussian(reach: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The place that stands at `at` when the line is continued by its mirror image, borders repeated: c b a | a b c. */
function mirrored(at: number, length: number): number {
  const period = ((at % (2 * length)) + 2 * length) % (2 * length);
  return period < length ? period : 2 * length - 1 - period;
}

/** The place that stands at `at` when the line is mirrored at its end places: c b | a b c. */
function reflected(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const place = ((at % period) + period) % period;
  return place < length ? place : period - place;
}

export type Border = 'zero' | 'reflect';

/** An input convolved along each of its location axes. */
export function blurred(input: Float32Array, layout: Layout, kernel: Float64Array, border: Border): Float32Array {
  const { shape, channels } = layout;
  const first = shape.length - layout.locations.length - (channels === undefined ? 0 : 1);
  let current: Float64Array = Float64Array.from(input);
  for (let axis = first; axis < shape.length; axis++) {
    if (axis === channels) continue;
    current = convolve(current, shape[axis], elementCount(shape.slice(axis + 1)), kernel, border);
  }
  return Float32Array.from(current);
}

function convolve(
  data: Float64Array,
  length: number,
  inner: number,
  kernel: Float64Array,
  border: Border,
): Float64Array {
  const reach = (kernel.length - 1) / 2;
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const place = Math.floor(i / inner) % length;
    const start = i - place * inner;
    let total = 0;
    for (let k = -reach; k <= reach; k++) {
      const from = place + k;
      if (from >= 0 && from < length) total += kernel[k + reach] * data[start + from * inner];
      else if (border === 'reflect') total += kernel[k + reach] * data[start + reflected(from, length) * inner];
    }
    out[i] = total;
  }
  return out;
}
