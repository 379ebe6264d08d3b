import { getInt } from '../../../src/graph/attributes';
import { axisOf, lanes, type NdArray, ndarray, offsets, stridesOf } from './array';
import type { Family, Operator } from './operator';

type Reduction = (values: Float64Array) => number;

const sum: Reduction = (values) => values.reduce((total, x) => total + x, 0);
const max: Reduction = (values) => values.reduce((best, x) => Math.max(best, x), Number.NEGATIVE_INFINITY);
const min: Reduction = (values) => values.reduce((best, x) => Math.min(best, x), Number.POSITIVE_INFINITY);

function logSumExp(values: Float64Array): number {
  const top = max(values);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(sum(values.map((x) => Math.exp(x - top))));
}

/** Reduces over axes; the others keep their order, reduced ones stay as 1 with keepdims. */
export function reduceOver(x: NdArray, axes: readonly number[], keepdims: boolean, f: Reduction): NdArray {
  const strides = stridesOf(x.shape);
  const reduced = x.shape.map((_, axis) => axis).filter((axis) => axes.includes(axis));
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const pick = (list: readonly number[], chosen: readonly number[]): number[] => chosen.map((axis) => list[axis]);
  const starts = offsets(pick(x.shape, kept), pick(strides, kept));
  const inner = offsets(pick(x.shape, reduced), pick(strides, reduced));
  const values = new Float64Array(inner.length);
  const out = new Float64Array(starts.length);
  starts.forEach((start, i) => {
    for (let k = 0; k < inner.length; k++) values[k] = x.data[start + inner[k]];
    out[i] = f(values);
  });
  const shape = x.shape.flatMap((dim, axis) => (axes.includes(axis) ? (keepdims ? [1] : []) : [dim]));
  return ndarray(x.dtype, shape, out);
}

const reduction =
  (f: Reduction): Operator =>
  ({ node, input, list }) => {
    const x = input(0);
    const given = list(1) ?? [];
    const all = given.length === 0 && getInt(node, 'noop_with_empty_axes', 0) === 0;
    const axes = all ? x.shape.map((_, axis) => axis) : given.map((axis) => axisOf(axis, x.shape.length));
    if (!all && given.length === 0) return [x];
    return [reduceOver(x, axes, getInt(node, 'keepdims', 1) === 1, f)];
  };

const arg =
  (better: (candidate: number, best: number) => boolean): Operator =>
  ({ node, input }) => {
    const x = input(0);
    const axis = axisOf(getInt(node, 'axis', 0), x.shape.length);
    const last = getInt(node, 'select_last_index', 0) === 1;
    const found = reduceOver(x, [axis], getInt(node, 'keepdims', 1) === 1, (values) => {
      let best = 0;
      for (let i = 1; i < values.length; i++) {
        if (better(values[i], values[best]) || (last && values[i] === values[best])) best = i;
      }
      return best;
    });
    return [{ ...found, dtype: 'int64' }];
  };

const cumSum: Operator = ({ node, input }) => {
  const x = input(0);
  const axis = axisOf(input(1).data[0], x.shape.length);
  const exclusive = getInt(node, 'exclusive', 0) === 1;
  const reverse = getInt(node, 'reverse', 0) === 1;
  const { starts, length, step } = lanes(x.shape, axis);
  const out = ndarray(x.dtype, x.shape);
  for (const start of starts) {
    let total = 0;
    for (let i = 0; i < length; i++) {
      const at = start + (reverse ? length - 1 - i : i) * step;
      out.data[at] = exclusive ? total : total + x.data[at];
      total += x.data[at];
    }
  }
  return [out];
};

const topK: Operator = ({ node, input }) => {
  const x = input(0);
  const k = input(1).data[0];
  const axis = axisOf(getInt(node, 'axis', -1), x.shape.length);
  const sign = getInt(node, 'largest', 1) === 1 ? 1 : -1;
  const shape = x.shape.map((dim, i) => (i === axis ? k : dim));
  const from = lanes(x.shape, axis);
  const to = lanes(shape, axis);
  const values = ndarray(x.dtype, shape);
  const indices = ndarray('int64', shape);
  from.starts.forEach((start, lane) => {
    const order = Array.from({ length: from.length }, (_, i) => i).sort(
      (a, b) => sign * (x.data[start + b * from.step] - x.data[start + a * from.step]) || a - b,
    );
    for (let i = 0; i < k; i++) {
      values.data[to.starts[lane] + i * to.step] = x.data[start + order[i] * from.step];
      indices.data[to.starts[lane] + i * to.step] = order[i];
    }
  });
  return [values, indices];
};

export const reductions: Family = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction((values) => sum(values) / values.length),
  ReduceMax: reduction(max),
  ReduceMin: reduction(min),
  ReduceProd: reduction((values) => values.reduce((product, x) => product * x, 1)),
  ReduceSumSquare: reduction((values) => values.reduce((total, x) => total + x * x, 0)),
  ReduceL1: reduction((values) => values.reduce((total, x) => total + Math.abs(x), 0)),
  ReduceL2: reduction((values) => Math.sqrt(values.reduce((total, x) => total + x * x, 0))),
  ReduceLogSum: reduction((values) => Math.log(sum(values))),
  ReduceLogSumExp: reduction(logSumExp),
  ArgMax: arg((candidate, best) => candidate > best),
  ArgMin: arg((candidate, best) => candidate < best),
  CumSum: cumSum,
  TopK: topK,
};
