import { int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { gatherRows, groupsOf, isPointwise, offsetCount, sourceCount, targetCount, type Windows } from './paths';

/**
 * What the sources of a convolution contribute to its targets, per path: u = W·v, needed only through its size and its
 * product with the target's vector z. Which way is cheapest depends on the layer; all give the same numbers.
 */

/** Source vectors: `planes` copies of the positions, one per offset of a pool in front; 1 without. */
export interface Sources {
  /** [planes, positions, channels] */
  readonly rows: string;
  readonly planes: number;
  /** The value that the rows are of, where there is no pool in between. */
  readonly value?: string;
}

export interface Contributions {
  /** ‖u‖ per path: [planes, offsets, targets]. */
  readonly size: string;
  /** ⟨u, z⟩ per path, given z as rows [targets, C_out]. */
  readonly along: (z: string) => string;
  /** Σ u over the paths as rows [targets, C_out], where it costs nothing. */
  readonly sum: string | null;
}

/** Appends a row to axis −2: what windows see in the padding. */
export function withRow(b: Builder, rows: string, filler: number): string {
  const rank = b.rank(rows);
  const row = b.shape(rows).map((dim, axis) => (axis === rank - 2 ? 1 : dim));
  return b.op('Concat', [rows, b.expand(b.float(filler), row)], { axis: int(rank - 2) });
}

/** A traversal of one element in memory costs about this many multiplications. */
const TRAVERSAL = 30;

/** @param weight in the order of Conv: [C_out, C_in/groups, ...kernel] */
export function contributionsOf(
  b: Builder,
  node: Node,
  weight: string,
  sources: Sources,
  windows: Windows,
): Contributions {
  const [outputs, perGroup] = b.shape(weight);
  const groups = groupsOf(node);
  if (groups > 1 && perGroup === 1 && outputs === groups) return depthwise(b, weight, sources, windows);
  if (groups > 1) return products(b, grouped(b, weight, groups, sources, windows));
  const { planes } = sources;
  if (perGroup <= SMALL && sources.value && !windows.transposed) return fromImage(b, node, sources.value, windows);
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const paths = planes * offsets * targets;
  const multiply = offsets * targets * perGroup * outputs;
  const direct = paths * outputs * (perGroup + 6 * TRAVERSAL);
  const norms = planes * sourceCount(windows) * offsets * (perGroup * (perGroup + 2 * TRAVERSAL));
  const factored = norms + 2 * multiply + paths * perGroup * 3 * TRAVERSAL;
  if (factored < direct) return gram(b, weight, sources, windows);
  return products(b, dense(b, weight, sources, windows));
}

/** From u itself: [planes, offsets, targets, C_out]. */
function products(b: Builder, u: string): Contributions {
  return {
    size: b.op('Sqrt', [b.sum(b.mul(u, u), [3], false)]),
    along: (z) => b.sum(b.mul(u, z), [3], false),
    sum: b.sum(u, [0, 1], false),
  };
}

function dense(b: Builder, weight: string, { rows, planes }: Sources, windows: Windows): string {
  const [outputs, channels] = b.shape(weight);
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const positions = sourceCount(windows);
  const byOffset = b.reshape(weight, [outputs, channels, offsets]);
  if (isPointwise(windows)) {
    const matrix = b.transpose(b.reshape(weight, [outputs, channels]), [1, 0]);
    return b.reshape(b.matmul(rows, matrix), [planes, 1, targets, outputs]);
  }
  const index = windows.sources();
  if (planes === 1 && (windows.transposed || windows.strides.every((stride) => stride === 1))) {
    // Every source meets every offset: multiply first, then bring the products to their targets.
    const matrix = b.reshape(b.transpose(byOffset, [1, 2, 0]), [channels, offsets * outputs]);
    const padded = withRow(b, b.reshape(rows, [positions, channels]), 0);
    const all = b.reshape(b.matmul(padded, matrix), [(positions + 1) * offsets, outputs]);
    const flat = index.map((source, path) => source * offsets + Math.floor(path / targets));
    return b.reshape(gatherRows(b, all, flat, [offsets, targets]), [1, offsets, targets, outputs]);
  }
  return b.matmul(gathered(b, rows, windows), b.transpose(byOffset, [2, 1, 0]));
}

/** The source of every path: [planes, offsets, targets, C_in]. */
function gathered(b: Builder, rows: string, windows: Windows): string {
  const index = b.indices(windows.sources(), [offsetCount(windows), targetCount(windows)]);
  return b.op('Gather', [withRow(b, rows, 0), index], { axis: int(1) });
}

function grouped(b: Builder, weight: string, groups: number, { rows, planes }: Sources, windows: Windows): string {
  const [outputs, perGroup] = b.shape(weight);
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const vectors = b.reshape(gathered(b, rows, windows), [planes, offsets, targets, groups, perGroup]);
  const matrices = b.transpose(b.reshape(weight, [groups, outputs / groups, perGroup, offsets]), [3, 0, 2, 1]);
  const product = b.matmul(b.transpose(vectors, [0, 1, 3, 2, 4]), matrices);
  return b.reshape(b.transpose(product, [0, 1, 3, 2, 4]), [planes, offsets, targets, outputs]);
}

/** Brings what belongs to (source, offset) to the paths: [planes, positions, offsets] → [planes, offsets, targets]. */
function toPaths(b: Builder, perSource: string, windows: Windows): string {
  const [planes, positions, offsets] = b.shape(perSource);
  const targets = targetCount(windows);
  if (isPointwise(windows)) return b.reshape(perSource, [planes, 1, targets]);
  const flat = b.reshape(withRow(b, perSource, 0), [planes, (positions + 1) * offsets]);
  const index = windows.sources().map((source, path) => source * offsets + Math.floor(path / targets));
  return b.op('Gather', [flat, b.indices(index, [offsets, targets])], { axis: int(1) });
}

/** Up to this many channels a source is an image's pixel. */
const SMALL = 4;
/** Channel counts divisible by this stay in the blocked layout. */
const LANES = 16;

/**
 * The same for images, in convolutions alone: windows are read by a kernel of ones at single places, products of two
 * channels meet the kernels' Gram matrices.
 */
function fromImage(b: Builder, node: Node, image: string, windows: Windows): Contributions {
  const weight = node.inputs[1];
  const [outputs, channels, ...kernel] = b.shape(weight);
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const byOffset = b.reshape(weight, [outputs, channels, offsets]);
  const places = new Float32Array(offsets * offsets);
  for (let o = 0; o < offsets; o++) places[o * offsets + o] = 1;
  const convolve = (x: string, filter: string): string => b.op('Conv', [x, filter], node.attributes);
  const onOnes = (x: string, filter: string): string => b.op('Conv', [x, filter]);
  const ones = kernel.map(() => 1);

  const vectors = b.transpose(byOffset, [2, 1, 0]);
  const { left, right, weights, count } = channelPairs(channels);
  const products = b.reshape(b.matmul(vectors, b.transpose(vectors, [0, 2, 1])), [offsets, channels * channels]);
  const onPairs = b.reshape(b.matmul(products, b.floats(weights, [channels * channels, count])), [offsets, count, 1]);
  const gramFilter = b.reshape(b.mul(onPairs, b.floats(places, [offsets, 1, offsets])), [offsets, count, ...kernel]);
  const pick = (list: Int32Array): string => b.op('Gather', [image, b.indices(list)], { axis: int(1) });
  const squares = convolve(b.mul(pick(left), pick(right)), gramFilter);
  const size = b.reshape(b.op('Sqrt', [b.op('Relu', [squares])]), [1, offsets, targets]);

  const along = (z: string): string => {
    // A few channels of zeros keep the count one that the blocked layout takes.
    const lanes = Math.ceil((offsets * channels) / LANES) * LANES;
    const reading = new Float32Array(lanes * channels * offsets);
    const summing = new Float32Array(offsets * lanes);
    for (let o = 0; o < offsets; o++) {
      for (let c = 0; c < channels; c++) {
        reading[((o * channels + c) * channels + c) * offsets + o] = 1;
        summing[o * lanes + o * channels + c] = 1;
      }
    }
    const read = convolve(image, b.floats(reading, [lanes, channels, ...kernel]));
    const flat = b.reshape(vectors, [offsets * channels, outputs]);
    const filler = lanes - offsets * channels;
    const rows = filler ? b.op('Concat', [flat, b.expand(b.float(0), [filler, outputs])], { axis: int(0) }) : flat;
    const back = b.reshape(rows, [lanes, outputs, ...ones]);
    const map = b.transpose(b.reshape(z, [1, ...windows.output, outputs]), [
      0,
      kernel.length + 1,
      ...kernel.map((_, axis) => axis + 1),
    ]);
    const sums = onOnes(b.mul(read, onOnes(map, back)), b.floats(summing, [offsets, lanes, ...ones]));
    return b.reshape(sums, [1, offsets, targets]);
  };
  return { size, along, sum: null };
}

/**
 * The products of two channels that a quadratic form needs, and how its matrix is read into their weights; filled up
 * with products of weight 0 to a count that the blocked layout takes.
 */
function channelPairs(channels: number) {
  const pairs = Array.from({ length: channels }, (_, i) => i).flatMap((i) =>
    Array.from({ length: channels - i }, (_, d) => [i, i + d] as const),
  );
  const count = Math.ceil(pairs.length / 4) * 4;
  const weights = new Float32Array(channels * channels * count);
  for (const [p, [i, j]] of pairs.entries()) {
    weights[(i * channels + j) * count + p] = 1;
    weights[(j * channels + i) * count + p] = 1;
  }
  const side = (at: 0 | 1): Int32Array => Int32Array.from({ length: count }, (_, p) => pairs[p]?.[at] ?? 0);
  return { left: side(0), right: side(1), weights, count };
}

/**
 * Without u: ‖Wv‖² = vᵀ(WᵀW)v needs the source's channels only, and ⟨Wv, z⟩ = ⟨v, Wᵀz⟩ serves all planes at once. Pays
 * where sources are small (the image) or many per target (behind a pool).
 */
function gram(b: Builder, weight: string, { rows, planes }: Sources, windows: Windows): Contributions {
  const [outputs, channels] = b.shape(weight);
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const positions = sourceCount(windows);
  const byOffset = b.transpose(b.reshape(weight, [outputs, channels, offsets]), [2, 1, 0]);
  const products = b.matmul(byOffset, b.transpose(byOffset, [0, 2, 1]));
  const matrix = b.reshape(b.transpose(products, [1, 0, 2]), [channels, offsets * channels]);
  const mapped = b.reshape(b.matmul(rows, matrix), [planes, positions, offsets, channels]);
  const squares = b.sum(b.mul(mapped, b.reshape(rows, [planes, positions, 1, channels])), [3], false);
  // Rounding may leave a tiny negative square.
  const size = b.op('Sqrt', [b.op('Relu', [toPaths(b, squares, windows)])]);
  const along = (z: string): string => {
    const matrix = b.reshape(b.transpose(b.reshape(weight, [outputs, channels, offsets]), [0, 2, 1]), [
      outputs,
      offsets * channels,
    ]);
    const back = b.reshape(b.matmul(z, matrix), [1, targets, offsets, channels]);
    const vectors = isPointwise(windows)
      ? b.reshape(rows, [planes, targets, 1, channels])
      : b.op('Gather', [withRow(b, rows, 0), b.indices(targetsFirst(windows), [targets, offsets])], { axis: int(1) });
    return b.transpose(b.sum(b.mul(vectors, back), [3], false), [0, 2, 1]);
  };
  return { size, along, sum: null };
}

/** Path sources with the offset running fastest. */
function targetsFirst(windows: Windows): Int32Array {
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const index = windows.sources();
  return index.map((_, i) => index[(i % offsets) * targets + Math.floor(i / offsets)]);
}

/** One channel meets one weight an offset: ‖u‖² = Σ w²v², ⟨u, z⟩ = Σ w·v·z. */
function depthwise(b: Builder, weight: string, { rows }: Sources, windows: Windows): Contributions {
  const [channels] = b.shape(weight);
  const offsets = offsetCount(windows);
  const byChannel = b.reshape(weight, [channels, offsets]);
  const squares = b.matmul(b.mul(rows, rows), b.mul(byChannel, byChannel));
  return {
    size: b.op('Sqrt', [toPaths(b, squares, windows)]),
    along: (z) => {
      const weighted = b.mul(gathered(b, rows, windows), z);
      const columns = b.reshape(b.transpose(byChannel, [1, 0]), [offsets, channels, 1]);
      return b.reshape(b.matmul(weighted, columns), b.shape(weighted).slice(0, 3));
    },
    sum: null,
  };
}
