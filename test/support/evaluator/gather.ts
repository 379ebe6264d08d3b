import { getInt, getString } from '../../../src/graph/attributes';
import { axisOf, lanes, map, type NdArray, ndarray, offsets, sizeOf, stridesOf, take } from './array';
import type { Family, Operator } from './operator';

const wrap = (index: number, dim: number): number => {
  if (index < -dim || index >= dim) throw new Error(`index ${index} of an axis of ${dim}`);
  return index < 0 ? index + dim : index;
};

const gather: Operator = ({ node, input }) => {
  const x = input(0);
  const indices = input(1);
  const axis = axisOf(getInt(node, 'axis', 0), x.shape.length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const from = new Int32Array(outer * indices.data.length * inner);
  let at = 0;
  for (let i = 0; i < outer; i++) {
    for (const index of indices.data) {
      const start = (i * x.shape[axis] + wrap(index, x.shape[axis])) * inner;
      for (let k = 0; k < inner; k++) from[at++] = start + k;
    }
  }
  return [take(x, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], from)];
};

/** For each element of `indices`, the flat place in a tensor of `shape` it points at along an axis. */
function elementPlaces(shape: readonly number[], indices: NdArray, axis: number): Int32Array {
  const strides = stridesOf(shape);
  const places = offsets(
    indices.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
  );
  return places.map((place, i) => place + wrap(indices.data[i], shape[axis]) * strides[axis]);
}

const gatherElements: Operator = ({ node, input }) => {
  const x = input(0);
  const axis = axisOf(getInt(node, 'axis', 0), x.shape.length);
  return [take(x, input(1).shape, elementPlaces(x.shape, input(1), axis))];
};

/** For each index tuple, the flat start of the block it points at; `batch` leading axes are shared. */
function tuplePlaces(shape: readonly number[], indices: NdArray, batch: number): { starts: number[]; block: number } {
  const depth = indices.shape[indices.shape.length - 1];
  const strides = stridesOf(shape);
  const tuples = sizeOf(indices.shape.slice(0, -1));
  const perBatch = tuples / sizeOf(shape.slice(0, batch));
  const batchStride = batch > 0 ? strides[batch - 1] : 0;
  const starts = Array.from({ length: tuples }, (_, t) => {
    let start = Math.floor(t / perBatch) * batchStride;
    for (let k = 0; k < depth; k++) start += wrap(indices.data[t * depth + k], shape[batch + k]) * strides[batch + k];
    return start;
  });
  return { starts, block: sizeOf(shape.slice(batch + depth)) };
}

const gatherNd: Operator = ({ node, input }) => {
  const [x, indices] = [input(0), input(1)];
  const batch = getInt(node, 'batch_dims', 0);
  const { starts, block } = tuplePlaces(x.shape, indices, batch);
  const depth = indices.shape[indices.shape.length - 1];
  const from = Int32Array.from(starts.flatMap((start) => Array.from({ length: block }, (_, i) => start + i)));
  return [take(x, [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)], from)];
};

const REDUCTIONS: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

const scatterElements: Operator = ({ node, input }) => {
  const x = input(0);
  const axis = axisOf(getInt(node, 'axis', 0), x.shape.length);
  const reduce = REDUCTIONS[getString(node, 'reduction', 'none')];
  const out = map(x, (value) => value);
  elementPlaces(x.shape, input(1), axis).forEach((place, i) => {
    out.data[place] = reduce(out.data[place], input(2).data[i]);
  });
  return [out];
};

const scatterNd: Operator = ({ node, input }) => {
  const x = input(0);
  const reduce = REDUCTIONS[getString(node, 'reduction', 'none')];
  const { starts, block } = tuplePlaces(x.shape, input(1), 0);
  const out = map(x, (value) => value);
  starts.forEach((start, t) => {
    for (let i = 0; i < block; i++) out.data[start + i] = reduce(out.data[start + i], input(2).data[t * block + i]);
  });
  return [out];
};

const oneHot: Operator = ({ node, input }) => {
  const indices = input(0);
  const depth = input(1).data[0];
  const [off, on] = input(2).data;
  const rank = indices.shape.length + 1;
  const axis = axisOf(getInt(node, 'axis', -1), rank);
  const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)];
  const out = ndarray(input(2).dtype, shape, new Float64Array(sizeOf(shape)).fill(off));
  const { starts, step } = lanes(shape, axis);
  starts.forEach((start, i) => {
    const index = indices.data[i] < 0 ? indices.data[i] + depth : indices.data[i];
    if (index >= 0 && index < depth) out.data[start + index * step] = on;
  });
  return [out];
};

const nonZero: Operator = ({ input }) => {
  const x = input(0);
  const found = Array.from(x.data.keys()).filter((i) => x.data[i] !== 0);
  const strides = stridesOf(x.shape);
  const rows = x.shape.map((dim, axis) => found.map((i) => Math.floor(i / strides[axis]) % dim));
  return [ndarray('int64', [x.shape.length, found.length], rows.flat())];
};

const compress: Operator = ({ node, input }) => {
  const whole = node.attributes.axis === undefined;
  const x = whole ? ndarray(input(0).dtype, [input(0).data.length], input(0).data) : input(0);
  const axis = whole ? 0 : axisOf(getInt(node, 'axis', 0), x.shape.length);
  const kept = Array.from(input(1).data.keys()).filter((i) => input(1).data[i] !== 0);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const from: number[] = [];
  for (let i = 0; i < outer; i++) {
    for (const index of kept) for (let k = 0; k < inner; k++) from.push((i * x.shape[axis] + index) * inner + k);
  }
  return [
    take(
      x,
      x.shape.map((dim, i) => (i === axis ? kept.length : dim)),
      Int32Array.from(from),
    ),
  ];
};

/** Reading and writing by index. */
export const indexing: Family = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  OneHot: oneHot,
  NonZero: nonZero,
  Compress: compress,
};
