import { getFloat, getString } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import { toNumbers } from '../graph/tensor';
import { castTo, isStep, oneMinusSquare, shift, step, unary } from './common';
import type { VjpRule, VjpRules } from './rule';

const one = (b: Builder, like: string): string => b.float(1, b.dtype(like));
const negativePart = (b: Builder, x: string): string => b.op('Min', [x, b.float(0, b.dtype(x))]);
const isPositive = (b: Builder, x: string): string => b.op('Greater', [x, b.float(0, b.dtype(x))]);

/** The mask comes from the output: one from the input would keep onnxruntime from fusing Relu into the Conv before. */
const relu: VjpRule = ({ node, b, cotangents: [dy] }) => [b.mul(dy as string, step(b, node.outputs[0]))];

/**
 * y = min(max(x, low), high). At a bound the gradient of x is 0, as for Relu; the bounds share what x does not get, high
 * first. Constant bounds become exact steps of the output, which keep the fusion with a Conv before.
 */
const clip: VjpRule = ({ node, b, cotangents: [dy], needs }) => {
  const [x, low, high] = node.inputs;
  const y = node.outputs[0];
  const constants = [low, high].map((bound) => (bound ? b.initializer(bound) : undefined));
  const bounded = (bound: string, index: number): string => {
    const constant = constants[index];
    const sign = index === 0 ? 1 : -1;
    if (constant) {
      const [value] = toNumbers(constant);
      return Math.abs(value) > 3.4e38 ? '' : step(b, y, value, sign);
    }
    return castTo(b, b.op(sign === 1 ? 'Greater' : 'Less', [y, bound]), b.dtype(x));
  };
  let inner = dy as string;
  if (needs(0)) {
    for (const factor of [low && bounded(low, 0), high && bounded(high, 1)]) if (factor) inner = b.mul(inner, factor);
  }
  if (!needs(1) && !needs(2)) return [inner];
  const zero = b.zerosLike(x);
  const atHigh = high ? b.op('GreaterOrEqual', [y, high]) : undefined;
  const rest = atHigh ? b.op('Where', [atHigh, zero, dy as string]) : (dy as string);
  return [
    needs(0) ? inner : null,
    needs(1) ? b.op('Where', [b.op('LessOrEqual', [y, low]), rest, zero]) : null,
    needs(2) && atHigh ? b.op('Where', [atHigh, dy as string, zero]) : null,
  ];
};

const leakyRelu = unary((x, y, b, node) => {
  const alpha = getFloat(node, 'alpha', 0.01);
  if (alpha >= 0 && alpha <= 1) return b.op('Max', [step(b, y), b.float(alpha, b.dtype(x))]);
  return b.op('Where', [isPositive(b, x), one(b, x), b.float(alpha, b.dtype(x))]);
});

const pRelu: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, slope] = node.inputs;
  const dy = cotangents[0] as string;
  return [
    needs(0) ? b.op('Where', [isPositive(b, x), dy, b.mul(dy, slope)]) : null,
    needs(1) ? b.mul(dy, negativePart(b, x)) : null,
  ];
};

const elu = unary((x, _y, b, node) => {
  const alpha = getFloat(node, 'alpha', 1);
  const slope = b.op('Exp', [negativePart(b, x)]);
  return alpha === 1 ? slope : b.op('Where', [isPositive(b, x), one(b, x), b.scale(slope, alpha)]);
});

const selu = unary((x, _y, b, node) => {
  const alpha = getFloat(node, 'alpha', Math.fround(1.6732631921768188));
  const gamma = getFloat(node, 'gamma', Math.fround(1.0507010221481323));
  const slope = b.scale(b.op('Exp', [negativePart(b, x)]), alpha * gamma);
  return b.op('Where', [isPositive(b, x), b.float(gamma, b.dtype(x)), slope]);
});

const celu = unary((x, _y, b, node) => b.op('Exp', [b.scale(negativePart(b, x), 1 / getFloat(node, 'alpha', 1))]));

const sigmoid = unary((x, y, b) => b.mul(y, b.sub(one(b, x), y)));

const softsign = unary((x, _y, b) => {
  const denominator = shift(b, b.op('Abs', [x]), 1);
  return b.op('Reciprocal', [b.mul(denominator, denominator)]);
});

/** 1 strictly between the bounds, else 0. */
const between = (b: Builder, x: string, low: number, high: number): string =>
  b.mul(step(b, x, low), step(b, x, high, -1));

const hardSigmoid: VjpRule = ({ node, b, cotangents: [dy] }) => {
  const alpha = getFloat(node, 'alpha', 0.2);
  if (isStep(alpha)) return [];
  return [b.scale(b.mul(dy as string, between(b, node.outputs[0], 0, 1)), alpha)];
};

const hardSwish = unary((x, _y, b) => {
  const dtype = b.dtype(x);
  const gate = b.op('Clip', [shift(b, b.scale(x, 1 / 6), 0.5), b.float(0, dtype), b.float(1, dtype)]);
  return b.add(gate, b.mul(b.scale(x, 1 / 6), between(b, x, -3, 3)));
});

/** Φ(x) + x·φ(x). */
const geluExact = (x: string, b: Builder): string => {
  const cdf = b.scale(shift(b, b.op('Erf', [b.scale(x, Math.SQRT1_2)]), 1), 0.5);
  const density = b.scale(b.op('Exp', [b.scale(b.mul(x, x), -0.5)]), 1 / Math.sqrt(2 * Math.PI));
  return b.add(cdf, b.mul(x, density));
};

/** Of ½x(1 + tanh u), u = √(2/π)(x + c·x³). */
const geluTanh = (x: string, b: Builder): string => {
  const c = 0.044715;
  const k = Math.sqrt(2 / Math.PI);
  const square = b.mul(x, x);
  const t = b.op('Tanh', [b.scale(b.mul(x, shift(b, b.scale(square, c), 1)), k)]);
  const inner = b.scale(shift(b, b.scale(square, 3 * c), 1), k / 2);
  return b.add(b.scale(shift(b, t, 1), 0.5), b.mul(b.mul(x, oneMinusSquare(b, t)), inner));
};

const gelu = unary((x, _y, b, node) =>
  getString(node, 'approximate', 'none') === 'tanh' ? geluTanh(x, b) : geluExact(x, b),
);

/** Of x·tanh(softplus(x)). */
const mish = unary((x, _y, b) => {
  const t = b.op('Tanh', [b.op('Softplus', [x])]);
  return b.add(t, b.mul(b.mul(x, oneMinusSquare(b, t)), b.op('Sigmoid', [x])));
});

const thresholdedRelu = unary((x, y, b, node) => {
  const alpha = getFloat(node, 'alpha', 1);
  return alpha >= 0 ? step(b, y) : step(b, x, alpha);
});

const shrink = unary((x, _y, b, node) => step(b, b.op('Abs', [x]), getFloat(node, 'lambd', 0.5)));

const erf = unary((x, _y, b) => b.scale(b.op('Exp', [b.neg(b.mul(x, x))]), 2 / Math.sqrt(Math.PI)));

/** Pointwise nonlinearities. */
export const activation: VjpRules = [
  ['Relu', relu],
  ['Clip', clip],
  ['LeakyRelu', leakyRelu],
  ['PRelu', pRelu],
  ['Elu', elu],
  ['Selu', selu],
  ['Celu', celu],
  ['Sigmoid', sigmoid],
  ['Tanh', unary((_x, y, b) => oneMinusSquare(b, y))],
  ['Softplus', unary((x, _y, b) => b.op('Sigmoid', [x]))],
  ['Softsign', softsign],
  ['HardSigmoid', hardSigmoid],
  ['HardSwish', hardSwish],
  ['Gelu', gelu],
  ['Mish', mish],
  ['ThresholdedRelu', thresholdedRelu],
  ['Shrink', shrink],
  ['Erf', erf],
];
