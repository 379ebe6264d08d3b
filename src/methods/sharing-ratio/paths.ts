import { getInt, getInts, getString, int, ints, string } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';

/** Sliding windows over n spatial axes: which source each target sees at each offset of the kernel. */
export interface Windows {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before each axis. */
  readonly begin: readonly number[];
  /** True for ConvTranspose: windows are written, not read. */
  readonly transposed?: boolean;
  /** See {@link pathSources}; computed when first asked for. */
  readonly sources: () => Int32Array;
}

type Geometry = Omit<Windows, 'sources'>;

function windowsWith(geometry: Geometry): Windows {
  let sources: Int32Array | undefined;
  return {
    ...geometry,
    sources: () => {
      sources ??= pathSources(geometry);
      return sources;
    },
  };
}

const product = (dims: readonly number[]): number => dims.reduce((total, dim) => total * dim, 1);

export const offsetCount = (windows: Windows): number => product(windows.kernel);
export const targetCount = (windows: Windows): number => product(windows.output);
export const sourceCount = (windows: Windows): number => product(windows.input);

/** Reads the geometry of a Conv, MaxPool or AveragePool; padding by auto_pad is resolved. */
export function windowsOf(
  node: Node,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
): Windows {
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const pads = getInts(node, 'pads');
  const auto = getString(node, 'auto_pad', 'NOTSET');
  const begin = kernel.map((k, axis) => {
    if (auto === 'VALID') return 0;
    if (auto === 'NOTSET' || auto === '') return pads?.[axis] ?? 0;
    const total = Math.max(0, (output[axis] - 1) * strides[axis] + dilations[axis] * (k - 1) + 1 - input[axis]);
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return windowsWith({ input, output, kernel, strides, dilations, begin });
}

/**
 * The source of every path: for offset o and target j, entry o·targets + j is the flat source position, or the number
 * of sources where the window reaches into the padding.
 */
function pathSources(windows: Geometry): Int32Array {
  const { input, output, kernel, strides, dilations, begin, transposed } = windows;
  const rank = kernel.length;
  const outside = product(input);
  const offsets = product(kernel);
  const targets = product(output);
  const sources = new Int32Array(offsets * targets);
  const offset = new Array<number>(rank).fill(0);
  for (let o = 0; o < offsets; o++) {
    const target = new Array<number>(rank).fill(0);
    for (let j = 0; j < targets; j++) {
      let flat = 0;
      for (let axis = 0; axis < rank; axis++) {
        const position = transposed
          ? (target[axis] + begin[axis] - offset[axis] * dilations[axis]) / strides[axis]
          : target[axis] * strides[axis] + offset[axis] * dilations[axis] - begin[axis];
        if (position < 0 || position >= input[axis] || !Number.isInteger(position)) {
          flat = outside;
          break;
        }
        flat = flat * input[axis] + position;
      }
      sources[o * targets + j] = flat;
      increment(target, output);
    }
    increment(offset, kernel);
  }
  return sources;
}

function increment(index: number[], dims: readonly number[]): void {
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (++index[axis] < dims[axis]) return;
    index[axis] = 0;
  }
}

/** True when every target has exactly one source at its own position: nothing moves between locations. */
export const isPointwise = (windows: Windows): boolean =>
  offsetCount(windows) === 1 &&
  windows.strides.every((stride) => stride === 1) &&
  windows.begin.every((pad) => pad === 0) &&
  windows.input.every((dim, axis) => dim === windows.output[axis]);

/** True when every target has exactly one source, as with a 1×1 kernel of any stride. */
export const hasSingleSources = (windows: Windows): boolean =>
  offsetCount(windows) === 1 &&
  windows.begin.every((pad) => pad === 0) &&
  windows.input.every((dim, axis) => (windows.output[axis] - 1) * windows.strides[axis] < dim);

/**
 * Carries what each path brings back to its source and adds up.
 *
 * @param paths [batch, offsets, ...output]
 * @returns [batch, 1, ...input]
 */
export function fold(b: Builder, paths: string, windows: Windows): string {
  const { input, output, kernel, strides, dilations, begin } = windows;
  const offsets = offsetCount(windows);
  if (isPointwise(windows)) return paths;
  if (windows.transposed) return foldTransposed(b, paths, windows);
  // One kernel per offset with a single 1 at that offset: the transpose of reading the window.
  const oneHot = new Float32Array(offsets * offsets);
  for (let o = 0; o < offsets; o++) oneHot[o * offsets + o] = 1;
  const span = kernel.map(
    (k, axis) => (output[axis] - 1) * strides[axis] + dilations[axis] * (k - 1) + 1 - begin[axis],
  );
  // What is left over at the end is cut off by padding, or filled by output_padding (always less than a stride).
  const end = span.map((reach, axis) => Math.max(0, reach - input[axis]));
  const missing = span.map((reach, axis) => Math.max(0, input[axis] - reach));
  const fits = missing.every((gap, axis) => gap < Math.max(strides[axis], dilations[axis]));
  const folded = b.op('ConvTranspose', [paths, b.floats(oneHot, [offsets, 1, ...kernel])], {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...begin, ...end]),
    kernel_shape: ints(kernel),
    ...(fits ? { output_padding: ints(missing) } : {}),
  });
  if (fits) return folded;
  const pads = [0, 0, ...kernel.map(() => 0), 0, 0, ...missing];
  return b.op('Pad', [folded, b.ints(pads)], { mode: string('constant') });
}

/** The same for windows that were written: reading them again brings each path back to its source. */
function foldTransposed(
  b: Builder,
  paths: string,
  { input, output, kernel, strides, dilations, begin }: Windows,
): string {
  const offsets = kernel.reduce((total, dim) => total * dim, 1);
  const oneHot = new Float32Array(offsets * offsets);
  for (let o = 0; o < offsets; o++) oneHot[o * offsets + o] = 1;
  const span = kernel.map((k, axis) => (input[axis] - 1) * strides[axis] + dilations[axis] * (k - 1) + 1 - begin[axis]);
  const end = span.map((reach, axis) => reach - output[axis]);
  const unread = end.map((pad) => Math.max(0, -pad));
  const whole = unread.some((count) => count > 0)
    ? b.slice(
        paths,
        unread.map((_, axis) => axis + 2),
        unread.map(() => 0),
        unread.map((count, axis) => output[axis] - count),
      )
    : paths;
  return b.op('Conv', [whole, b.floats(oneHot, [1, offsets, ...kernel])], {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...begin, ...end.map((pad) => Math.max(0, pad))]),
    kernel_shape: ints(kernel),
  });
}

/** Reads rows by index along axis 0. */
export const gatherRows = (b: Builder, rows: string, index: Int32Array, shape: readonly number[]): string =>
  b.op('Gather', [rows, b.indices(index, shape)], { axis: int(0) });

/** Reads the geometry of a ConvTranspose. */
export function transposedWindowsOf(
  node: Node,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
): Windows {
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const extra = getInts(node, 'output_padding') ?? kernel.map(() => 0);
  const auto = getString(node, 'auto_pad', 'NOTSET');
  const computed = auto !== 'NOTSET' || getInts(node, 'output_shape') !== undefined;
  const begin = kernel.map((k, axis) => {
    if (!computed) return getInts(node, 'pads')?.[axis] ?? 0;
    const total = strides[axis] * (input[axis] - 1) + extra[axis] + dilations[axis] * (k - 1) + 1 - output[axis];
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
  });
  return windowsWith({ input, output, kernel, strides, dilations, begin, transposed: true });
}

/** Number of groups of a convolution. */
export const groupsOf = (node: Node): number => getInt(node, 'group', 1);
