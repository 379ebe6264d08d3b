import { string } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { floating } from '../../graph/tensor';
import { castTo } from '../../ops/common';
import { poolWindows } from '../../ops/pool';
import { correlate, scatter, tail, type Windows } from '../../ops/windows';
import { type Flow, wide } from './flow';

/** Below every number that a model computes, and finite, so that 0 times it is 0. */
const BELOW = -1e30;

/** Windows side by side without padding. */
const isTiling = (w: Windows): boolean =>
  w.kernel.every((k, i) => k === w.strides[i] && w.dilations[i] === 1 && w.head[i] === 0) &&
  tail(w).every((size) => size === 0);

const nearest = (b: Builder, x: string, times: readonly number[]): string =>
  b.op('Resize', [x, '', b.floats([1, 1, ...times])], {
    mode: string('nearest'),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string('floor'),
  });

/** Sums of tiles. */
const tileSums = (b: Builder, x: string, w: Windows): string => {
  const [batch, channels] = b.shape(x);
  const apart = [batch, channels, ...w.kernel.flatMap((k, i) => [w.output[i], k])];
  const sum = b.sum(
    b.reshape(x, apart),
    w.kernel.map((_, i) => 3 + 2 * i),
  );
  return b.reshape(sum, [batch, channels, ...w.output]);
};

/** The largest elements of every window share its relevance equally. */
export function maxPool(b: Builder, node: Node, flow: Flow): Flow {
  const w = poolWindows(node, b);
  const x = wide(b, node.inputs[0]);
  const y = wide(b, node.outputs[0]);
  return isTiling(w) && b.rank(x) === 4 ? tiles(b, x, y, w, flow) : windows(b, x, y, w, flow);
}

function tiles(b: Builder, x: string, y: string, w: Windows, flow: Flow): Flow {
  const hit = castTo(b, b.op('Equal', [x, nearest(b, y, w.kernel)]), b.dtype(x));
  const each = b.op('Reciprocal', [tileSums(b, hit, w)]);
  return flow.map((relevance) => b.mul(hit, nearest(b, b.mul(relevance, each), w.kernel)));
}

function windows(b: Builder, x: string, y: string, w: Windows, flow: Flow): Flow {
  const [batch, channels, ...sizes] = b.shape(x);
  const dtype = b.dtype(x);
  const taps = w.kernel.reduce((product, k) => product * k, 1);
  const behind = tail(w).map((size) => Math.max(size, 0));
  const padded = sizes.map((size, i) => w.head[i] + size + behind[i]);
  const inner: Windows = { ...w, head: w.head.map(() => 0), input: padded };
  const single = b.reshape(x, [batch * channels, 1, ...sizes]);
  const pads = [0, 0, ...w.head, 0, 0, ...behind];
  const full = pads.every((pad) => pad === 0) ? single : b.op('Pad', [single, b.ints(pads), b.float(BELOW, dtype)]);
  // One kernel a place in the window, with a 1 there: a convolution lays the windows out, its transpose puts them back.
  const eye = Array.from({ length: taps * taps }, (_, i) => Number(i % (taps + 1) === 0));
  const kernels = b.constant(floating(dtype, eye, [taps, 1, ...w.kernel]));
  const columns = correlate(b, full, kernels, inner, 1);
  const hit = castTo(b, b.op('Equal', [columns, b.reshape(y, [batch * channels, 1, ...w.output])]), dtype);
  const each = b.op('Reciprocal', [b.sum(hit, [1])]);
  return flow.map((relevance) => {
    const share = b.mul(b.reshape(relevance, [batch * channels, 1, ...w.output]), each);
    const back = scatter(b, b.mul(hit, share), kernels, inner, 1);
    const axes = sizes.flatMap((size, i) => (padded[i] === size ? [] : [i]));
    const cut =
      axes.length === 0
        ? back
        : b.slice(
            back,
            axes.map((i) => i + 2),
            axes.map((i) => w.head[i]),
            axes.map((i) => w.head[i] + sizes[i]),
          );
    return b.reshape(cut, [batch, channels, ...sizes]);
  });
}

/** The same over all positions. */
export function globalMaxPool(b: Builder, node: Node, flow: Flow): Flow {
  const x = wide(b, node.inputs[0]);
  const hit = castTo(b, b.op('Equal', [x, wide(b, node.outputs[0])]), b.dtype(x));
  const axes = b.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const each = b.op('Reciprocal', [b.sum(hit, axes)]);
  return flow.map((relevance) => b.mul(hit, b.mul(relevance, each)));
}
