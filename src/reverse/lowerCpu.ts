import { float, getFloat, getInt, getInts, int, ints } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { elementCount, floating, toNumbers } from '../graph/tensor';
import { convTransposeWindows } from '../ops/conv';
import { flippedConv, flipWeights, repeat, spreadOut } from './forms';
import type { Rewrite, RewriteContext } from './rewrite';

/**
 * Forms that onnxruntime's CPU provider runs faster. Its convolutions work on channels in blocks; a value stays in that
 * layout through Conv, products and sums of equal shapes, nearest Resize and HardSigmoid, and pays a copy to leave it.
 */

/** The largest block of channels that a CPU uses. */
const BLOCK = 16;

/** A convolution that changes nothing: it brings its input into the blocked layout. */
function toBlocked(b: Builder, x: string): string {
  const channels = b.shape(x)[1];
  if (channels % BLOCK !== 0) return x;
  const ones = b.expand(b.float(1, b.dtype(x)), [channels, 1, 1, 1]);
  return b.op('Conv', [x, ones], { kernel_shape: ints([1, 1]), group: int(channels) });
}

/** Puts zeros behind each element of [N, C, H, W], so that the image grows by the strides. */
function insertZeros(b: Builder, x: string, strides: readonly number[]): string {
  const [, channels, ...sizes] = b.shape(x);
  const [height, width] = sizes.map((size, i) => size * strides[i]);
  const kept = Array.from({ length: height * width }, (_, place) =>
    Math.floor(place / width) % strides[0] === 0 && (place % width) % strides[1] === 0 ? 1 : 0,
  );
  // The mask has every channel: broadcasting one plane is several times slower.
  const plane = b.constant(floating(b.dtype(x), kept, [1, 1, height, width]));
  return b.mul(repeat(b, x, strides), b.expand(plane, [1, channels, height, width]));
}

/** ConvTranspose as Conv where its strides allow: always at stride 1, and where zeros in between cost little. */
const fasterConvTranspose: Rewrite = (node, { b }) => {
  if (node.op !== 'ConvTranspose' || b.dtype(node.inputs[0]) !== 'float32') return undefined;
  const [x, weight] = node.inputs;
  const w = convTransposeWindows(node, b);
  const group = getInt(node, 'group', 1);
  const [channels, perGroup] = b.shape(weight);

  if (w.strides.every((stride) => stride === 1)) return flippedConv(b, x, node, w, group);
  // Over three axes onnxruntime's ConvTranspose takes more than twice as long as a Conv over all the zeros.
  if (b.rank(x) === 5) return flippedConv(b, spreadOut(b, x, w.strides), node, w, group);
  if (b.rank(x) !== 4) return undefined;

  const isDepthwise = group > 1 && group === channels && perGroup === 1;
  if (isDepthwise) return flippedConv(b, insertZeros(b, x, w.strides), node, w, group);

  const isPointwise =
    w.kernel.every((k) => k === 1) &&
    w.head.every((pad) => pad === 0) &&
    w.input.every((size, i) => size === w.output[i] * w.strides[i]);
  if (isPointwise && node.inputs.length === 2) {
    const small = b.op('Conv', [x, flipWeights(b, weight, group)], { kernel_shape: ints([1, 1]), group: int(group) });
    return [toBlocked(b, insertZeros(b, small, w.strides))];
  }
  return undefined;
};

/** One number a channel spread over an image, as behind a global pool, within the blocked layout. */
const blockedExpand: Rewrite = (node, { b }) => {
  if (node.op !== 'Expand' || b.dtype(node.inputs[0]) !== 'float32') return undefined;
  const from = b.shape(node.inputs[0]);
  const to = b.shape(node.outputs[0]);
  const isPixel = from.length === 4 && elementCount(from.slice(2)) === 1 && elementCount(to.slice(2)) > 1;
  if (!isPixel || from[0] !== to[0] || from[1] !== to[1] || from[1] % BLOCK !== 0) return undefined;
  return [repeat(b, toBlocked(b, node.inputs[0]), to.slice(2))];
};

/** Functions of single elements that leave the blocked layout. */
const LEAVING: ReadonlySet<string> = new Set(['Reciprocal', 'Softsign']);

/** Factors made outside of the blocked layout are brought into it, so that what they multiply can stay there. */
const blockedFactor: Rewrite = (node, { b, producer }) => {
  if (node.op !== 'Mul' || b.dtype(node.outputs[0]) !== 'float32') return undefined;
  const shape = b.shape(node.outputs[0]);
  if (shape.length !== 4 || shape[1] % BLOCK !== 0 || elementCount(shape.slice(2)) === 1) return undefined;
  const isOutside = (value: string): boolean => {
    if (b.initializer(value) || b.shape(value).join() !== shape.join()) return false;
    const made = producer(value);
    return made === undefined || LEAVING.has(made.op);
  };
  if (!node.inputs.some(isOutside)) return undefined;
  const [x, y] = node.inputs.map((value) => (isOutside(value) ? toBlocked(b, value) : value));
  return [b.mul(x, y)];
};

/** The node that makes a value, if it is of this operator. */
const madeBy = (value: string, op: string, { producer }: RewriteContext): Node | undefined => {
  const node = producer(value);
  return node?.op === op ? node : undefined;
};

/**
 * An activation's mask moved behind the pool that follows the activation, where the map is smaller. With y the pool's
 * input, f(y)·scatter(g) = scatter(f(max)·g): every element that receives anything is the maximum of its windows.
 */
const maskBehindPool: Rewrite = (node, context) => {
  if (node.op !== 'Mul') return undefined;
  const { b } = context;
  for (const [image, mask] of [node.inputs, [...node.inputs].reverse()]) {
    const step = madeBy(mask, 'HardSigmoid', context);
    const reshape = madeBy(image, 'Reshape', context);
    const scatter = reshape && madeBy(reshape.inputs[0], 'ScatterElements', context);
    const places = scatter && madeBy(scatter.inputs[1], 'Reshape', context);
    const pool = places && madeBy(places.inputs[0], 'MaxPool', context);
    if (!step || !reshape || !scatter || !places || !pool) continue;
    if (pool.inputs[0] !== step.inputs[0] || pool.outputs[1] !== places.inputs[0]) continue;
    const masks = b.op('HardSigmoid', [pool.outputs[0]], step.attributes);
    const cotangents = b.mul(scatter.inputs[2], b.reshape(masks, [-1]));
    const scattered = b.op('ScatterElements', [scatter.inputs[0], scatter.inputs[1], cotangents], scatter.attributes);
    return [b.reshape(scattered, b.shape(image))];
  }
  return undefined;
};

/** True for the scalar constant given. */
function isNumber(value: string, number: number, b: Builder): boolean {
  const tensor = b.initializer(value);
  return tensor !== undefined && elementCount(tensor.shape) === 1 && toNumbers(tensor)[0] === number;
}

/** 1 − σ(x) as a HardSigmoid, which is exact where σ is between 0 and 1 and stays in the blocked layout. */
const complementOfSigmoid: Rewrite = (node, context) => {
  const { b } = context;
  if (node.op !== 'Sub' || !isNumber(node.inputs[0], 1, b) || !madeBy(node.inputs[1], 'Sigmoid', context)) {
    return undefined;
  }
  if (b.rank(node.inputs[0]) > b.rank(node.inputs[1])) return undefined;
  return [b.op('HardSigmoid', [node.inputs[1]], { alpha: float(-1), beta: float(1) })];
};

/** The factors of a product of two, if the value is one. */
const factors = (value: string, context: RewriteContext): readonly string[] =>
  madeBy(value, 'Mul', context)?.inputs ?? [];

/** The other one of two factors; undefined if the first is not among them. */
const cofactor = (pair: readonly string[], one: string): string | undefined =>
  pair.length === 2 && pair.includes(one) ? pair[pair[0] === one ? 1 : 0] : undefined;

/**
 * The gradient of y = x·s, s = σ(x): dy·s + (dy·x)·(s·(1 − s)) is dy·(s + y·(1 − s)), which reads y instead of x and
 * has half the products.
 */
const swishGradient: Rewrite = (node, context) => {
  const { b } = context;
  if (node.op !== 'Add') return undefined;
  for (const [direct, through] of [node.inputs, [...node.inputs].reverse()]) {
    for (const [slope, upstream] of pairs(factors(through, context))) {
      for (const [s, rest] of pairs(factors(slope, context))) {
        const sigmoid = madeBy(s, 'Sigmoid', context);
        const complement = madeBy(rest, 'HardSigmoid', context);
        const dy = cofactor(factors(direct, context), s);
        if (!sigmoid || complement?.inputs[0] !== s || dy === undefined) continue;
        if (getFloat(complement, 'alpha', 0.2) !== -1 || getFloat(complement, 'beta', 0.5) !== 1) continue;
        const [x] = sigmoid.inputs;
        if (cofactor(factors(upstream, context), dy) !== x) continue;
        return [b.mul(dy, b.add(s, b.mul(b.mul(x, s), rest)))];
      }
    }
  }
  return undefined;
};

const pairs = ([a, b]: readonly string[]): readonly (readonly [string, string])[] =>
  b === undefined
    ? []
    : [
        [a, b],
        [b, a],
      ];

const GENERAL: readonly Rewrite[] = [maskBehindPool, complementOfSigmoid, swishGradient];

export const cpuRewrites: readonly Rewrite[] = [fasterConvTranspose, blockedExpand, blockedFactor, ...GENERAL];

/** For a graph whose values are brought into blocks next: strides over two axes are left to that. */
const exceptStrides: Rewrite = (node, context) => {
  if (node.op !== 'ConvTranspose') return undefined;
  const hasStrides = getInts(node, 'strides')?.some((stride) => stride !== 1) ?? false;
  return hasStrides && context.b.rank(node.inputs[0]) === 4 ? undefined : fasterConvTranspose(node, context);
};

export const rewritesBeforeBlocks: readonly Rewrite[] = [exceptStrides, ...GENERAL];
