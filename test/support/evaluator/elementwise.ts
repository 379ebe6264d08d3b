import { getFloat, getInt, getString } from '../../../src/graph/attributes';
import type { DataType } from '../../../src/graph/ir';
import { isFloating } from '../../../src/graph/tensor';
import { broadcastOffsets, broadcastShape, map, type NdArray, ndarray } from './array';
import type { Family, Operator } from './operator';

/** Applies a function of two numbers with broadcasting. */
export function zip(a: NdArray, b: NdArray, f: (x: number, y: number) => number, dtype: DataType = a.dtype): NdArray {
  const shape = broadcastShape(a.shape, b.shape);
  const at = broadcastOffsets(a.shape, shape);
  const bt = broadcastOffsets(b.shape, shape);
  const data = new Float64Array(at.length);
  for (let i = 0; i < data.length; i++) data[i] = f(a.data[at[i]], b.data[bt[i]]);
  return ndarray(dtype, shape, data);
}

const unary =
  (f: (x: number) => number, dtype?: DataType): Operator =>
  ({ input }) => [map(input(0), f, dtype)];

const binary =
  (f: (x: number, y: number) => number, dtype?: DataType): Operator =>
  ({ input }) => [zip(input(0), input(1), f, dtype)];

const variadic =
  (f: (x: number, y: number) => number, finish: (x: number, count: number) => number = (x) => x): Operator =>
  ({ node, input }) => {
    let result = input(0);
    for (let i = 1; i < node.inputs.length; i++) result = zip(result, input(i), f);
    return [map(result, (x) => finish(x, node.inputs.length))];
  };

/** erf to the last bits: a series of positive terms near zero, a continued fraction far out. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; term > 1e-18 * sum; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  }
  let fraction = 0;
  for (let n = 120; n >= 1; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const BY_NUMBER: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

const WRAP: Partial<Record<DataType, (x: number) => number>> = {
  uint8: (x) => Uint8Array.of(x)[0],
  int8: (x) => Int8Array.of(x)[0],
  uint16: (x) => Uint16Array.of(x)[0],
  int16: (x) => Int16Array.of(x)[0],
  int32: (x) => Int32Array.of(x)[0],
  uint32: (x) => Uint32Array.of(x)[0],
  bool: (x) => (x !== 0 ? 1 : 0),
};

/** Casts; between floating types nothing changes, for the reference computes all of them in float64. */
function cast(x: NdArray, dtype: DataType): NdArray {
  if (isFloating(dtype)) return { ...x, dtype };
  const wrap = WRAP[dtype];
  return map(
    x,
    wrap && dtype !== x.dtype ? (value) => wrap(dtype === 'bool' ? value : Math.trunc(value)) : Math.trunc,
    dtype,
  );
}

const dataType = (to: number): DataType => {
  const dtype = BY_NUMBER[to];
  if (!dtype) throw new Error(`cast to element type ${to}`);
  return dtype;
};

const div: Operator = ({ input }) => [
  zip(input(0), input(1), isFloating(input(0).dtype) ? (x, y) => x / y : (x, y) => Math.trunc(x / y)),
];

const pow: Operator = ({ input }) => [
  zip(input(0), input(1), isFloating(input(0).dtype) ? (x, y) => x ** y : (x, y) => Math.trunc(x ** y)),
];

const mod: Operator = ({ node, input }) => [
  zip(input(0), input(1), getInt(node, 'fmod', 0) ? (x, y) => x % y : (x, y) => x - y * Math.floor(x / y)),
];

const clip: Operator = ({ input, inputs }) => {
  const low = inputs[1]?.data[0] ?? Number.NEGATIVE_INFINITY;
  const high = inputs[2]?.data[0] ?? Number.POSITIVE_INFINITY;
  return [map(input(0), (x) => Math.min(Math.max(x, low), high))];
};

const where: Operator = ({ input }) => {
  const [condition, a, b] = [input(0), input(1), input(2)];
  const shape = broadcastShape(condition.shape, a.shape, b.shape);
  const ct = broadcastOffsets(condition.shape, shape);
  const at = broadcastOffsets(a.shape, shape);
  const bt = broadcastOffsets(b.shape, shape);
  return [
    ndarray(
      a.dtype,
      shape,
      Float64Array.from(ct, (c, i) => (condition.data[c] ? a.data[at[i]] : b.data[bt[i]])),
    ),
  ];
};

const isInf: Operator = ({ node, input }) => {
  const negative = getInt(node, 'detect_negative', 1);
  const positive = getInt(node, 'detect_positive', 1);
  const test = (x: number): boolean =>
    (positive === 1 && x === Number.POSITIVE_INFINITY) || (negative === 1 && x === Number.NEGATIVE_INFINITY);
  return [map(input(0), (x) => Number(test(x)), 'bool')];
};

const dropout: Operator = ({ node, input, inputs }) => {
  if (inputs[2]?.data[0] && (inputs[1]?.data[0] ?? 0.5) !== 0) throw new Error('Dropout in training mode is random');
  return [input(0), ndarray('bool', input(0).shape, new Float64Array(input(0).data.length).fill(1))].slice(
    0,
    node.outputs.length,
  );
};

const bitShift: Operator = ({ node, input }) => {
  const left = getString(node, 'direction', '') === 'LEFT';
  return [zip(input(0), input(1), (x, y) => (left ? x * 2 ** y : Math.floor(x / 2 ** y)))];
};

const shrink: Operator = ({ node, input }) => {
  const bias = getFloat(node, 'bias', 0);
  const lambd = getFloat(node, 'lambd', 0.5);
  return [map(input(0), (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0))];
};

/** Elementwise arithmetic, comparison, logic and selection; all with numpy's broadcasting. */
export const elementwise: Family = {
  Add: binary((x, y) => x + y),
  Sub: binary((x, y) => x - y),
  Mul: binary((x, y) => x * y),
  Div: div,
  Pow: pow,
  Mod: mod,
  Sum: variadic((x, y) => x + y),
  Mean: variadic(
    (x, y) => x + y,
    (x, count) => x / count,
  ),
  Max: variadic(Math.max),
  Min: variadic(Math.min),
  Equal: binary((x, y) => Number(x === y), 'bool'),
  Greater: binary((x, y) => Number(x > y), 'bool'),
  GreaterOrEqual: binary((x, y) => Number(x >= y), 'bool'),
  Less: binary((x, y) => Number(x < y), 'bool'),
  LessOrEqual: binary((x, y) => Number(x <= y), 'bool'),
  And: binary((x, y) => Number(x !== 0 && y !== 0), 'bool'),
  Or: binary((x, y) => Number(x !== 0 || y !== 0), 'bool'),
  Xor: binary((x, y) => Number((x !== 0) !== (y !== 0)), 'bool'),
  Not: unary((x) => Number(x === 0), 'bool'),
  BitShift: bitShift,
  BitwiseAnd: binary((x, y) => Number(BigInt(x) & BigInt(y))),
  BitwiseOr: binary((x, y) => Number(BigInt(x) | BigInt(y))),
  BitwiseXor: binary((x, y) => Number(BigInt(x) ^ BigInt(y))),
  BitwiseNot: unary((x) => -x - 1),
  IsNaN: unary((x) => Number(Number.isNaN(x)), 'bool'),
  IsInf: isInf,
  Abs: unary(Math.abs),
  Neg: unary((x) => -x),
  Sign: unary(Math.sign),
  Ceil: unary(Math.ceil),
  Floor: unary(Math.floor),
  Round: unary(roundHalfToEven),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Reciprocal: unary((x) => 1 / x),
  Erf: unary(erf),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Asinh: unary(Math.asinh),
  Acosh: unary(Math.acosh),
  Atanh: unary(Math.atanh),
  Clip: clip,
  Where: where,
  Cast: ({ node, input }) => [cast(input(0), dataType(getInt(node, 'to', 1)))],
  CastLike: ({ input }) => [cast(input(0), input(1).dtype)],
  Identity: ({ input }) => [input(0)],
  Dropout: dropout,
  Shrink: shrink,
};
