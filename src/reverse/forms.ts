import { int, ints, string } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { extent, type Windows } from '../ops/windows';

/** Weights [I, O/group, kernel…] of a ConvTranspose as those of the equal Conv: [O, I/group, kernel…], flipped. */
export function flipWeights(b: Builder, weight: string, group: number): string {
  const [inputs, outputs, ...kernel] = b.shape(weight);
  const grouped = b.reshape(weight, [group, inputs / group, outputs, ...kernel]);
  const swapped = b.reshape(b.transpose(grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]), [
    group * outputs,
    inputs / group,
    ...kernel,
  ]);
  const axes = kernel.flatMap((size, i) => (size > 1 ? [i + 2] : []));
  if (axes.length === 0) return swapped;
  return b.slice(
    swapped,
    axes,
    axes.map(() => -1),
    axes.map((axis) => -1 - b.shape(swapped)[axis]),
    axes.map(() => -1),
  );
}

/**
 * The Conv that equals a ConvTranspose node, given its input with zeros already put in for the strides.
 *
 * @param w the windows of the node, see {@link convTransposeWindows}
 * @returns undefined where the node cuts off more than a Conv's padding can express
 */
export function flippedConv(
  b: Builder,
  x: string,
  node: Node,
  w: Windows,
  group: number,
): readonly string[] | undefined {
  const sizes = b.shape(x).slice(2);
  const span = extent(w);
  const head = span.map((size, i) => size - 1 - w.head[i]);
  const behind = span.map((size, i) => w.input[i] - sizes[i] - head[i] + size - 1);
  if ([...head, ...behind].some((pad) => pad < 0)) return undefined;
  const y = b.op('Conv', [x, flipWeights(b, node.inputs[1], group), ...node.inputs.slice(2, 3)], {
    kernel_shape: ints(w.kernel),
    dilations: ints(w.dilations),
    pads: ints([...head, ...behind]),
    group: int(group),
  });
  return [y];
}

/** Repeats each element along the spatial axes. */
export const repeat = (b: Builder, x: string, times: readonly number[]): string =>
  b.op('Resize', [x, '', b.floats([1, 1, ...times])], {
    mode: string('nearest'),
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string('floor'),
  });

/** Puts stride − 1 zeros behind each element along the spatial axes, in any number of dimensions. */
export function spreadOut(b: Builder, x: string, strides: readonly number[]): string {
  return strides.reduce((value, stride, i) => {
    if (stride === 1) return value;
    const axis = i + 2;
    const shape = b.shape(value);
    const apart = b.reshape(value, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
    const none = new Array<number>(shape.length + 1).fill(0);
    const padded = b.op('Pad', [apart, b.ints([...none, ...none.with(axis + 1, stride - 1)])]);
    return b.reshape(padded, shape.with(axis, shape[axis] * stride));
  }, x);
}
