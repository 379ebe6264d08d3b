import { getInt, int, ints } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { elementCount, floating } from '../graph/tensor';
import { convTransposeWindows } from '../ops/conv';
import { flippedConv, flipWeights, repeat } from './forms';
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

export const cpuRewrites: readonly Rewrite[] = [fasterConvTranspose, blockedExpand, maskBehindPool];
