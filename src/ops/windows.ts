import { getInts, getString, int, ints } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Attributes, Node } from '../graph/ir';
import { unsupported } from './common';

/**
 * Windows sliding over the spatial axes, one entry an axis: what Conv, ConvTranspose and the pools have in common.
 * `head` is the padding before the input. The padding behind follows from the rest, see {@link tail}.
 */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly head: readonly number[];
  /** Spatial sizes of what the windows slide over. */
  readonly input: readonly number[];
  /** Number of windows an axis. */
  readonly output: readonly number[];
}

/** Elements that one window spans along each axis, holes included. */
export const extent = (w: Pick<Windows, 'kernel' | 'dilations'>): number[] =>
  w.kernel.map((k, i) => w.dilations[i] * (k - 1) + 1);

/** How far the last window reaches behind the input: padding if positive, elements that no window reads if negative. */
export const tail = (w: Windows): number[] =>
  extent(w).map((size, i) => (w.output[i] - 1) * w.strides[i] + size - w.head[i] - w.input[i]);

const positive = (values: readonly number[]): number[] => values.map((value) => Math.max(value, 0));

/** Explicit padding of a node, `auto_pad` resolved as ONNX defines it: [before, behind]. */
export function padding(
  node: Node,
  w: Omit<Windows, 'head'>,
): { readonly head: readonly number[]; readonly behind: readonly number[] } {
  const auto = getString(node, 'auto_pad', 'NOTSET');
  const none = w.kernel.map(() => 0);
  if (auto === 'VALID') return { head: none, behind: none };
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    // Negative where strides far beyond the kernel leave cells out at the borders; halves are rounded to zero then too.
    const total = extent(w).map((size, i) => (w.output[i] - 1) * w.strides[i] + size - w.input[i]);
    const head = total.map((pad) => Math.trunc((auto === 'SAME_UPPER' ? pad : pad + 1) / 2));
    return { head, behind: total.map((pad, i) => pad - head[i]) };
  }
  const pads = getInts(node, 'pads') ?? [...none, ...none];
  if (pads.some((pad) => pad < 0)) throw unsupported(node, 'pads', `negative padding [${pads}]`);
  return { head: pads.slice(0, w.kernel.length), behind: pads.slice(w.kernel.length) };
}

/** The windows of a Conv or pool node; the spatial sizes are those of its input and output. */
export function windowsOf(
  node: Node,
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): Windows {
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const w = { kernel, strides, dilations, input, output };
  return { ...w, head: padding(node, w).head };
}

const common = (w: Windows, group: number): Attributes => ({
  kernel_shape: ints(w.kernel),
  strides: ints(w.strides),
  dilations: ints(w.dilations),
  group: int(group),
  pads: ints([...w.head, ...positive(tail(w))]),
});

/** Elements in front that no window reads, an axis; neither Conv nor ConvTranspose takes them as negative padding. */
const skipped = (w: Windows): number[] => positive(w.head.map((pad) => -pad));

/** The same windows over what is left without the {@link skipped} elements. */
function behindSkipped(w: Windows): Windows {
  const front = skipped(w);
  return { ...w, head: positive(w.head), input: w.input.map((size, i) => size - front[i]) };
}

/** Cross-correlation: [N, C, input…] and weight [M, C/group, kernel…] to [N, M, output…]. */
export function correlate(b: Builder, x: string, weight: string, w: Windows, group: number): string {
  const front = skipped(w);
  const axes = front.flatMap((count, i) => (count > 0 ? [i] : []));
  if (axes.length > 0) {
    const starts = axes.map((i) => front[i]);
    const ends = axes.map((i) => w.input[i]);
    const rest = b.slice(
      x,
      axes.map((i) => i + 2),
      starts,
      ends,
    );
    return correlate(b, rest, weight, behindSkipped(w), group);
  }
  const y = b.op('Conv', [x, weight], common(w, group));
  return crop(b, y, w.output);
}

/** The adjoint of {@link correlate} in its first argument: [N, M, output…] to [N, C, input…]. */
export function scatter(b: Builder, y: string, weight: string, w: Windows, group: number): string {
  const front = skipped(w);
  if (front.some((count) => count > 0)) {
    const none = w.kernel.map(() => 0);
    return b.op('Pad', [scatter(b, y, weight, behindSkipped(w), group), b.ints([0, 0, ...front, 0, 0, ...none])]);
  }
  const beyond = positive(tail(w).map((size) => -size));
  const attributes = common(w, group);
  return b.op(
    'ConvTranspose',
    [y, weight],
    beyond.some((size) => size > 0) ? { ...attributes, output_padding: ints(beyond) } : attributes,
  );
}

/**
 * The adjoint of {@link correlate} in its weight: from x [N, C, input…] and y [N, M, output…] to [M, C/group, kernel…].
 * It is itself a correlation: batch and channels change places, and so do strides and dilations.
 */
export function correlateWeights(b: Builder, x: string, y: string, w: Windows, group: number): string {
  const [batch, channels] = b.shape(x);
  const maps = b.shape(y)[1];
  const spatial = w.kernel.map((_, i) => i);
  // onnxruntime leaves the result of a convolution over no channels unwritten.
  if (batch === 0) return b.expand(b.float(0, b.dtype(x)), [maps, channels / group, ...w.kernel]);
  const grouped = b.transpose(b.reshape(x, [batch, group, channels / group, ...w.input]), [
    2,
    1,
    0,
    ...spatial.map((i) => i + 3),
  ]);
  const swap = [1, 0, ...spatial.map((i) => i + 2)];
  const swapped: Windows = {
    kernel: w.output,
    strides: w.dilations,
    dilations: w.strides,
    head: w.head,
    input: w.input,
    output: w.kernel,
  };
  const gradient = correlate(
    b,
    b.reshape(grouped, [channels / group, group * batch, ...w.input]),
    b.transpose(y, swap),
    swapped,
    group,
  );
  return b.reshape(b.transpose(gradient, swap), [maps, channels / group, ...w.kernel]);
}

/** Sums each window's number into the places that the window reads: the adjoint of an unweighted window sum. */
export function scatterSum(b: Builder, y: string, w: Windows): string {
  const [batch, channels] = b.shape(y);
  const behind = tail(w);
  if (isTiling(w, behind)) {
    const scales = b.constant({
      dtype: 'float32',
      shape: [2 + w.kernel.length],
      source: { kind: 'bytes', bytes: new Uint8Array(Float32Array.from([1, 1, ...w.kernel]).buffer) },
    });
    return b.op('Resize', [y, '', scales], {
      mode: { type: 'string', value: 'nearest' },
      coordinate_transformation_mode: { type: 'string', value: 'asymmetric' },
      nearest_mode: { type: 'string', value: 'floor' },
    });
  }
  const size = w.kernel.reduce((product, k) => product * k, 1);
  const before = extent(w).map((span, i) => span - 1 - w.head[i]);
  const after = extent(w).map((span, i) => span - 1 - behind[i]);
  if (
    w.strides.every((stride) => stride === 1) &&
    w.dilations.every((dilation) => dilation === 1) &&
    w.kernel.every((k, i) => before[i] >= 0 && before[i] < k && after[i] >= 0 && after[i] < k)
  ) {
    const pooled = b.op('AveragePool', [y], {
      kernel_shape: ints(w.kernel),
      pads: ints([...before, ...after]),
      count_include_pad: int(1),
    });
    return b.scale(pooled, size);
  }
  const ones = b.expand(b.float(1, b.dtype(y)), [1, 1, ...w.kernel]);
  const single = b.reshape(y, [batch * channels, 1, ...w.output]);
  return b.reshape(scatter(b, single, ones, w, 1), [batch, channels, ...w.input]);
}

/** Windows side by side that cover the input exactly. */
const isTiling = (w: Windows, behind: readonly number[]): boolean =>
  w.kernel.every((k, i) => k === w.strides[i] && w.dilations[i] === 1 && w.head[i] === 0 && behind[i] === 0);

/** Keeps the first elements along the spatial axes; no node when there is nothing to cut. */
function crop(b: Builder, x: string, sizes: readonly number[]): string {
  const now = b.shape(x).slice(2);
  const axes = sizes.flatMap((size, i) => (size < now[i] ? [i] : []));
  if (axes.length === 0) return x;
  return b.slice(
    x,
    axes.map((i) => i + 2),
    axes.map(() => 0),
    axes.map((i) => sizes[i]),
  );
}
