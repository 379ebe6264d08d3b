import { getInt, int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { convTransposeWindows } from '../../ops/conv';
import { correlate, type Windows as Sliding, scatter, windowsOf as slidingWindows } from '../../ops/windows';

/** Windows from sources to targets: those of a convolution or pool, or of a ConvTranspose, which writes them. */
export interface Windows {
  /** Spatial sizes of the sources. */
  readonly input: readonly number[];
  /** Spatial sizes of the targets. */
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before each axis. */
  readonly head: readonly number[];
  /** True for ConvTranspose. */
  readonly transposed: boolean;
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

/** The geometry of a Conv, MaxPool or AveragePool. */
export const windowsOf = (
  node: Node,
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
): Windows => windowsWith({ ...slidingWindows(node, kernel, input, output), transposed: false });

/** The geometry of a ConvTranspose: it is the adjoint of windows that slide over its output. */
export function transposedWindowsOf(b: Builder, node: Node): Windows {
  const { input: output, output: input, ...rest } = convTransposeWindows(node, b);
  return windowsWith({ ...rest, input, output, transposed: true });
}

/** As the windows that slide: for a ConvTranspose, over its output. */
const sliding = ({ input, output, ...rest }: Windows): Sliding =>
  rest.transposed ? { ...rest, input: output, output: input } : { ...rest, input, output };

/**
 * The source of every path: for offset o and target j, entry o·targets + j is the flat source position, or the number
 * of sources where the window reaches into the padding.
 */
function pathSources(windows: Geometry): Int32Array {
  const { input, output, kernel, strides, dilations, head, transposed } = windows;
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
          ? (target[axis] + head[axis] - offset[axis] * dilations[axis]) / strides[axis]
          : target[axis] * strides[axis] + offset[axis] * dilations[axis] - head[axis];
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
  windows.head.every((pad) => pad === 0) &&
  windows.input.every((dim, axis) => dim === windows.output[axis]);

/** True when every target has exactly one source, as with a 1×1 kernel of any stride. */
export const hasSingleSources = (windows: Windows): boolean =>
  offsetCount(windows) === 1 &&
  windows.head.every((pad) => pad === 0) &&
  windows.input.every((dim, axis) => (windows.output[axis] - 1) * windows.strides[axis] < dim);

/**
 * Carries what each path brings back to its source and adds up.
 *
 * @param paths [batch, offsets, ...output]
 * @returns [batch, 1, ...input]
 */
export function fold(b: Builder, paths: string, windows: Windows): string {
  if (isPointwise(windows)) return paths;
  const offsets = offsetCount(windows);
  // One kernel per offset with a single 1 at that offset.
  const oneHot = new Float32Array(offsets * offsets);
  for (let o = 0; o < offsets; o++) oneHot[o * offsets + o] = 1;
  const { kernel, transposed } = windows;
  if (transposed) return correlate(b, paths, b.floats(oneHot, [1, offsets, ...kernel]), sliding(windows), 1);
  return scatter(b, paths, b.floats(oneHot, [offsets, 1, ...kernel]), sliding(windows), 1);
}

/** Reads rows by index along axis 0. */
export const gatherRows = (b: Builder, rows: string, index: Int32Array, shape: readonly number[]): string =>
  b.op('Gather', [rows, b.indices(index, shape)], { axis: int(0) });

/** Number of groups of a convolution. */
export const groupsOf = (node: Node): number => getInt(node, 'group', 1);
