import { getFloat, getInt, getInts, getString } from '../../../src/graph/attributes';
import type { Node } from '../../../src/graph/ir';
import { axisOf, lanes, type NdArray, ndarray } from './array';
import type { Family, Operator } from './operator';

/** Weights of the input cells for one output position; `outside` marks tf_crop_and_resize beyond the input. */
interface Tap {
  readonly cells: readonly number[];
  readonly weights: readonly number[];
  readonly outside: boolean;
}

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  readonly roi: readonly [number, number];
}

/** Where an output position lies in the input, by coordinate_transformation_mode. */
function origin(mode: string, { input, output, scale, roi }: Axis, x: number): number {
  switch (mode) {
    case 'half_pixel':
      return (x + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = output / (scale * input);
      return (input / 2) * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return output > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return output > 1 ? (x * (input - 1)) / (output - 1) : 0;
    case 'asymmetric':
      return x / scale;
    case 'tf_crop_and_resize':
      return output > 1
        ? roi[0] * (input - 1) + (x * (roi[1] - roi[0]) * (input - 1)) / (output - 1)
        : 0.5 * (roi[0] + roi[1]) * (input - 1);
    default:
      throw new Error(`coordinate_transformation_mode ${mode}`);
  }
}

function nearest(mode: string, x: number): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      throw new Error(`nearest_mode ${mode}`);
  }
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** The cubic convolution kernel of Keys with parameter a. */
const cubic =
  (a: number) =>
  (t: number): number => {
    const x = Math.abs(t);
    if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
    if (x < 2) return a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a;
    return 0;
  };

/** The taps of all output positions along one axis. */
function tapsOf(node: Node, axis: Axis): Tap[] {
  const mode = getString(node, 'mode', 'nearest');
  const coordinates = getString(node, 'coordinate_transformation_mode', 'half_pixel');
  const exclude = getInt(node, 'exclude_outside', 0) === 1;
  const antialias = getInt(node, 'antialias', 0) === 1;
  const kernel = mode === 'cubic' ? cubic(getFloat(node, 'cubic_coeff_a', -0.75)) : triangle;
  const stretch = antialias ? Math.min(axis.scale, 1) : 1;
  const reach = (mode === 'cubic' ? 2 : 1) / stretch;
  return Array.from({ length: axis.output }, (_, position) => {
    const x = origin(coordinates, axis, position);
    const outside = coordinates === 'tf_crop_and_resize' && (x < 0 || x > axis.input - 1);
    const inside = (cell: number): number => Math.min(Math.max(cell, 0), axis.input - 1);
    if (mode === 'nearest') {
      const cell = nearest(getString(node, 'nearest_mode', 'round_prefer_floor'), x);
      return { cells: [inside(cell)], weights: [1], outside };
    }
    const cells: number[] = [];
    const weights: number[] = [];
    for (let cell = Math.floor(x - reach) + 1; cell <= Math.ceil(x + reach) - 1; cell++) {
      if (exclude && cell !== inside(cell)) continue;
      cells.push(inside(cell));
      weights.push(kernel((cell - x) * stretch));
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { cells, weights: exclude || antialias ? weights.map((weight) => weight / total) : weights, outside };
  });
}

/** Applies the taps along one axis; positions outside get the extrapolation value. */
function interpolate(x: NdArray, axis: number, taps: readonly Tap[], extrapolation: number): NdArray {
  const out = ndarray(
    x.dtype,
    x.shape.map((dim, i) => (i === axis ? taps.length : dim)),
  );
  const from = lanes(x.shape, axis);
  const to = lanes(out.shape, axis);
  from.starts.forEach((start, lane) => {
    taps.forEach(({ cells, weights, outside }, position) => {
      const value = cells.reduce((sum, cell, k) => sum + weights[k] * x.data[start + cell * from.step], 0);
      out.data[to.starts[lane] + position * to.step] = outside ? extrapolation : value;
    });
  });
  return out;
}

/** Round half up, as the policy for sizes says. */
const roundSize = (x: number): number => Math.floor(x + 0.5);

const resize: Operator = ({ node, input, list }) => {
  const x = input(0);
  const axes = getInts(node, 'axes')?.map((axis) => axisOf(axis, x.shape.length)) ?? x.shape.map((_, axis) => axis);
  const roi = list(1) ?? [];
  const scales = list(2);
  const sizes = list(3);
  const policy = getString(node, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = sizes?.map((size, i) => size / x.shape[axes[i]]) ?? [];
  const common =
    policy === 'not_larger' ? Math.min(...ratios) : policy === 'not_smaller' ? Math.max(...ratios) : undefined;
  const extrapolation = getFloat(node, 'extrapolation_value', 0);
  let out = x;
  axes.forEach((axis, i) => {
    const dim = x.shape[axis];
    const scale = scales?.length ? scales[i] : (common ?? ratios[i]);
    const output = scales?.length ? Math.floor(dim * scale) : common ? roundSize(common * dim) : (sizes?.[i] ?? dim);
    const region: [number, number] = roi.length ? [roi[i], roi[i + axes.length]] : [0, 1];
    const unchanged =
      scale === 1 && output === dim && getString(node, 'coordinate_transformation_mode', '') !== 'tf_crop_and_resize';
    if (!unchanged)
      out = interpolate(out, axis, tapsOf(node, { input: dim, output, scale, roi: region }), extrapolation);
  });
  return [out];
};

/** Folds a coordinate back between two borders. */
function reflect(x: number, low: number, high: number): number {
  if (high <= low) return low;
  const span = high - low;
  const folded = (((x - low) % (2 * span)) + 2 * span) % (2 * span);
  return low + (folded > span ? 2 * span - folded : folded);
}

const gridSample: Operator = ({ node, input }) => {
  const [x, grid] = [input(0), input(1)];
  const [batch, channels, ...spatial] = x.shape;
  const rank = spatial.length;
  const places = grid.shape.slice(1, -1);
  const points = places.reduce((product, dim) => product * dim, 1);
  const cells = spatial.reduce((product, dim) => product * dim, 1);
  const mode = getString(node, 'mode', 'linear');
  const padding = getString(node, 'padding_mode', 'zeros');
  const align = getInt(node, 'align_corners', 0) === 1;
  const kernel = cubic(-0.75);
  const out = ndarray(x.dtype, [batch, channels, ...places]);

  const fold = (cell: number, axis: number): number | undefined => {
    const dim = spatial[axis];
    if (cell >= 0 && cell < dim) return cell;
    if (padding === 'zeros') return undefined;
    if (padding === 'border') return Math.min(Math.max(cell, 0), dim - 1);
    return Math.round(
      align ? reflect(cell, 0, dim - 1) : Math.min(Math.max(reflect(cell, -0.5, dim - 0.5), 0), dim - 1),
    );
  };
  const alongAxis = (coordinate: number, axis: number): { cells: (number | undefined)[]; weights: number[] } => {
    const dim = spatial[axis];
    let at = align ? ((coordinate + 1) / 2) * (dim - 1) : ((coordinate + 1) * dim - 1) / 2;
    if (padding === 'border' && mode !== 'cubic') at = Math.min(Math.max(at, 0), dim - 1);
    if (padding === 'reflection' && mode !== 'cubic')
      at = align ? reflect(at, 0, dim - 1) : reflect(at, -0.5, dim - 0.5);
    if (mode === 'nearest') return { cells: [fold(nearestEven(at), axis)], weights: [1] };
    const reach = mode === 'cubic' ? 2 : 1;
    const base = Math.floor(at);
    const near = Array.from({ length: 2 * reach }, (_, k) => base - reach + 1 + k);
    return {
      cells: near.map((cell) => fold(cell, axis)),
      weights: near.map((cell) => (mode === 'cubic' ? kernel(cell - at) : triangle(cell - at))),
    };
  };

  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < points; p++) {
      // The grid's last axis counts x, y, z: the innermost spatial axis first.
      const axes = spatial.map((_, axis) => alongAxis(grid.data[(n * points + p) * rank + rank - 1 - axis], axis));
      let taps: { at: number; weight: number }[] = [{ at: 0, weight: 1 }];
      axes.forEach(({ cells: near, weights }, axis) => {
        taps = taps.flatMap(({ at, weight }) =>
          near.flatMap((cell, k) =>
            cell === undefined ? [] : [{ at: at * spatial[axis] + cell, weight: weight * weights[k] }],
          ),
        );
      });
      for (let c = 0; c < channels; c++) {
        const start = (n * channels + c) * cells;
        out.data[(n * channels + c) * points + p] = taps.reduce(
          (sum, tap) => sum + tap.weight * x.data[start + tap.at],
          0,
        );
      }
    }
  }
  return [out];
};

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const resampling: Family = { Resize: resize, GridSample: gridSample };
