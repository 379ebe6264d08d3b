import { getFloat, getInt, getInts, int, ints } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import { elementCount } from '../graph/tensor';
import { fromFront, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';

/** [1, C, 1, …] of the given rank. */
const perChannel = (b: Builder, vector: string, rank: number): string =>
  b.reshape(vector, [1, b.shape(vector)[0], ...new Array<number>(rank - 2).fill(1)]);

const axesFrom = (start: number, rank: number): number[] =>
  Array.from({ length: rank - start }, (_, axis) => start + axis);

const others = (b: Builder, value: string, kept: number): number[] =>
  b.shape(value).flatMap((_, axis) => (axis === kept ? [] : [axis]));

/** 1 / √(variance + ε). */
const inverseDeviation = (b: Builder, variance: string, epsilon: number): string =>
  b.op('Reciprocal', [b.op('Sqrt', [b.add(variance, b.float(epsilon, b.dtype(variance)))])]);

const batchNormalization: VjpRule = ({ node, b, cotangents, needs }) => {
  if (getInt(node, 'training_mode', 0) === 1)
    throw unsupported(
      node,
      'training_mode',
      'statistics of the batch make items depend on each other; export in evaluation mode',
    );
  const dy = cotangents[0] as string;
  const [x, scale, , mean, variance] = node.inputs;
  const rank = b.rank(x);
  const r = inverseDeviation(b, variance, getFloat(node, 'epsilon', 1e-5));
  const gain = b.mul(scale, r);
  const summed = (): string => b.sum(dy, others(b, dy, 1), false);
  /** Σ dy·(x − mean), per channel. */
  const correlation = (): string => b.sum(b.mul(dy, b.sub(x, perChannel(b, mean, rank))), others(b, dy, 1), false);
  return [
    needs(0) ? b.mul(dy, perChannel(b, gain, rank)) : null,
    needs(1) ? b.mul(correlation(), r) : null,
    needs(2) ? summed() : null,
    needs(3) ? b.neg(b.mul(summed(), gain)) : null,
    needs(4) ? b.scale(b.mul(b.mul(correlation(), gain), b.mul(r, r)), -0.5) : null,
  ];
};

interface Standardised {
  readonly axes: readonly number[];
  readonly centred: string;
  /** 1 / √(variance + ε), kept dimensions. */
  readonly r: string;
  /** (x − mean)·r */
  readonly normal: string;
}

/** Mean 0 and variance 1 over the axes: what Layer-, Instance- and GroupNormalization share. */
function standardise(b: Builder, x: string, axes: readonly number[], epsilon: number): Standardised {
  const centred = b.sub(x, b.mean(x, axes));
  const r = inverseDeviation(b, b.mean(b.mul(centred, centred), axes), epsilon);
  return { axes, centred, r, normal: b.mul(centred, r) };
}

/** From the cotangent of the standardised value to that of the value. */
function unstandardise(b: Builder, g: string, { axes, r, normal }: Standardised): string {
  const along = b.mul(normal, b.mean(b.mul(g, normal), axes));
  return b.mul(r, b.sub(b.sub(g, b.mean(g, axes)), along));
}

const layerNormalization: VjpRule = ({ node, b, cotangents, needs }) => {
  const [dy, dMean = null, dInverse = null] = cotangents;
  const [x, scale] = node.inputs;
  const axes = axesFrom(fromFront(getInt(node, 'axis', -1), b.rank(x)), b.rank(x));
  const s = standardise(b, x, axes, getFloat(node, 'epsilon', 1e-5));
  const count = b.float(elementCount(axes.map((axis) => b.shape(x)[axis])), b.dtype(x));
  const parts: string[] = [];
  if (needs(0)) {
    if (dy !== null) parts.push(unstandardise(b, b.mul(dy, scale), s));
    if (dMean !== null) parts.push(b.expand(b.div(dMean, count), b.shape(x)));
    if (dInverse !== null) parts.push(b.neg(b.mul(b.div(dInverse, count), b.mul(b.mul(s.normal, s.r), s.r))));
  }
  return [
    parts.length > 0 ? parts.reduce(b.add) : null,
    needs(1) && dy !== null ? b.mul(dy, s.normal) : null,
    needs(2) ? dy : null,
  ];
};

const instanceNormalization: VjpRule = ({ node, b, cotangents, needs }) => {
  const dy = cotangents[0] as string;
  const [x, scale] = node.inputs;
  const rank = b.rank(x);
  const s = standardise(b, x, axesFrom(2, rank), getFloat(node, 'epsilon', 1e-5));
  return [
    needs(0) ? unstandardise(b, b.mul(dy, perChannel(b, scale, rank)), s) : null,
    needs(1) ? b.sum(b.mul(dy, s.normal), others(b, x, 1), false) : null,
    needs(2) ? b.sum(dy, others(b, x, 1), false) : null,
  ];
};

/** Scale and bias are per channel (opset 21). */
const groupNormalization: VjpRule = ({ node, b, cotangents, needs }) => {
  const dy = cotangents[0] as string;
  const [x, scale] = node.inputs;
  const shape = b.shape(x);
  const groups = getInt(node, 'num_groups', 1);
  const grouped = [shape[0], groups, (shape[1] / groups) * shape.slice(2).reduce((product, dim) => product * dim, 1)];
  const s = standardise(b, b.reshape(x, grouped), [2], getFloat(node, 'epsilon', 1e-5));
  const scaled = (): string => b.reshape(b.mul(dy, perChannel(b, scale, shape.length)), grouped);
  return [
    needs(0) ? b.reshape(unstandardise(b, scaled(), s), shape) : null,
    needs(1) ? b.sum(b.mul(dy, b.reshape(s.normal, shape)), others(b, x, 1), false) : null,
    needs(2) ? b.sum(dy, others(b, x, 1), false) : null,
  ];
};

/** ONNX adds 1e-9 to the standard deviation; inside the root it would vanish in float32, outside it avoids 0 / 0. */
const meanVarianceNormalization: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const [x] = node.inputs;
  const axes = getInts(node, 'axes') ?? [0, 2, 3];
  const centred = b.sub(x, b.mean(x, axes));
  const deviation = b.op('Sqrt', [b.mean(b.mul(centred, centred), axes)]);
  const r = b.op('Reciprocal', [b.add(deviation, b.float(1e-9, b.dtype(x)))]);
  return [unstandardise(b, dy, { axes, centred, r, normal: b.mul(centred, r) })];
};

/** Sum over `before` channels ahead, the channel itself and `after` channels behind. */
function channelSum(b: Builder, x: string, before: number, after: number): string {
  const shape = b.shape(x);
  const size = before + 1 + after;
  if (size === 1) return x;
  const image = b.reshape(x, [shape[0], 1, shape[1], -1]);
  const mean = b.op('AveragePool', [image], {
    kernel_shape: ints([size, 1]),
    pads: ints([before, 0, after, 0]),
    count_include_pad: int(1),
  });
  return b.reshape(b.scale(mean, size), shape);
}

/** y = x·s^−β, s = bias + α/size · Σ x² over neighbouring channels. */
const lrn: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const [x] = node.inputs;
  const size = getInt(node, 'size', 1);
  const alpha = getFloat(node, 'alpha', 1e-4);
  const beta = getFloat(node, 'beta', 0.75);
  const before = Math.floor((size - 1) / 2);
  const after = size - 1 - before;
  const number = (value: number): string => b.float(value, b.dtype(x));
  const s = b.add(b.scale(channelSum(b, b.mul(x, x), before, after), alpha / size), number(getFloat(node, 'bias', 1)));
  const power = b.op('Pow', [s, number(-beta)]);
  const direct = b.mul(dy, power);
  const shared = channelSum(b, b.div(b.mul(direct, x), s), after, before);
  return [b.sub(direct, b.scale(b.mul(x, shared), (2 * alpha * beta) / size))];
};

/** y = x / ‖x‖, and 0 where the norm is 0; there the derivative is taken as 0 too. */
const lpNormalization: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const [x] = node.inputs;
  const p = getInt(node, 'p', 2);
  if (p !== 1 && p !== 2) throw unsupported(node, 'p', `ONNX defines the norms 1 and 2 only, not ${p}`);
  const axes = [getInt(node, 'axis', -1)];
  const norm = b.op(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, b.ints(axes)], { keepdims: int(1) });
  const number = (value: number): string => b.float(value, b.dtype(x));
  const zero = b.op('Equal', [norm, number(0)]);
  const safe = b.op('Where', [zero, number(1), norm]);
  const y = b.div(x, safe);
  const direction = p === 1 ? b.op('Sign', [x]) : y;
  const inner = b.sub(dy, b.mul(direction, b.sum(b.mul(dy, y), axes)));
  return [b.op('Where', [zero, number(0), b.div(inner, safe)])];
};

/** Normalisations; their statistics are recomputed from the input with elementary operators, so that they differentiate again. */
export const normalization: VjpRules = [
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['InstanceNormalization', instanceNormalization],
  ['GroupNormalization', groupNormalization],
  ['MeanVarianceNormalization', meanVarianceNormalization],
  ['LRN', lrn],
  ['LpNormalization', lpNormalization],
];
