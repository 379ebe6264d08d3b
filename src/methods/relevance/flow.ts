import type { Builder } from '../../graph/builder';
import { isFloating } from '../../graph/tensor';
import { castTo, step } from '../../ops/common';
import type { Wires } from './wires';

/**
 * Relevance on its way back: R = of ⊙ factor, elementwise in the shape of the value that it belongs to; without `of`
 * the factor is the relevance itself.
 *
 * Keeping the two apart is what makes relevance as cheap and as exact as a gradient: an activation passes relevance on
 * by leaving both as they are, a linear layer needs R divided by its output, and where `of` is that output (or its
 * positive part) the division is a factor between 0 and 1.
 */
export interface Flow {
  readonly factor: string;
  readonly of: string | null;
}

export const flowOf = (of: string, factor: string): Flow => ({ factor, of });

/** Relevance itself. */
export const whole = (b: Builder, { factor, of }: Flow): string => (of === null ? factor : b.mul(of, factor));

/** True if the relevance is that of the value's positive part: zero where the value is not positive. */
const isPositivePart = ({ of }: Flow, value: string, wires: Wires): boolean => {
  const node = of === null ? undefined : wires.producer(of);
  return node?.op === 'Relu' && node.domain === '' && node.inputs[0] === value;
};

/** True if the relevance is a factor of the value or of its positive part: relative to it, nothing is divided. */
export const isMultipleOf = (flow: Flow, value: string, wires: Wires): boolean =>
  flow.of === value || isPositivePart(flow, value, wires);

/** True if no relevance belongs to places where the value is negative. */
const isAbsentBelowZero = (flow: Flow, value: string, wires: Wires): boolean =>
  isPositivePart(flow, value, wires) || wires.isNonNegative(value);

/** The value moved away from zero by ε, whatever its sign; 0 counts as positive. */
export function stabilised(b: Builder, value: string, epsilon: number): string {
  const dtype = b.dtype(value);
  const isNegative = b.op('Less', [value, b.float(0, dtype)]);
  return b.add(value, b.op('Where', [isNegative, b.float(-epsilon, dtype), b.float(epsilon, dtype)]));
}

/** |v| / (|v| + ε). */
function damping(b: Builder, value: string, epsilon: number, isNonNegative: boolean): string {
  const dtype = b.dtype(value);
  // 1/ε may be beyond the narrow types.
  const wide = dtype === 'float64' ? value : castTo(b, value, 'float32');
  const size = isNonNegative ? wide : b.op('Abs', [wide]);
  return castTo(b, b.op('Softsign', [b.scale(size, 1 / epsilon)]), dtype);
}

/** Infinite where the value is 0: its inverse is 0 there. */
export function infiniteWhereZero(b: Builder, value: string): string {
  const dtype = b.dtype(value);
  const isZero = b.op('Equal', [value, b.float(0, dtype)]);
  return b.op('Where', [isZero, b.float(Number.POSITIVE_INFINITY, dtype), value]);
}

/**
 * R / y. What does not depend on the score is divided first: it is the same for every score. Products stay in the
 * layout of onnxruntime's convolutions, so that y alone has to leave it.
 */
export function quotient(b: Builder, { factor, of }: Flow, y: string): string {
  const inverse = b.op('Reciprocal', [y]);
  return b.mul(factor, of === null ? inverse : b.mul(of, inverse));
}

/** R / (v ± ε): what the sources of a value multiply with their parts of it. ε = 0 gives 0 where the value is 0. */
export function relativeTo(b: Builder, flow: Flow, value: string, epsilon: number, wires: Wires): string {
  const { factor, of } = flow;
  if (of === value) {
    return epsilon === 0 ? factor : b.mul(factor, damping(b, value, epsilon, wires.isNonNegative(value)));
  }
  if (isPositivePart(flow, value, wires)) {
    return b.mul(factor, epsilon === 0 ? step(b, of as string) : damping(b, of as string, epsilon, true));
  }
  return quotient(b, flow, epsilon === 0 ? infiniteWhereZero(b, value) : stabilised(b, value, epsilon));
}

/** Relevance of places where the value has the sign given; null if there can be none. */
export function ofSign(b: Builder, flow: Flow, value: string, sign: 1 | -1, wires: Wires): Flow | null {
  if (isAbsentBelowZero(flow, value, wires)) return sign === 1 ? flow : null;
  return { ...flow, factor: b.mul(flow.factor, step(b, value, 0, sign)) };
}

/** Adds relevance up that reaches one value by several ways. */
export function combined(b: Builder, flows: readonly Flow[], value: string, wires: Wires): Flow {
  const sum = (parts: readonly string[]): string => parts.reduce(b.add);
  const [{ of }] = flows;
  if (flows.every((flow) => flow.of === of)) return { factor: sum(flows.map(({ factor }) => factor)), of };
  if (flows.some((flow) => flow.of === null)) return { factor: sum(flows.map((flow) => whole(b, flow))), of: null };
  return flowOf(value, sum(flows.map((flow) => relativeTo(b, flow, value, 0, wires))));
}

/** The flow in another shape that has the same elements in the same order, or sums repeated ones. */
export const reshaped = (b: Builder, { factor, of }: Flow, shape: readonly number[]): Flow => ({
  factor: b.reshape(factor, shape),
  of: of === null ? null : b.reshape(of, shape),
});

/** In the type of the value it belongs to, if that is a floating one: a Cast in the model changes it. */
export const inTypeOf = (b: Builder, { factor, of }: Flow, value: string): Flow => {
  const dtype = b.dtype(value);
  if (!isFloating(dtype)) return { factor, of };
  return { factor: castTo(b, factor, dtype), of: of === null ? null : castTo(b, of, dtype) };
};
