/** 8-bit pixels, channels interleaved, row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

export type Interpolation = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

interface Kernel {
  /** The kernel is 0 beyond this distance, in pixels of the coarser picture. */
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys' cubic convolution (1981). PIL takes a = −0.5; PyTorch and OpenCV, where they do not antialias, a = −0.75. */
const cubic = (a: number): Kernel => ({
  support: 2,
  weight: (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  },
});

const KERNELS: Readonly<Record<Exclude<Interpolation, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bicubic: cubic(-0.5),
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

const POINT_CUBIC = cubic(-0.75);

/** A stretch of output rows or columns: begin to end, exclusive. */
type Stretch = readonly [number, number];

/** For each output pixel of a stretch the run of input pixels it is a weighted mean of. Weights are fixed-point. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights an output pixel. */
  readonly weights: Int32Array;
  readonly stride: number;
}

const PRECISION = 22;

/** Left, top, width and height. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes as PIL's `Image.resize` does, to the last bit: two passes with 8-bit rounding between them and fixed-point
 * weights; kernels widen with the reduction, so nothing aliases. sharp's kernels of the same names differ by up to 12
 * grey levels on the photographs of the tests (it first averages blocks), which is why this is not left to it.
 *
 * @param antialias false: kernels keep their width, as in `torch.nn.functional.interpolate` and OpenCV (bilinear and
 *   bicubic with a = −0.75; beyond the border the edge pixel repeats). Then pixels are skipped in strong reductions.
 * @param window the part of the result that is wanted; all of it by default. The rest is not computed.
 */
export function resample(
  source: Raster,
  width: number,
  height: number,
  interpolation: Interpolation,
  antialias = true,
  window: Window = { x: 0, y: 0, width, height },
): Raster {
  const across: Stretch = [window.x, window.x + window.width];
  const down: Stretch = [window.y, window.y + window.height];
  const columns = tapsOf(source.width, width, interpolation, antialias, across);
  const rows = tapsOf(source.height, height, interpolation, antialias, down);
  if (columns === undefined && rows === undefined) return source;
  if (!antialias && interpolation !== 'nearest') {
    return pointwise(
      source,
      columns ?? nearestTaps(source.width, width, across),
      rows ?? nearestTaps(source.height, height, down),
    );
  }
  // Pillow's order since version 13; the other order rounds some pixels to the next level.
  const shrinksMostlyDown = source.height - height > Math.max(0, 2 * (source.width - width));
  if (rows && shrinksMostlyDown) {
    const shortened = vertical(source, rows, 0);
    return columns ? horizontal(shortened, columns, 0, shortened.height) : shortened;
  }
  const firstRow = rows ? rows.first[0] : 0;
  const lastRow = rows ? rows.first.at(-1)! + rows.count.at(-1)! : source.height;
  const narrowed = columns ? horizontal(source, columns, firstRow, lastRow) : source;
  return rows ? vertical(narrowed, rows, columns ? firstRow : 0) : narrowed;
}

/** undefined where the pass would change nothing. */
function tapsOf(
  from: number,
  to: number,
  interpolation: Interpolation,
  antialias: boolean,
  stretch: Stretch,
): Taps | undefined {
  if (from === to) return stretch[0] === 0 && stretch[1] === to ? undefined : nearestTaps(from, to, stretch);
  if (interpolation === 'nearest') return nearestTaps(from, to, stretch);
  return (antialias ? smoothTaps : pointTaps)(from, to, interpolation, stretch);
}

function emptyTaps([begin, end]: Stretch, stride: number): Taps {
  const length = end - begin;
  return {
    first: new Int32Array(length),
    count: new Int32Array(length),
    weights: new Int32Array(length * stride),
    stride,
  };
}

function smoothTaps(
  from: number,
  to: number,
  interpolation: Exclude<Interpolation, 'nearest'>,
  stretch: Stretch,
): Taps {
  const kernel = KERNELS[interpolation];
  const scale = from / to;
  const widening = Math.max(1, scale);
  const support = kernel.support * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const taps = emptyTaps(stretch, stride);
  const row = new Float64Array(stride);
  for (let i = 0; i < taps.first.length; i++) {
    const centre = (stretch[0] + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - first;
    let total = 0;
    for (let k = 0; k < count; k++) {
      row[k] = kernel.weight((k + first - centre + 0.5) * (1 / widening));
      total += row[k];
    }
    for (let k = 0; k < count; k++) taps.weights[i * stride + k] = fixed(total === 0 ? row[k] : row[k] / total);
    taps.first[i] = first;
    taps.count[i] = count;
  }
  return taps;
}

/** Kernels as wide as one input pixel; the weight of a pixel beyond the border goes to the edge pixel. */
function pointTaps(from: number, to: number, interpolation: Exclude<Interpolation, 'nearest'>, stretch: Stretch): Taps {
  const kernel = interpolation === 'bicubic' ? POINT_CUBIC : KERNELS[interpolation];
  const reach = Math.ceil(kernel.support);
  const stride = 2 * reach + 1;
  const taps = emptyTaps(stretch, stride);
  const row = new Float64Array(stride);
  for (let i = 0; i < taps.first.length; i++) {
    const centre = ((stretch[0] + i + 0.5) * from) / to - 0.5;
    const low = Math.floor(centre) - reach + 1;
    const first = Math.min(Math.max(low, 0), from - 1);
    const last = Math.min(Math.max(low + stride - 1, 0), from - 1);
    row.fill(0);
    let total = 0;
    for (let k = 0; k < stride; k++) {
      const weight = kernel.weight(low + k - centre);
      row[Math.min(Math.max(low + k, first), last) - first] += weight;
      total += weight;
    }
    for (let k = 0; k <= last - first; k++) taps.weights[i * stride + k] = fixed(row[k] / total);
    taps.first[i] = first;
    taps.count[i] = last - first + 1;
  }
  return taps;
}

/** The input pixel that holds each output pixel's centre; positions are added up, as PIL does, not multiplied. */
function nearestTaps(from: number, to: number, stretch: Stretch): Taps {
  const taps = emptyTaps(stretch, 1);
  const scale = from / to;
  let position = scale * 0.5;
  for (let i = 0; i < stretch[1]; i++, position += scale) {
    if (i < stretch[0]) continue;
    taps.first[i - stretch[0]] = Math.min(from - 1, Math.trunc(position));
  }
  taps.count.fill(1);
  taps.weights.fill(1 << PRECISION);
  return taps;
}

const fixed = (weight: number): number => Math.trunc(weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5));

const HALF = 1 << (PRECISION - 1);
const clip = (sum: number): number => Math.min(255, Math.max(0, sum >> PRECISION));

/** Rows `firstRow` to `lastRow` (exclusive) of the source, narrowed or widened. */
function horizontal(source: Raster, taps: Taps, firstRow: number, lastRow: number): Raster {
  const { channels, data } = source;
  const { first, count, weights, stride } = taps;
  const width = first.length;
  const height = lastRow - firstRow;
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const line = (firstRow + y) * source.width * channels;
    for (let x = 0; x < width; x++) {
      const n = count[x];
      const w = x * stride;
      let at = line + first[x] * channels;
      const to = (y * width + x) * channels;
      if (channels === 3) {
        // The pass that touches every pixel of a photograph: its three channels in one walk take a third of the time.
        let red = HALF;
        let green = HALF;
        let blue = HALF;
        for (let k = 0; k < n; k++, at += 3) {
          const weight = weights[w + k];
          red = (red + data[at] * weight) | 0;
          green = (green + data[at + 1] * weight) | 0;
          blue = (blue + data[at + 2] * weight) | 0;
        }
        out[to] = clip(red);
        out[to + 1] = clip(green);
        out[to + 2] = clip(blue);
        continue;
      }
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let k = 0; k < n; k++) sum = (sum + data[at + c + k * channels] * weights[w + k]) | 0;
        out[to + c] = clip(sum);
      }
    }
  }
  return { width, height, channels, data: out };
}

/** Both directions at once, as the libraries without antialiasing do: nothing is rounded or clipped in between. */
function pointwise(source: Raster, columns: Taps, rows: Taps): Raster {
  const { channels, data } = source;
  const width = columns.first.length;
  const height = rows.first.length;
  const out = new Uint8Array(width * height * channels);
  const unit = 2 ** (-2 * PRECISION);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let j = 0; j < rows.count[y]; j++) {
          const line = (rows.first[y] + j) * source.width + columns.first[x];
          let along = 0;
          for (let i = 0; i < columns.count[x]; i++) {
            along += data[(line + i) * channels + c] * columns.weights[x * columns.stride + i];
          }
          sum += along * rows.weights[y * rows.stride + j];
        }
        out[(y * width + x) * channels + c] = Math.min(255, Math.max(0, Math.round(sum * unit)));
      }
    }
  }
  return { width, height, channels, data: out };
}

/** @param firstRow the row of the picture that the source begins with */
function vertical(source: Raster, taps: Taps, firstRow: number): Raster {
  const { width, channels, data } = source;
  const { first, count, weights, stride } = taps;
  const height = first.length;
  const row = width * channels;
  const out = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    const n = count[y];
    const w = y * stride;
    const start = (first[y] - firstRow) * row;
    for (let i = 0; i < row; i++) {
      let at = start + i;
      let sum = HALF;
      for (let k = 0; k < n; k++, at += row) sum = (sum + data[at] * weights[w + k]) | 0;
      out[y * row + i] = clip(sum);
    }
  }
  return { width, height, channels, data: out };
}
