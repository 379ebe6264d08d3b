import { getInt } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { floating, isFloating } from '../graph/tensor';
import { convTransposeWindows } from '../ops/conv';
import { poolWindows } from '../ops/pool';
import { scatter, tail, type Windows } from '../ops/windows';
import { flippedConv, spreadOut } from './forms';
import type { Rewrite, RewriteContext } from './rewrite';

/**
 * What onnxruntime's WebGPU provider claims and then fails to run: MaxPool with Indices, and ConvTranspose over three
 * spatial axes.
 */

/** A ConvTranspose over three axes as a Conv over its input with zeros put in. */
const volumeConvTranspose: Rewrite = (node, { b }) => {
  if (node.op !== 'ConvTranspose' || b.rank(node.inputs[0]) !== 5) return undefined;
  const w = convTransposeWindows(node, b);
  return flippedConv(b, spreadOut(b, node.inputs[0], w.strides), node, w, getInt(node, 'group', 1));
};

/** The k-th element of every window, for each k: values in the shape of the pool's output. */
function taps(b: Builder, x: string, w: Windows): string[] {
  const none = [0, 0];
  const behind = tail(w);
  const pads = [...none, ...w.head, ...none, ...behind.map((size) => Math.max(0, size))];
  const lowest = b.constant(floating(b.dtype(x), [-3.4028234663852886e38], []));
  const padded = pads.some((pad) => pad > 0) ? b.op('Pad', [x, b.ints(pads), lowest]) : x;
  const axes = w.kernel.map((_, i) => i + 2);
  const offsets = w.kernel.reduce<number[][]>(
    (all, k) => all.flatMap((offset) => Array.from({ length: k }, (_, i) => [...offset, i])),
    [[]],
  );
  return offsets.map((offset) => {
    const starts = offset.map((tap, i) => tap * w.dilations[i]);
    const ends = starts.map((start, i) => start + (w.output[i] - 1) * w.strides[i] + 1);
    return b.slice(padded, axes, starts, ends, w.strides);
  });
}

/** Sends each cotangent to the first element of its window that equals the maximum; the adjoint of the pool. */
function scatterToMaximum(b: Builder, pool: Node, cotangent: string): string {
  const [x] = pool.inputs;
  const w = poolWindows(pool, b);
  const maximum = b.op('MaxPool', [x], pool.attributes);
  const [batch, channels] = b.shape(x);
  const zero = b.zerosLike(maximum);
  let rest = cotangent;
  const parts = taps(b, x, w).map((tap) => {
    const isFirst = b.op('Equal', [tap, maximum]);
    const part = b.op('Where', [isFirst, rest, zero]);
    rest = b.op('Where', [isFirst, zero, rest]);
    return b.reshape(part, [batch * channels, 1, ...w.output]);
  });
  const stacked = parts.length === 1 ? parts[0] : b.op('Concat', parts, { axis: { type: 'int', value: 1 } });
  const places = parts.flatMap((_, row) => parts.map((__, column) => Number(row === column)));
  const weight = b.constant(floating(b.dtype(x), places, [parts.length, 1, ...w.kernel]));
  return b.reshape(scatter(b, stacked, weight, w, 1), b.shape(x));
}

/** The gradient of MaxPool without Indices: matches what the rule in ops/pool.ts emits. */
const maxPoolWithoutIndices: Rewrite = (node, context: RewriteContext) => {
  const { b, producer } = context;
  if (node.op !== 'Reshape') return undefined;
  const scattered = producer(node.inputs[0]);
  if (scattered?.op !== 'ScatterElements') return undefined;
  const places = producer(scattered.inputs[1]);
  const pool = places?.op === 'Reshape' ? producer(places.inputs[0]) : undefined;
  if (pool?.op !== 'MaxPool' || pool.outputs[1] !== places?.inputs[0]) return undefined;
  if (!isFloating(b.dtype(pool.inputs[0]))) return undefined;
  return [scatterToMaximum(b, pool, b.reshape(scattered.inputs[2], b.shape(pool.outputs[0])))];
};

export const webgpuRewrites: readonly Rewrite[] = [volumeConvTranspose, maxPoolWithoutIndices];
