import type { ScalarMap } from '../../src/protocol';

interface Kernel {
  readonly radius: number;
  /** exp(−k²/2σ²) for k = −radius … radius; not normalised. */
  readonly weights: Float64Array;
  /** Sum of the weights before each one, and of all. */
  readonly sums: Float64Array;
}

function gaussian(sigma: number): Kernel {
  const radius = Math.ceil(3 * sigma);
  const weight = (_: unknown, i: number): number => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2));
  const weights = Float64Array.from({ length: 2 * radius + 1 }, weight);
  const sums = new Float64Array(weights.length + 1);
  for (const [i, value] of weights.entries()) sums[i + 1] = sums[i]! + value;
  return { radius, weights, sums };
}

/** For presentation only. In pixels of the map: about 1 % of its width, which hides the checkerboard of strided nets. */
export const defaultSmoothing = (width: number): number => Math.round(width / 10) / 10;

/**
 * Gaussian smoothing with a standard deviation in pixels of the map. At the border the weights that fall inside are
 * normalised, so that a constant map stays constant. σ below 0.1 returns the map itself.
 */
export function smooth(map: ScalarMap, sigma: number): ScalarMap {
  if (!(sigma >= 0.1)) return map;
  const kernel = gaussian(sigma);
  const { radius } = kernel;
  const { width, height, data } = map;
  const result = { width, height, data: new Float32Array(data.length) };
  // A receptive field is zero nearly everywhere, and so is what it is smoothed to.
  const box = extent(map);
  if (box === undefined) return result;
  const columns = { from: Math.max(0, box.left - radius), to: Math.min(width, box.right + radius + 1) };
  const rows = new Float32Array(data.length);
  for (let y = box.top; y <= box.bottom; y++) {
    convolve(data, rows, kernel, { start: y * width, stride: 1, length: width, ...columns });
  }
  const lines = { from: Math.max(0, box.top - radius), to: Math.min(height, box.bottom + radius + 1) };
  for (let x = columns.from; x < columns.to; x++) {
    convolve(rows, result.data, kernel, { start: x, stride: width, length: height, ...lines });
  }
  return result;
}

/** The smallest box around all values that are not 0, bounds included; undefined for a map of zeros. */
function extent({ width, height, data }: ScalarMap) {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0 ? undefined : { left, right, top, bottom };
}

/** One line of a map: `length` elements `stride` apart, of which those from `from` to before `to` are wanted. */
interface Line {
  readonly start: number;
  readonly stride: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

function convolve(source: Float32Array, target: Float32Array, kernel: Kernel, line: Line): void {
  const { start, stride, length, from, to } = line;
  const { radius, weights, sums } = kernel;
  for (let i = from; i < to; i++) {
    const first = Math.max(0, radius - i);
    const last = Math.min(2 * radius, length - 1 - i + radius);
    let sum = 0;
    for (let k = first, at = start + (i - radius + first) * stride; k <= last; k++, at += stride) {
      sum += weights[k]! * source[at]!;
    }
    target[start + i * stride] = sum / (sums[last + 1]! - sums[first]!);
  }
}
