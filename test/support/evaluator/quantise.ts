import { getInt } from '../../../src/graph/attributes';
import type { DataType, Node } from '../../../src/graph/ir';
import { axisOf, map, type NdArray, reshaped } from './array';
import { roundHalfToEven, zip } from './elementwise';
import type { Family, Operator } from './operator';

const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** A scale or zero point, one number or one a position of the node's axis, in a shape that broadcasts to x. */
function alongAxis(node: Node, x: NdArray, parameter: NdArray): NdArray {
  if (parameter.data.length === 1) return reshaped(parameter, []);
  const axis = axisOf(getInt(node, 'axis', 1), x.shape.length);
  return reshaped(
    parameter,
    x.shape.map((_, i) => (i === axis ? parameter.data.length : 1)),
  );
}

const quantizeLinear: Operator = ({ node, input, inputs }) => {
  const x = input(0);
  const zero = inputs[2];
  const dtype = zero?.dtype ?? 'uint8';
  const [low, high] = RANGES[dtype] ?? [0, 0];
  const scaled = zip(x, alongAxis(node, x, input(1)), (value, scale) => roundHalfToEven(value / scale));
  const placed = zero ? zip(scaled, alongAxis(node, x, zero), (value, shift) => value + shift) : scaled;
  return [map(placed, (value) => Math.min(Math.max(value, low), high), dtype)];
};

const dequantizeLinear: Operator = ({ node, input, inputs }) => {
  const x = input(0);
  const zero = inputs[2];
  const centred = zero ? zip(x, alongAxis(node, x, zero), (value, shift) => value - shift) : x;
  return [zip(centred, alongAxis(node, x, input(1)), (value, scale) => value * scale, input(1).dtype)];
};

/** 8- and 16-bit quantisation, by tensor or by axis. */
export const quantisation: Family = { QuantizeLinear: quantizeLinear, DequantizeLinear: dequantizeLinear };
