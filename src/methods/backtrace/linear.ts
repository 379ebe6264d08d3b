import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { backward, besideOutput, forward, isConvolution, type Layer } from '../relevance/linear';
import type { Bounds } from './bounds';
import { inverse, sumOf, TINY, wide } from './flow';
import type { Ledger } from './ledger';

/** Which part of the weights takes part: one sign's sizes, all sizes, or the weights as they are. */
type WeightPart = 'absolute' | 'positive' | 'negative' | 'signed';

/** y = W·x + b as the rules see it: sizes of weights only, and the transpose. */
export interface LinearMap {
  readonly node: Node;
  readonly x: string;
  /** Whether x has no negative elements. */
  readonly isNonNegative: boolean;
  /** Whether an output is a sum of many contributions of either sign, so that differences of sums are exact enough. */
  readonly isLong: boolean;
  /**
   * For a long layer of which the graph has the output: what its contributions add up to, told from the sizes of all and
   * the output. Null for others.
   *
   * @param size |x|
   * @returns −2P and −2N, smaller by what rounding may add, so that they are above zero where there are none of that
   * sign; where there are none at all {@link TINY} below
   */
  doubledSums(size: string): readonly [string, string] | null;
  /** Broadcasts against the output; null where there is none. */
  readonly bias: string | null;
  /** The output with its bias, for its sign. */
  readonly output: string;
  /** Σ |w|·x of a part; null where the part is empty. `offset` may be added for free where it is a vector. */
  apply(x: string, part: WeightPart, offset?: string): string | null;
  /** Wᵀ·s of a part. */
  back(s: string, part: WeightPart): string | null;
}

export interface LinearContext {
  readonly b: Builder;
  readonly ledger: Ledger;
}

const weightPart = (b: Builder, weight: string, part: WeightPart): string => {
  if (part === 'signed') return weight;
  if (part === 'absolute') return b.op('Abs', [weight]);
  return b.op('Relu', [part === 'positive' ? weight : b.neg(weight)]);
};

/** A layer with a stored weight. */
export function layerMap(b: Builder, layer: Layer, isNonNegative: boolean): LinearMap {
  const weight = wide(b, layer.weight);
  const bias = layer.bias === null ? null : wide(b, layer.bias);
  const own: Layer = { ...layer, weight };
  return {
    node: layer.node,
    x: layer.x,
    isNonNegative,
    isLong: isLong(b, layer),
    bias: bias === null ? null : besideOutput(b, layer, bias),
    output: layer.output,
    apply: (x, part, offset) => applied(b, own, x, weightPart(b, weight, part), offset),
    back: (s, part) => backward(b, own, weightPart(b, weight, part), s),
    doubledSums(size) {
      const product = isLong(b, layer) ? productOf(b, layer) : null;
      if (product === null) return null;
      const almost = b.scale(b.op('Abs', [weight]), -ABOVE_ROUNDING);
      const all = applied(b, own, size, almost, b.float(-TINY, b.dtype(weight)));
      return [b.sub(all, product), b.add(all, product)];
    },
  };
}

/** What is above rounding in differences of long sums. */
export const ABOVE_ROUNDING = 1 - 2 ** -20;

/** The fewest contributions to an output that count as many. */
const MANY = 64;

/** Whether sums of so many terms may be told from differences of others. */
export const isMany = (count: number): boolean => count >= MANY;

function isLong(b: Builder, layer: Layer): boolean {
  const [outputs, ...others] = b.shape(layer.weight);
  if (layer.node.op === 'Conv') return isMany(elementCount(others));
  if (layer.node.op !== 'MatMul' || b.rank(layer.weight) !== 2) return false;
  return isMany(layer.data === 0 ? outputs : others[0]);
}

/** The output of a matrix product, whose bias is added elsewhere, and of a convolution without its bias. */
function productOf(b: Builder, layer: Layer): string | null {
  const { op, outputs } = layer.node;
  const [product] = outputs;
  if (wide(b, product) !== product) return null;
  if (op === 'MatMul') return product;
  if (op !== 'Conv') return null;
  return layer.bias === null ? product : b.sub(product, besideOutput(b, layer, layer.bias));
}

/** Σ w·x for another weight, and what is added for free where it is a vector. */
function applied(b: Builder, layer: Layer, x: string, weight: string, offset?: string): string {
  const isVector = offset !== undefined && isConvolution(layer);
  const channels = b.shape(layer.node.outputs[0])[1];
  const inner = isVector ? b.reshape(b.expand(offset, matching(b, offset, channels)), [channels]) : null;
  const sum = forward(b, layer, x, weight, inner);
  return offset === undefined || isVector ? sum : b.add(sum, offset);
}

/** The shape of a bias beside a convolution's output with all its channels. */
function matching(b: Builder, offset: string, channels: number): readonly number[] {
  const shape = b.shape(offset);
  return shape.length === 0 ? [channels] : [channels, ...shape.slice(1)];
}

/** A weighted sum without parameters whose weights are not negative: a mean, a pool, an interpolation. */
export function meanMap(b: Builder, node: Node, isNonNegative: boolean): LinearMap {
  const [x, ...others] = node.inputs;
  return {
    node,
    x,
    isNonNegative,
    isLong: false,
    doubledSums: () => null,
    bias: null,
    output: node.outputs[0],
    apply(value, part, offset) {
      if (part === 'negative') return null;
      const sum = b.op(node.op, [value, ...others], node.attributes, node.domain);
      return offset === undefined ? sum : b.add(sum, offset);
    },
    back(s, part) {
      if (part === 'negative') return null;
      return ruleFor(vjp, node, b)({ node, b, cotangents: [s], needs: (index) => index === 0 })[0];
    },
  };
}

/** |x|. */
export const sizeOf = (b: Builder, x: string, isNonNegative: boolean): string => (isNonNegative ? x : b.op('Abs', [x]));

/** x where it is positive, and the size of x where it is negative; null where it never is. */
const parts = (b: Builder, x: string, isNonNegative: boolean): readonly [string, string | null] =>
  isNonNegative ? [x, null] : [b.op('Relu', [x]), b.op('Relu', [b.neg(x)])];

const present = (values: readonly (string | null)[]): readonly string[] =>
  values.filter((value): value is string => value !== null);

const sumOrNull = (b: Builder, values: readonly (string | null)[]): string | null => {
  const there = present(values);
  return there.length === 0 ? null : sumOf(b, there);
};

/** Sums of contributions to every output by their sign, and the way back for what was divided by them. */
interface Contributions {
  readonly positive: string;
  readonly negative: string | null;
  /** @param minus null where no contribution is negative */
  back(plus: string | null, minus: string | null): string;
}

/** For long layers, inputs of either sign: half the products, and each sum by the sizes of all its contributions. */
function ofBothSigns(map: LinearMap, b: Builder): Contributions {
  const x = wide(b, map.x);
  const [up, down] = [b.op('Relu', [x]), b.op('Relu', [b.neg(x)])];
  const sum = (one: WeightPart, other: WeightPart): string =>
    b.add(map.apply(up, one) as string, map.apply(down, other) as string);
  return {
    positive: sum('positive', 'negative'),
    negative: sum('negative', 'positive'),
    // x⁺·(W⁺ᵀp + W⁻ᵀn) + x⁻·(W⁻ᵀp + W⁺ᵀn) is (|x|·|W|ᵀ(p + n) + x·Wᵀ(p − n)) / 2.
    back(plus, minus) {
      const total = plus === null || minus === null ? (plus ?? minus) : b.add(plus, minus);
      const difference = plus === null || minus === null ? (plus ?? b.neg(minus as string)) : b.sub(plus, minus);
      const absolute = b.mul(b.op('Abs', [x]), map.back(total as string, 'absolute') as string);
      const signed = b.mul(x, map.back(difference, 'signed') as string);
      return b.scale(b.op('Relu', [b.add(absolute, signed)]), 0.5);
    },
  };
}

/** Contributions to a layer's outputs. */
export function contributions(map: LinearMap, b: Builder): Contributions {
  if (!map.isNonNegative && map.isLong) return ofBothSigns(map, b);
  const [up, down] = parts(b, wide(b, map.x), map.isNonNegative);
  const sums = (one: WeightPart, other: WeightPart): string | null =>
    sumOrNull(b, [map.apply(up, one), down === null ? null : map.apply(down, other)]);
  const back = (plus: string | null, minus: string | null): string => {
    const through = (s: string | null, part: WeightPart): string | null => (s === null ? null : map.back(s, part));
    const times = (x: string | null, one: WeightPart, other: WeightPart): string | null => {
      const sum = x === null ? null : sumOrNull(b, [through(plus, one), through(minus, other)]);
      return x === null || sum === null ? null : b.mul(x, sum);
    };
    const arrived = sumOrNull(b, [times(up, 'positive', 'negative'), times(down, 'negative', 'positive')]);
    return arrived ?? b.expand(b.float(0, b.dtype(up)), b.shape(map.x));
  };
  return {
    positive: sums('positive', 'negative') as string,
    negative: sums('negative', 'positive'),
    back,
  };
}

/** Notes Σ of what a bias and vanishing denominators keep. */
function keep({ b, ledger }: LinearContext, { node, bias }: LinearMap, s: string): void {
  if (bias !== null) ledger.keep(node, 'sink', s, { weight: b.op('Abs', [bias]) });
  ledger.keep(node, 'lost', s, { factor: TINY });
}

/** Default mode: in proportion to the size of contributions; the size of the bias keeps its share. */
function byAbsolute(map: LinearMap, relevance: string, context: LinearContext): string {
  const { b } = context;
  const x = wide(b, map.x);
  const tiny = b.float(TINY, b.dtype(x));
  const offset = map.bias === null ? tiny : b.add(b.op('Abs', [map.bias]), tiny);
  const size = sizeOf(b, x, map.isNonNegative);
  const sum = map.apply(size, 'absolute', offset) as string;
  const s = b.div(relevance, sum);
  keep(context, map, s);
  return b.mul(size, map.back(s, 'absolute') as string);
}

/**
 * Default mode with the bounds of the activation behind: below the lower one positive contributions count for nothing,
 * above the upper one negative ones, and what is left takes all.
 */
function byBounded(map: LinearMap, relevance: string, { lower, upper }: Bounds, context: LinearContext): string {
  const { b } = context;
  const { positive, negative, back } = contributions(map, b);
  const value = wide(b, map.output);
  const zero = b.float(0, b.dtype(value));
  // Kept unless t < l (or t > u): one minus a step.
  const kept = (sum: string | null, bound: number | null, sign: 1 | -1): string | null => {
    if (sum === null || bound === null) return sum;
    const isBeyond = b.op(sign === 1 ? 'Greater' : 'Less', [value, b.float(bound, b.dtype(value))]);
    return b.op('Where', [isBeyond, zero, sum]);
  };
  const plus = kept(positive, lower, -1) as string;
  const minus = kept(negative, upper, 1);
  const bias = map.bias === null ? null : b.op('Abs', [map.bias]);
  const s = b.mul(relevance, inverse(b, sumOf(b, present([plus, minus, bias]))));
  const only = (sum: string, part: string): string => b.op('Where', [b.op('Equal', [sum, zero]), zero, part]);
  keep(context, map, s);
  return back(only(plus, s), minus === null ? null : only(minus, s));
}

/**
 * Default mode: shares the relevance of a linear map's output out over its input.
 *
 * @param bounds of the activation behind it
 */
export const shareLinear = (map: LinearMap, relevance: string, context: LinearContext, bounds?: Bounds): string =>
  bounds ? byBounded(map, relevance, bounds, context) : byAbsolute(map, relevance, context);
