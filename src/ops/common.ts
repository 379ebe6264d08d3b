import { float, int, string } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import type { Attributes, DataType, Node } from '../graph/ir';
import { toNumbers } from '../graph/tensor';
import type { VjpRule } from './rule';

/** What several operator families need to write their rules. */

/** The rule of operators whose derivative is zero wherever it exists, or whose outputs are integers or booleans. */
export const none: VjpRule = () => [];

/** A rule for y = f(x) of one input, elementwise: its derivative as a graph value, from x or y, whichever is cheaper. */
export const unary =
  (derivative: (x: string, y: string, b: Builder, node: Node) => string): VjpRule =>
  ({ node, b, cotangents }) => [b.mul(cotangents[0] as string, derivative(node.inputs[0], node.outputs[0], b, node))];

/** What error messages call a node: its name, or that of what it makes. */
const nameOf = (node: Node): string => node.name || node.outputs.find(Boolean) || node.op;

/** The refusal of an attribute (or input that acts as one) that a rule cannot treat. */
export function unsupported(node: Node, attribute: string, why: string): PrismError {
  return new PrismError(
    'UNSUPPORTED_ATTRIBUTE',
    `${node.op} (node ${nameOf(node)}) has no gradient rule for ${attribute}: ${why}; perturbation methods need no rules and still work`,
    { node: nameOf(node), op: node.op, attribute },
  );
}

/** The elements of an input that fixes shapes or indices, which must be constant; undefined when it is absent. */
export function constantInput(node: Node, b: Builder, input: number, what: string): number[] | undefined {
  const value = node.inputs[input];
  if (!value) return undefined;
  const tensor = b.initializer(value);
  if (!tensor) throw unsupported(node, what, `it is computed in the graph (${value}) and not a constant`);
  return Array.from(toNumbers(tensor));
}

/** The axis counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** A boolean or integer value as 0 and 1 of a floating type. */
export function castTo(b: Builder, x: string, dtype: DataType): string {
  if (b.dtype(x) === dtype) return x;
  const to: Partial<Record<DataType, number>> = {
    float32: 1,
    int64: 7,
    bool: 9,
    float16: 10,
    float64: 11,
    bfloat16: 16,
  };
  const code = to[dtype];
  if (code === undefined) throw new PrismError('UNSUPPORTED_TYPE', `no cast to ${dtype}`);
  return b.op('Cast', [x], { to: { type: 'int', value: code } });
}

/** Adds into zeros of the shape given; in float32 for the narrow types, for which onnxruntime has no such sum. */
function scatterAdd(
  b: Builder,
  op: 'ScatterElements' | 'ScatterND',
  shape: readonly number[],
  indices: string,
  updates: string,
  attributes: Attributes,
): string {
  const dtype = b.dtype(updates);
  const wide = dtype === 'float64' ? dtype : 'float32';
  const zeros = b.expand(b.float(0, wide), shape);
  const sum = b.op(op, [zeros, indices, castTo(b, updates, wide)], { ...attributes, reduction: string('add') });
  return castTo(b, sum, dtype);
}

/** Zeros of the shape given, with every update added at its index along an axis; indices may repeat. */
export const addElements = (
  b: Builder,
  shape: readonly number[],
  indices: string,
  updates: string,
  axis: number,
): string => scatterAdd(b, 'ScatterElements', shape, indices, updates, { axis: int(axis) });

/** Zeros of the shape given, with slices added at indices [..., k] into the first k axes; indices may repeat. */
export const addSlices = (b: Builder, shape: readonly number[], indices: string, updates: string): string =>
  scatterAdd(b, 'ScatterND', shape, indices, updates, {});

/** Slope of a HardSigmoid that acts as a step. */
const STEEP = 2 ** 100;

/**
 * 1 where `sign`·(x − threshold) > 0, else 0, in the type of x.
 *
 * In float32 one HardSigmoid so steep that it is exact for all normal numbers: onnxruntime keeps it in the blocked
 * layout of its convolutions, which Greater and Where would leave. Where x is NaN the result is undefined; the model's
 * output is NaN then anyhow.
 */
export function step(b: Builder, x: string, threshold = 0, sign: 1 | -1 = 1): string {
  const dtype = b.dtype(x);
  if (dtype === 'float32') {
    if (threshold === 0) return hardSigmoid(b, x, sign * 3e38, 0);
    const bound = Math.fround(threshold);
    // Products by a power of two are exact, so the sum has the sign of x − threshold; neighbours of a threshold in
    // these bounds lie at least 2⁻⁹⁴ from it, so its size is at least 1 unless x is the threshold.
    if (Math.abs(bound) < 2 ** 26 && Math.abs(bound) > 2 ** -70)
      return hardSigmoid(b, x, sign * STEEP, -sign * STEEP * bound);
  }
  return castTo(b, b.op(sign === 1 ? 'Greater' : 'Less', [x, b.float(threshold, dtype)]), dtype);
}

/** True for the HardSigmoid nodes that {@link step} makes: their derivative is zero. */
export const isStep = (alpha: number): boolean => Math.abs(alpha) >= STEEP;

const hardSigmoid = (b: Builder, x: string, alpha: number, beta: number): string =>
  b.op('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) });

/** 1 − x². */
export const oneMinusSquare = (b: Builder, x: string): string => oneMinus(b, b.mul(x, x));

export const oneMinus = (b: Builder, x: string): string => b.sub(b.float(1, b.dtype(x)), x);

/** Adds a number, in the value's own precision. */
export const shift = (b: Builder, x: string, by: number): string => b.add(x, b.float(by, b.dtype(x)));
