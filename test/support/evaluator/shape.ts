import { getFloat, getFloats, getInt, getInts, getString, getTensor } from '../../../src/graph/attributes';
import {
  axisOf,
  broadcastShape,
  broadcastTo,
  fromTensor,
  type NdArray,
  ndarray,
  offsets,
  reshaped,
  sizeOf,
  stridesOf,
  take,
  transposed,
} from './array';
import type { Family, Operator } from './operator';

const reshape: Operator = ({ node, input, list }) => {
  const x = input(0);
  const wanted = (list(1) ?? []).map((dim, axis) => (dim === 0 && !getInt(node, 'allowzero', 0) ? x.shape[axis] : dim));
  const known = sizeOf(wanted.filter((dim) => dim !== -1));
  return [
    reshaped(
      x,
      wanted.map((dim) => (dim === -1 ? x.data.length / known : dim)),
    ),
  ];
};

const flatten: Operator = ({ node, input }) => {
  const x = input(0);
  const axis = getInt(node, 'axis', 1);
  const cut = axis < 0 ? axis + x.shape.length : axis;
  return [reshaped(x, [sizeOf(x.shape.slice(0, cut)), sizeOf(x.shape.slice(cut))])];
};

const squeeze: Operator = ({ input, list }) => {
  const x = input(0);
  const axes = list(1)?.map((axis) => axisOf(axis, x.shape.length));
  return [
    reshaped(
      x,
      x.shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)),
    ),
  ];
};

const unsqueeze: Operator = ({ input, list }) => {
  const given = list(1) ?? [];
  const rank = input(0).shape.length + given.length;
  const axes = given.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b);
  const shape = [...input(0).shape];
  for (const axis of axes) shape.splice(axis, 0, 1);
  return [reshaped(input(0), shape)];
};

const transpose: Operator = ({ node, input }) => {
  const x = input(0);
  return [transposed(x, getInts(node, 'perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis))];
};

/** Copies `part` into `whole` with its first element at `start` (one coordinate an axis). */
function paste(whole: NdArray, part: NdArray, start: readonly number[]): void {
  const strides = stridesOf(whole.shape);
  const first = start.reduce((sum, index, axis) => sum + index * strides[axis], 0);
  offsets(part.shape, strides, first).forEach((at, i) => {
    whole.data[at] = part.data[i];
  });
}

const concat: Operator = ({ node, inputs }) => {
  const parts = inputs as readonly NdArray[];
  const axis = axisOf(getInt(node, 'axis', 0), parts[0].shape.length);
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const out = ndarray(
    parts[0].dtype,
    parts[0].shape.map((dim, i) => (i === axis ? total : dim)),
  );
  let at = 0;
  for (const part of parts) {
    paste(
      out,
      part,
      part.shape.map((_, i) => (i === axis ? at : 0)),
    );
    at += part.shape[axis];
  }
  return [out];
};

/** A box of the tensor, walked with any steps. */
function box(x: NdArray, starts: readonly number[], shape: readonly number[], steps: readonly number[]): NdArray {
  const strides = stridesOf(x.shape);
  const first = starts.reduce((sum, index, axis) => sum + index * strides[axis], 0);
  return take(
    x,
    shape,
    offsets(
      shape,
      strides.map((stride, axis) => stride * steps[axis]),
      first,
    ),
  );
}

const split: Operator = ({ node, input, list }) => {
  const x = input(0);
  const axis = axisOf(getInt(node, 'axis', 0), x.shape.length);
  const count = getInt(node, 'num_outputs', node.outputs.length);
  const chunk = Math.ceil(x.shape[axis] / count);
  const sizes = list(1) ?? Array.from({ length: count }, (_, i) => Math.min(chunk, x.shape[axis] - i * chunk));
  let at = 0;
  return sizes.map((size) => {
    const starts = x.shape.map((_, i) => (i === axis ? at : 0));
    at += size;
    return box(
      x,
      starts,
      x.shape.map((dim, i) => (i === axis ? size : dim)),
      x.shape.map(() => 1),
    );
  });
};

const slice: Operator = ({ input, list }) => {
  const x = input(0);
  const starts = list(1) ?? [];
  const ends = list(2) ?? [];
  const axes = list(3) ?? starts.map((_, i) => i);
  const steps = list(4) ?? starts.map(() => 1);
  const from = x.shape.map(() => 0);
  const shape = [...x.shape];
  const step = x.shape.map(() => 1);
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  axes.forEach((given, i) => {
    const axis = axisOf(given, x.shape.length);
    const dim = x.shape[axis];
    const start = starts[i] < 0 ? starts[i] + dim : starts[i];
    const end = ends[i] < 0 ? ends[i] + dim : ends[i];
    step[axis] = steps[i];
    if (steps[i] > 0) {
      from[axis] = clamp(start, 0, dim);
      shape[axis] = Math.max(0, Math.ceil((clamp(end, 0, dim) - from[axis]) / steps[i]));
    } else {
      from[axis] = clamp(start, 0, dim - 1);
      shape[axis] = Math.max(0, Math.ceil((clamp(end, -1, dim - 1) - from[axis]) / steps[i]));
    }
  });
  return [box(x, from, shape, step)];
};

/** Which cell along an axis a padded position shows, or −1 for the constant. */
function padSource(mode: string, index: number, dim: number): number {
  if (index >= 0 && index < dim) return index;
  if (mode === 'edge') return index < 0 ? 0 : dim - 1;
  if (mode === 'wrap') return ((index % dim) + dim) % dim;
  if (mode === 'reflect') {
    if (dim === 1) return 0;
    const period = 2 * (dim - 1);
    const folded = ((index % period) + period) % period;
    return folded < dim ? folded : period - folded;
  }
  return -1;
}

const pad: Operator = ({ node, input, inputs, list }) => {
  const x = input(0);
  const rank = x.shape.length;
  const given = list(1) ?? [];
  const axes = list(3)?.map((axis) => axisOf(axis, rank)) ?? x.shape.map((_, axis) => axis);
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  axes.forEach((axis, i) => {
    before[axis] = given[i];
    after[axis] = given[i + axes.length];
  });
  const mode = getString(node, 'mode', 'constant');
  const shape = x.shape.map((dim, axis) => dim + before[axis] + after[axis]);
  const strides = stridesOf(x.shape);
  let sources: number[] = [0];
  shape.forEach((dim, axis) => {
    // Negative pads crop; what is left is then padded, as onnxruntime does it.
    const cut = Math.max(-before[axis], 0);
    const kept = x.shape[axis] - cut - Math.max(-after[axis], 0);
    const along = Array.from({ length: dim }, (_, i) => padSource(mode, i - Math.max(before[axis], 0), kept)).map(
      (i) => (i < 0 ? -1 : i + cut),
    );
    sources = sources.flatMap((base) => along.map((i) => (base < 0 || i < 0 ? -1 : base + i * strides[axis])));
  });
  const fill = inputs[2]?.data[0] ?? 0;
  return [
    ndarray(
      x.dtype,
      shape,
      sources.map((at) => (at < 0 ? fill : x.data[at])),
    ),
  ];
};

const expand: Operator = ({ input, list }) => [broadcastTo(input(0), broadcastShape(input(0).shape, list(1) ?? []))];

const tile: Operator = ({ input, list }) => {
  const x = input(0);
  const strides = stridesOf(x.shape);
  const repeats = list(1) ?? [];
  // A tiled axis is an axis of repeats before the axis itself.
  const shape = x.shape.flatMap((dim, axis) => [repeats[axis], dim]);
  const picked = offsets(
    shape,
    strides.flatMap((stride) => [0, stride]),
  );
  return [
    take(
      x,
      x.shape.map((dim, axis) => dim * repeats[axis]),
      picked,
    ),
  ];
};

const depthToSpace: Operator = ({ node, input }) => {
  const [n, c, h, w] = input(0).shape;
  const s = getInt(node, 'blocksize', 1);
  const deep = c / s ** 2;
  const moved =
    getString(node, 'mode', 'DCR') === 'DCR'
      ? transposed(reshaped(input(0), [n, s, s, deep, h, w]), [0, 3, 4, 1, 5, 2])
      : transposed(reshaped(input(0), [n, deep, s, s, h, w]), [0, 1, 4, 2, 5, 3]);
  return [reshaped(moved, [n, deep, h * s, w * s])];
};

const spaceToDepth: Operator = ({ node, input }) => {
  const [n, c, h, w] = input(0).shape;
  const s = getInt(node, 'blocksize', 1);
  const moved = transposed(reshaped(input(0), [n, c, h / s, s, w / s, s]), [0, 3, 5, 1, 2, 4]);
  return [reshaped(moved, [n, c * s ** 2, h / s, w / s])];
};

const trilu: Operator = ({ node, input, inputs }) => {
  const x = input(0);
  const [rows, columns] = x.shape.slice(-2);
  const k = inputs[1]?.data[0] ?? 0;
  const upper = getInt(node, 'upper', 1) === 1;
  const data = x.data.map((value, i) => {
    const column = i % columns;
    const row = Math.floor(i / columns) % rows;
    return (upper ? column >= row + k : column <= row + k) ? value : 0;
  });
  return [ndarray(x.dtype, x.shape, data)];
};

const eyeLike: Operator = ({ node, input }) => {
  const [rows, columns] = input(0).shape;
  const k = getInt(node, 'k', 0);
  const eye = Array.from({ length: rows * columns }, (_, i) => Number((i % columns) - Math.floor(i / columns) === k));
  const dtype = getInt(node, 'dtype', 0) === 7 ? 'int64' : input(0).dtype;
  return [ndarray(dtype, input(0).shape, eye)];
};

const range: Operator = ({ input }) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => input(i).data[0]);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  return [
    ndarray(
      input(0).dtype,
      [count],
      Array.from({ length: count }, (_, i) => start + i * delta),
    ),
  ];
};

const constantOfShape: Operator = ({ node, list }) => {
  const value = getTensor(node, 'value');
  const fill = value ? fromTensor(value) : ndarray('float32', [1]);
  return [broadcastTo(reshaped(fill, []), list(0) ?? [])];
};

const constant: Operator = ({ node }) => {
  const value = getTensor(node, 'value');
  if (value) return [fromTensor(value)];
  if (node.attributes.value_float) return [ndarray('float32', [], [getFloat(node, 'value_float', 0)])];
  if (node.attributes.value_int) return [ndarray('int64', [], [getInt(node, 'value_int', 0)])];
  const floats = getFloats(node, 'value_floats');
  if (floats) return [ndarray('float32', [floats.length], floats)];
  const ints = getInts(node, 'value_ints');
  if (ints) return [ndarray('int64', [ints.length], ints)];
  throw new Error('a Constant of strings or sparse values');
};

const shapeOf: Operator = ({ node, input }) => {
  const { shape } = input(0);
  const part = shape.slice(getInt(node, 'start', 0), getInt(node, 'end', shape.length));
  return [ndarray('int64', [part.length], part)];
};

const reverseSequence: Operator = ({ node, input, list }) => {
  const x = input(0);
  const lengths = list(1) ?? [];
  const time = getInt(node, 'time_axis', 0);
  const batch = getInt(node, 'batch_axis', 1);
  const strides = stridesOf(x.shape);
  const data = x.data.map((value, i) => {
    const t = Math.floor(i / strides[time]) % x.shape[time];
    const length = lengths[Math.floor(i / strides[batch]) % x.shape[batch]];
    return t < length ? x.data[i + (length - 1 - 2 * t) * strides[time]] : value;
  });
  return [ndarray(x.dtype, x.shape, data)];
};

/** Operators that move, copy or make elements without arithmetic on them. */
export const shapes: Family = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
  EyeLike: eyeLike,
  Range: range,
  ConstantOfShape: constantOfShape,
  Constant: constant,
  Shape: shapeOf,
  Size: ({ input }) => [ndarray('int64', [], [input(0).data.length])],
  ReverseSequence: reverseSequence,
};
