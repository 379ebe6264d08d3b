import { getFloat, getInt, getInts } from '../../../src/graph/attributes';
import { axisOf, broadcastTo, lanes, map, type NdArray, ndarray, reshaped, sizeOf } from './array';
import { zip } from './elementwise';
import type { Family, Operator } from './operator';
import { reduceOver } from './reduce';

const add = (a: NdArray, b: NdArray): NdArray => zip(a, b, (x, y) => x + y);
const sub = (a: NdArray, b: NdArray): NdArray => zip(a, b, (x, y) => x - y);
const mul = (a: NdArray, b: NdArray): NdArray => zip(a, b, (x, y) => x * y);

const meanOver = (x: NdArray, axes: readonly number[]): NdArray =>
  reduceOver(x, axes, true, (values) => values.reduce((sum, value) => sum + value, 0) / values.length);

/** (x − mean) · 1/√(variance + ε) over axes, with the two statistics. */
function standardise(
  x: NdArray,
  axes: readonly number[],
  epsilon: number,
): { y: NdArray; mean: NdArray; scale: NdArray } {
  const mean = meanOver(x, axes);
  const centred = sub(x, mean);
  const scale = map(meanOver(mul(centred, centred), axes), (variance) => 1 / Math.sqrt(variance + epsilon));
  return { y: mul(centred, scale), mean, scale };
}

/** One number a channel, shaped to broadcast over [N, C, …]. */
const perChannel = (x: NdArray, rank: number): NdArray =>
  reshaped(x, [x.data.length, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);

const batchNormalization: Operator = ({ node, input }) => {
  if (getInt(node, 'training_mode', 0) !== 0) throw new Error('BatchNormalization in training mode');
  const epsilon = getFloat(node, 'epsilon', 1e-5);
  const rank = input(0).shape.length;
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => perChannel(input(i), rank));
  const inverse = map(variance, (v) => 1 / Math.sqrt(v + epsilon));
  return [add(mul(mul(sub(input(0), mean), inverse), scale), bias)];
};

const layerNormalization: Operator = ({ node, input, inputs }) => {
  const x = input(0);
  const axis = axisOf(getInt(node, 'axis', -1), x.shape.length);
  const axes = x.shape.map((_, i) => i).filter((i) => i >= axis);
  const { y, mean, scale } = standardise(x, axes, getFloat(node, 'epsilon', 1e-5));
  const scaled = mul(y, input(1));
  return [inputs[2] ? add(scaled, inputs[2]) : scaled, mean, scale].slice(0, node.outputs.length);
};

const rmsNormalization: Operator = ({ node, input }) => {
  const x = input(0);
  const axis = axisOf(getInt(node, 'axis', -1), x.shape.length);
  const axes = x.shape.map((_, i) => i).filter((i) => i >= axis);
  const epsilon = getFloat(node, 'epsilon', 1e-5);
  const scale = map(meanOver(mul(x, x), axes), (square) => 1 / Math.sqrt(square + epsilon));
  return [mul(mul(x, scale), input(1))];
};

const instanceNormalization: Operator = ({ node, input }) => {
  const x = input(0);
  const axes = x.shape.map((_, i) => i).filter((i) => i >= 2);
  const { y } = standardise(x, axes, getFloat(node, 'epsilon', 1e-5));
  return [add(mul(y, perChannel(input(1), x.shape.length)), perChannel(input(2), x.shape.length))];
};

const groupNormalization: Operator = ({ node, input }) => {
  const x = input(0);
  const groups = getInt(node, 'num_groups', 1);
  const grouped = reshaped(x, [x.shape[0], groups, sizeOf(x.shape.slice(1)) / groups]);
  const { y } = standardise(grouped, [2], getFloat(node, 'epsilon', 1e-5));
  const rank = x.shape.length;
  return [add(mul(reshaped(y, x.shape), perChannel(input(1), rank)), perChannel(input(2), rank))];
};

const localResponse: Operator = ({ node, input }) => {
  const x = input(0);
  const size = getInt(node, 'size', 1);
  const [alpha, beta] = [getFloat(node, 'alpha', 1e-4), getFloat(node, 'beta', 0.75)];
  const bias = getFloat(node, 'bias', 1);
  const { starts, length, step } = lanes(x.shape, 1);
  const out = ndarray(x.dtype, x.shape);
  for (const start of starts) {
    for (let c = 0; c < length; c++) {
      let sum = 0;
      const from = Math.max(0, c - Math.floor((size - 1) / 2));
      const to = Math.min(length - 1, c + Math.ceil((size - 1) / 2));
      for (let k = from; k <= to; k++) sum += x.data[start + k * step] ** 2;
      out.data[start + c * step] = x.data[start + c * step] / (bias + (alpha / size) * sum) ** beta;
    }
  }
  return [out];
};

const lpNormalization: Operator = ({ node, input }) => {
  const x = input(0);
  const p = getInt(node, 'p', 2);
  const norm = reduceOver(
    x,
    [axisOf(getInt(node, 'axis', -1), x.shape.length)],
    true,
    (values) => values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p),
  );
  return [zip(x, broadcastTo(norm, x.shape), (value, length) => (length === 0 ? 0 : value / length))];
};

const meanVariance: Operator = ({ node, input }) => {
  const x = input(0);
  const axes = (getInts(node, 'axes') ?? [0, 2, 3]).map((axis) => axisOf(axis, x.shape.length));
  const centred = sub(x, meanOver(x, axes));
  const deviation = map(meanOver(mul(centred, centred), axes), Math.sqrt);
  return [zip(centred, deviation, (value, std) => value / (std + 1e-9))];
};

export const normalisations: Family = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LRN: localResponse,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVariance,
};
