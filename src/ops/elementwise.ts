import type { Builder } from '../graph/builder';
import { floating, isFloating, toNumbers } from '../graph/tensor';
import { castTo, constantInput, none, oneMinusSquare, shift, unary, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';

const sub: VjpRule = ({ b, cotangents: [dy], needs }) => [dy, needs(1) ? b.neg(dy as string) : null];

const mul: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, y] = node.inputs;
  const dy = cotangents[0] as string;
  return [needs(0) ? b.mul(dy, y) : null, needs(1) ? b.mul(dy, x) : null];
};

const div: VjpRule = ({ node, b, cotangents, needs }) => {
  const dx = b.div(cotangents[0] as string, node.inputs[1]);
  return [needs(0) ? dx : null, needs(1) ? b.neg(b.mul(dx, node.outputs[0])) : null];
};

/** e·xᵉ⁻¹, with 0 where e is 0, whatever x is. */
function powerSlope(b: Builder, x: string, exponent: string): string {
  const dtype = b.dtype(x);
  const constant = b.initializer(exponent);
  if (constant) {
    const values = Array.from(toNumbers(constant));
    if (values.every((value) => value === 2)) return b.scale(x, 2);
    const power = b.constant(
      floating(
        dtype,
        values.map((value) => (value === 0 ? 0 : value - 1)),
        constant.shape,
      ),
    );
    return b.mul(b.constant(floating(dtype, values, constant.shape)), b.op('Pow', [x, power]));
  }
  const e = castTo(b, exponent, dtype);
  const isZero = b.op('Equal', [e, b.float(0, dtype)]);
  const power = b.op('Where', [isZero, b.float(0, dtype), shift(b, e, -1)]);
  return b.mul(e, b.op('Pow', [x, power]));
}

/** y·ln x, with 0 where x is 0: the limit for a positive exponent. */
function powerLog(b: Builder, x: string, y: string): string {
  const dtype = b.dtype(x);
  const isZero = b.op('Equal', [x, b.float(0, dtype)]);
  return b.mul(y, b.op('Log', [b.op('Where', [isZero, b.float(1, dtype), x])]));
}

const pow: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, exponent] = node.inputs;
  const dy = cotangents[0] as string;
  return [
    needs(0) ? b.mul(dy, powerSlope(b, x, exponent)) : null,
    needs(1) ? castTo(b, b.mul(dy, powerLog(b, x, node.outputs[0])), b.dtype(exponent)) : null,
  ];
};

/** Max and Min of any number of inputs; among equal ones the first takes the whole gradient. */
const extreme =
  (wins: 'GreaterOrEqual' | 'LessOrEqual'): VjpRule =>
  ({ node, b, cotangents, needs }) => {
    const y = node.outputs[0];
    let rest = cotangents[0] as string;
    if (node.inputs.length === 1) return [rest];
    const zero = b.zerosLike(y);
    if (node.inputs.length === 2) {
      const first = b.op(wins, [...node.inputs]);
      return [
        needs(0) ? b.op('Where', [first, rest, zero]) : null,
        needs(1) ? b.op('Where', [first, zero, rest]) : null,
      ];
    }
    return node.inputs.map((x, index) => {
      const won = b.op('Equal', [x, y]);
      const dx = needs(index) ? b.op('Where', [won, rest, zero]) : null;
      rest = b.op('Where', [won, zero, rest]);
      return dx;
    });
  };

const mean: VjpRule = ({ node, b, cotangents: [dy] }) => {
  const share = b.scale(dy as string, 1 / node.inputs.length);
  return node.inputs.map(() => share);
};

/** x − n·trunc(x/n), the only form for floats: the quotient is constant almost everywhere. */
const mod: VjpRule = ({ node, b, cotangents, needs }) => {
  const [x, n] = node.inputs;
  const dy = cotangents[0] as string;
  return [needs(0) ? dy : null, needs(1) ? b.mul(dy, b.div(b.sub(node.outputs[0], x), n)) : null];
};

const where: VjpRule = ({ node, b, cotangents, needs }) => {
  const dy = cotangents[0] as string;
  const zero = b.float(0, b.dtype(dy));
  return [
    null,
    needs(1) ? b.op('Where', [node.inputs[0], dy, zero]) : null,
    needs(2) ? b.op('Where', [node.inputs[0], zero, dy]) : null,
  ];
};

/** Between floating types the identity; to and from integers a step function. */
const cast: VjpRule = ({ node, b, cotangents }) => {
  const dtype = b.dtype(node.inputs[0]);
  return isFloating(dtype) && isFloating(b.dtype(node.outputs[0])) ? [castTo(b, cotangents[0] as string, dtype)] : [];
};

/** The identity, as at inference; in training mode only with the mask that was drawn. */
const dropout: VjpRule = ({ node, b, cotangents: [dy] }) => {
  if (!dy) return [];
  const training = node.inputs[2] ? constantInput(node, b, 2, 'training_mode') : undefined;
  if (!training?.[0]) return [dy];
  const mask = node.outputs[1];
  if (!mask) throw unsupported(node, 'training_mode', 'it drops values at random and does not give out its mask');
  const ratio = constantInput(node, b, 1, 'ratio')?.[0] ?? 0.5;
  return [b.scale(b.mul(dy, castTo(b, mask, b.dtype(dy))), 1 / (1 - ratio))];
};

/** 1/√(sign·(1 − x)(1 + x)); the factors keep their precision near ±1. */
const inverseRoot = (b: Builder, x: string, sign: 1 | -1): string => {
  const one = b.float(1, b.dtype(x));
  const left = sign === 1 ? b.sub(one, x) : b.sub(x, one);
  return b.op('Reciprocal', [b.op('Sqrt', [b.mul(left, b.add(one, x))])]);
};

const squarePlusOne = (b: Builder, x: string): string => shift(b, b.mul(x, x), 1);

/** Arithmetic, elementwise functions, selection, and what passes values on unchanged. */
export const elementwise: VjpRules = [
  ['Identity', ({ cotangents }) => cotangents],
  ['Add', ({ cotangents: [dy] }) => [dy, dy]],
  ['Sub', sub],
  ['Mul', mul],
  ['Div', div],
  ['Pow', pow],
  ['Max', extreme('GreaterOrEqual')],
  ['Min', extreme('LessOrEqual')],
  ['Sum', ({ node, cotangents: [dy] }) => node.inputs.map(() => dy)],
  ['Mean', mean],
  ['Mod', mod],
  ['Where', where],
  ['Cast', cast],
  ['CastLike', cast],
  ['Dropout', dropout],
  ['Neg', ({ b, cotangents: [dy] }) => [b.neg(dy as string)]],
  ['Abs', unary((x, _y, b) => b.op('Sign', [x]))],
  ['Sqrt', ({ node, b, cotangents: [dy] }) => [b.div(b.scale(dy as string, 0.5), node.outputs[0])]],
  ['Reciprocal', unary((_x, y, b) => b.neg(b.mul(y, y)))],
  ['Exp', unary((_x, y) => y)],
  ['Log', ({ node, b, cotangents: [dy] }) => [b.div(dy as string, node.inputs[0])]],
  ['Sin', unary((x, _y, b) => b.op('Cos', [x]))],
  ['Cos', unary((x, _y, b) => b.neg(b.op('Sin', [x])))],
  ['Tan', unary((_x, y, b) => squarePlusOne(b, y))],
  ['Asin', unary((x, _y, b) => inverseRoot(b, x, 1))],
  ['Acos', unary((x, _y, b) => b.neg(inverseRoot(b, x, 1)))],
  ['Atan', unary((x, _y, b) => b.op('Reciprocal', [squarePlusOne(b, x)]))],
  ['Sinh', unary((x, _y, b) => b.op('Cosh', [x]))],
  ['Cosh', unary((x, _y, b) => b.op('Sinh', [x]))],
  ['Asinh', unary((x, _y, b) => b.op('Reciprocal', [b.op('Sqrt', [squarePlusOne(b, x)])]))],
  ['Acosh', unary((x, _y, b) => inverseRoot(b, x, -1))],
  ['Atanh', unary((x, _y, b) => b.op('Reciprocal', [oneMinusSquare(b, x)]))],
  ...[
    'Sign',
    'Floor',
    'Ceil',
    'Round',
    'Equal',
    'Greater',
    'GreaterOrEqual',
    'Less',
    'LessOrEqual',
    'Not',
    'And',
    'Or',
    'Xor',
    'BitShift',
    'BitwiseAnd',
    'BitwiseNot',
    'BitwiseOr',
    'BitwiseXor',
    'IsNaN',
    'IsInf',
  ].map((op) => [op, none] as const),
];
