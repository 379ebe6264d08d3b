import { float, int } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { float32 } from '../../../src/graph/tensor';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';

/** Two shapes that broadcast against each other: ranks differ, either side may have ones. */
export function broadcastable(draw: Draw, most = 4, dims = 3): [number[], number[]] {
  const whole = draw.shape(0, most, dims);
  const thin = (): number[] => whole.slice(draw.integer(0, whole.length)).map((dim) => (draw.flag(3) ? 1 : dim));
  return draw.flag() ? [whole, thin()] : [thin(), draw.flag() ? whole : thin()];
}

export interface Domain {
  readonly low?: number;
  readonly high?: number;
  /** Places where the function is not smooth; 0 is always avoided. */
  readonly kinks?: readonly number[];
}

/** Operators of one input, element by element, with where they are defined. */
export const UNARY: Readonly<Record<string, Domain>> = {
  Abs: {},
  Neg: {},
  Sign: {},
  Ceil: { kinks: [-1, 1] },
  Floor: { kinks: [-1, 1] },
  Round: { kinks: [-1.5, -0.5, 0.5, 1.5] },
  Sqrt: { low: 0.1, high: 4 },
  Exp: {},
  Log: { low: 0.1, high: 4 },
  Reciprocal: { low: 0.3, high: 3 },
  Erf: {},
  Sin: {},
  Cos: {},
  Tan: { low: -1.2, high: 1.2 },
  Asin: { low: -0.95, high: 0.95 },
  Acos: { low: -0.95, high: 0.95 },
  Atan: {},
  Sinh: {},
  Cosh: {},
  Asinh: {},
  Acosh: { low: 1.1, high: 4 },
  Atanh: { low: -0.95, high: 0.95 },
  Identity: {},
};

export function unary(op: string): (draw: Draw) => Trial {
  const { low, high, kinks } = UNARY[op];
  return (draw) => single(op, [draw.values().distinct(draw.shape(0, 4, 3), low, high, kinks)]);
}

/** Two operands that broadcast; the second away from zero for Div, the first positive for Pow. */
export function binary(op: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Max' | 'Min' | 'Mod'): (draw: Draw) => Trial {
  return (draw) => {
    const [a, b] = broadcastable(draw);
    const values = draw.values();
    if (op === 'Max' || op === 'Min') {
      // No ties: one operand on whole multiples of a step, the other between them.
      const left = values.ints(a, -9, 9);
      return single(op, [
        { ...left, dtype: 'float32', data: left.data.map((x) => x / 8) },
        { ...values.ints(b, -9, 9), dtype: 'float32', data: values.ints(b, -9, 9).data.map((x) => (x + 0.5) / 8) },
      ]);
    }
    if (op === 'Mod') {
      const quotient = values.ints(b, 1, 1);
      return single(
        op,
        [
          values.distinct(a, 3.1, 3.9),
          { ...quotient, dtype: 'float32', data: quotient.data.map(() => Math.fround(values.uniform(1.05, 1.25))) },
        ],
        { fmod: int(1) },
      );
    }
    return single(op, [
      op === 'Pow' ? values.array(a, 0.2, 2) : values.array(a),
      op === 'Div' ? values.distinct(b, draw.flag() ? 0.4 : -2, draw.flag() ? 2 : 3, []) : values.array(b, -2, 2),
    ]);
  };
}

/** Pow with a constant exponent, whole ones with negative bases too. */
export function powConstant(draw: Draw): Trial {
  const exponent = draw.pick([0, 1, 2, 3, -1, 0.5, 2.5]);
  const shape = draw.shape(0, 3);
  const whole = Number.isInteger(exponent);
  return single('Pow', [
    whole ? draw.values().distinct(shape) : draw.values().array(shape, 0.2, 2),
    float32([exponent], draw.flag() ? [] : [1]),
  ]);
}

/** Operators of any number of inputs; for Max and Min no two operands come near each other. */
export function variadic(op: 'Sum' | 'Mean' | 'Max' | 'Min'): (draw: Draw) => Trial {
  return (draw) => {
    const count = draw.integer(1, 4);
    const whole = draw.shape(0, 3, 3);
    const values = draw.values();
    const operands = Array.from({ length: count }, (_, i) => {
      const shape = whole.slice(draw.integer(0, whole.length)).map((dim) => (draw.flag(3) ? 1 : dim));
      const drawn = values.ints(shape, -9, 9);
      return { ...drawn, dtype: 'float32' as const, data: drawn.data.map((x) => (x + i / count) / 8) };
    });
    return single(op, operands);
  };
}

export function where(draw: Draw): Trial {
  const [a, b] = broadcastable(draw, 3);
  const values = draw.values();
  const shape = a.length > b.length ? a : b;
  const condition = values.bools(shape.map((dim) => (draw.flag(3) ? 1 : dim)));
  return single('Where', [condition, values.array(a), values.array(b)]);
}

export function cast(draw: Draw): Trial {
  return single('Cast', [draw.values().array(draw.shape(0, 3))], { to: int(draw.pick([1, 11])) });
}

/** Comparisons and logic: no derivative, but the reference must have them right. */
export function comparison(op: string): (draw: Draw) => Trial {
  return (draw) => {
    const [a, b] = broadcastable(draw);
    const values = draw.values();
    const floats = (shape: number[]) => ({ ...values.ints(shape, -1, 1), dtype: 'float32' as const });
    const logical = ['And', 'Or', 'Xor'].includes(op);
    return single(op, logical ? [values.bools(a), values.bools(b)] : [floats(a), floats(b)]);
  };
}

/** Clip with either bound there or not, as constants or computed. */
export function clip(constant: boolean): (draw: Draw) => Trial {
  return (draw) => {
    const values = draw.values();
    const bound = (value: number) =>
      constant ? float32([value], []) : { dtype: 'float32' as const, shape: [], data: Float64Array.of(value) };
    const [low, high] = draw.pick([
      [-0.75, 0.5],
      [0, 6],
      [-1, 1],
      [0.25, 1.5],
    ]);
    return single('Clip', [
      values.distinct(draw.shape(0, 3), -2, 2, [low, high]),
      draw.flag(3) ? undefined : bound(low),
      ...(draw.flag(3) ? [] : [bound(high)]),
    ]);
  };
}

const params = (draw: Draw, names: Readonly<Record<string, readonly number[]>>): Attributes =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, choices]) => (draw.flag() ? [[name, float(draw.pick(choices))]] : [])),
  );

/** Activations with the values their parameters may take and the places of their kinks. */
export const ACTIVATIONS: Readonly<
  Record<
    string,
    { readonly parameters?: Readonly<Record<string, readonly number[]>>; readonly kinks?: readonly number[] }
  >
> = {
  Relu: {},
  LeakyRelu: { parameters: { alpha: [0.125, 0, 1, 1.5, -0.5] } },
  ThresholdedRelu: { parameters: { alpha: [0.5, 0, -0.5] }, kinks: [1, 0.5, -0.5] },
  Elu: { parameters: { alpha: [0.5, 1.5, -0.5] } },
  Selu: { parameters: { alpha: [1.5], gamma: [1.25] } },
  Celu: { parameters: { alpha: [0.5, 2] } },
  Sigmoid: {},
  HardSigmoid: {
    parameters: { alpha: [0.5, 0.25], beta: [0.25, 0.75] },
    kinks: [-2.5, -1, 1, -0.5, 0.5, -1.5, 1.5, -3, 3],
  },
  HardSwish: { kinks: [-3, 3] },
  Mish: {},
  Tanh: {},
  Softplus: {},
  Softsign: {},
  Erf: {},
  Shrink: { parameters: { lambd: [0.25, 1], bias: [0.5] }, kinks: [-1, -0.5, -0.25, 0.25, 0.5, 1] },
};

export function activation(op: string): (draw: Draw) => Trial {
  const { parameters = {}, kinks } = ACTIVATIONS[op];
  return (draw) => {
    const attributes = params(draw, parameters);
    return single(op, [draw.values().distinct(draw.shape(0, 4), -4, 4, kinks)], attributes);
  };
}

export function gelu(draw: Draw): Trial {
  const approximate = draw.pick([undefined, 'none', 'tanh']);
  return single(
    'Gelu',
    [draw.values().distinct(draw.shape(0, 3), -4, 4)],
    approximate ? { approximate: { type: 'string', value: approximate } } : {},
  );
}

/** PRelu's slope broadcasts to the input, never the other way. */
export function pRelu(draw: Draw): Trial {
  const shape = draw.shape(1, 4, 3);
  const slope = shape.slice(draw.integer(0, shape.length)).map((dim) => (draw.flag() ? 1 : dim));
  const values = draw.values();
  return single('PRelu', [values.distinct(shape), values.array(slope)]);
}
