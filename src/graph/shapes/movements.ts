import { getInt, getInts } from '../attributes';
import { elementCount } from '../tensor';
import { broadcast, fail, type Infer, normalise } from './infer';

/** Operators that move elements, and compute nothing. */

export const reshape: Infer = ({ node, dtype, shape, values }) => {
  const from = shape(0);
  const wanted = values(1).map((dim, axis) => (dim === 0 && !getInt(node, 'allowzero', 0) ? from[axis] : dim));
  const known = wanted.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const out = wanted.map((dim) => (dim === -1 ? elementCount(from) / known : dim));
  if (elementCount(out) !== elementCount(from)) fail(node, `cannot reshape [${from}] to [${wanted}]`);
  return [{ dtype: dtype(0), shape: out }];
};

export const squeeze: Infer = ({ dtype, shape, has, values }) => {
  const axes = has(1) ? new Set(values(1).map((axis) => normalise(axis, shape(0).length))) : undefined;
  return [{ dtype: dtype(0), shape: shape(0).filter((dim, axis) => (axes ? !axes.has(axis) : dim !== 1)) }];
};

export const unsqueeze: Infer = ({ dtype, shape, values }) => {
  const rank = shape(0).length + values(1).length;
  const axes = new Set(values(1).map((axis) => normalise(axis, rank)));
  const dims = [...shape(0)];
  return [
    {
      dtype: dtype(0),
      shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (dims.shift() as number))),
    },
  ];
};

export const transpose: Infer = ({ node, dtype, shape }) => {
  const perm = getInts(node, 'perm') ?? shape(0).map((_, axis) => shape(0).length - 1 - axis);
  if (perm.length !== shape(0).length) fail(node, `perm [${perm}] of a value of shape [${shape(0)}]`);
  return [{ dtype: dtype(0), shape: perm.map((axis) => shape(0)[axis]) }];
};

export const concat: Infer = ({ node, dtype, shape }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  const out = [...shape(0)];
  for (let i = 1; i < node.inputs.length; i++) {
    const next = shape(i);
    if (next.length !== out.length || next.some((dim, a) => a !== axis && dim !== out[a]))
      fail(node, `[${out}] and [${next}] along ${axis}`);
    out[axis] += next[axis];
  }
  return [{ dtype: dtype(0), shape: out }];
};

export const split: Infer = ({ node, dtype, shape, has, values }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  const count = node.outputs.length;
  const chunk = Math.ceil(shape(0)[axis] / count);
  const sizes = has(1)
    ? values(1)
    : Array.from({ length: count }, (_, i) => Math.min(chunk, shape(0)[axis] - i * chunk));
  return sizes.map((size) => ({ dtype: dtype(0), shape: shape(0).map((dim, a) => (a === axis ? size : dim)) }));
};

/** Number of elements that Slice takes along one axis. */
function sliceLength(dim: number, start: number, end: number, step: number): number {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const from = clamp(start < 0 ? start + dim : start, 0, step > 0 ? dim : dim - 1);
  const to = clamp(end < 0 ? end + dim : end, step > 0 ? 0 : -1, dim);
  return Math.max(0, Math.ceil((to - from) / step));
}

export const slice: Infer = ({ dtype, shape, has, values }) => {
  const starts = values(1);
  const ends = values(2);
  const axes = has(3) ? values(3).map((axis) => normalise(axis, shape(0).length)) : starts.map((_, i) => i);
  const steps = has(4) ? values(4) : starts.map(() => 1);
  const out = [...shape(0)];
  axes.forEach((axis, i) => {
    out[axis] = sliceLength(out[axis], starts[i], ends[i], steps[i]);
  });
  return [{ dtype: dtype(0), shape: out }];
};

export const pad: Infer = ({ dtype, shape, has, values }) => {
  const axes = has(3) ? values(3).map((axis) => normalise(axis, shape(0).length)) : shape(0).map((_, axis) => axis);
  const pads = values(1);
  const out = [...shape(0)];
  axes.forEach((axis, i) => {
    out[axis] += pads[i] + pads[i + axes.length];
  });
  return [{ dtype: dtype(0), shape: out }];
};

export const expand: Infer = ({ node, dtype, shape, values }) => [
  { dtype: dtype(0), shape: broadcast(node, shape(0), values(1)) },
];

export const tile: Infer = ({ dtype, shape, values }) => [
  { dtype: dtype(0), shape: shape(0).map((dim, axis) => dim * values(1)[axis]) },
];

export const gather: Infer = ({ node, dtype, shape }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  return [{ dtype: dtype(0), shape: [...shape(0).slice(0, axis), ...shape(1), ...shape(0).slice(axis + 1)] }];
};

export const gatherElements: Infer = ({ dtype, shape }) => [{ dtype: dtype(0), shape: shape(1) }];

export const gatherNd: Infer = ({ node, dtype, shape }) => {
  const batch = getInt(node, 'batch_dims', 0);
  const index = shape(1);
  return [{ dtype: dtype(0), shape: [...index.slice(0, -1), ...shape(0).slice(batch + index[index.length - 1])] }];
};
