import { getInt } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { DataType, Node } from '../graph/ir';
import { elementCount } from '../graph/tensor';
import { castTo, fromFront, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';

/**
 * Straight-through gradients: rounding counts as the identity, saturation as the clamp it is. The cotangent of a
 * quantised value is that of the whole number it holds.
 */

const RANGES: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Scale or zero point in a shape that broadcasts against the value: one number, one an axis position, or blocks. */
function spread(node: Node, b: Builder, parameter: string): string {
  const shape = b.shape(node.inputs[0]);
  const own = b.shape(parameter);
  if (own.reduce((product, dim) => product * dim, 1) === 1) return b.reshape(parameter, []);
  const axis = fromFront(getInt(node, 'axis', 1), shape.length);
  if (own.length === 1)
    return b.reshape(
      parameter,
      shape.map((dim, i) => (i === axis ? dim : 1)),
    );
  const block = getInt(node, 'block_size', 0);
  const split = [...own.slice(0, axis + 1), 1, ...own.slice(axis + 1)];
  const repeated = b.expand(
    b.reshape(parameter, split),
    split.map((dim, i) => (i === axis + 1 ? block : dim)),
  );
  const joined = own.map((dim, i) => (i === axis ? dim * block : dim));
  return b.slice(b.reshape(repeated, joined), [axis], [0], [shape[axis]]);
}

const quantizeLinear: VjpRule = ({ node, b, cotangents }) => {
  const [x, scale, zeroPoint] = node.inputs;
  const range = RANGES[b.dtype(node.outputs[0])];
  if (!range) throw unsupported(node, 'output_dtype', `rounding to ${b.dtype(node.outputs[0])} is not treated`);
  const dtype = b.dtype(x);
  const step = castTo(b, spread(node, b, scale), dtype);
  const rounded = b.op('Round', [b.div(x, step)]);
  const zero = zeroPoint ? castTo(b, spread(node, b, zeroPoint), dtype) : undefined;
  const place = zero ? b.add(rounded, zero) : rounded;
  // What lands on an end counts as cut off: with the zero point there, a Relu was merged into the quantisation.
  const inside = b.op('And', [
    b.op('Greater', [place, b.float(range[0], dtype)]),
    b.op('Less', [place, b.float(range[1], dtype)]),
  ]);
  return [b.op('Where', [inside, b.div(cotangents[0] as string, step), b.float(0, dtype)])];
};

/** What a scale gets: for one number the sum of all, for one an axis position the sum of all other axes. */
function gatherScale(node: Node, b: Builder, gradient: string): string {
  const shape = b.shape(gradient);
  const own = b.shape(node.inputs[1]);
  if (own.length > 1) throw unsupported(node, 'x_scale', 'a gradient of the scales of blocks is not treated');
  const isSingle = elementCount(own) === 1;
  const axis = fromFront(getInt(node, 'axis', 1), shape.length);
  const axes = shape.flatMap((_, i) => (!isSingle && i === axis ? [] : [i]));
  return b.reshape(b.sum(gradient, axes), own);
}

const dequantizeLinear: VjpRule = ({ node, b, cotangents, needs }) => {
  const dy = cotangents[0] as string;
  const [x, scale, zeroPoint] = node.inputs;
  const dtype = b.dtype(dy);
  const whole = (): string => {
    const value = castTo(b, x, dtype);
    return zeroPoint ? b.sub(value, castTo(b, spread(node, b, zeroPoint), dtype)) : value;
  };
  return [
    needs(0) ? b.mul(dy, castTo(b, spread(node, b, scale), dtype)) : null,
    needs(1) ? castTo(b, gatherScale(node, b, b.mul(dy, whole())), b.dtype(scale)) : null,
  ];
};

/** Quantisation in the form that keeps floating operators between pairs of these two. */
export const quantize: VjpRules = [
  ['QuantizeLinear', quantizeLinear],
  ['DequantizeLinear', dequantizeLinear],
];
