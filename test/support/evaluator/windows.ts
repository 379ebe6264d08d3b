import { getInt, getInts, getString } from '../../../src/graph/attributes';
import type { Node } from '../../../src/graph/ir';
import { sizeOf, stridesOf } from './array';

type Shape = readonly number[];

/** How a kernel slides over the spatial axes, with auto_pad and ceil_mode resolved. All lists are one entry an axis. */
export interface Geometry {
  readonly input: Shape;
  readonly kernel: Shape;
  readonly strides: Shape;
  readonly dilations: Shape;
  readonly before: Shape;
  readonly after: Shape;
  readonly output: Shape;
}

/** First to last cell that a dilated kernel spans. */
export const extentOf = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** The geometry of a convolution or pooling node. */
export function geometryOf(node: Node, input: Shape, kernel: Shape): Geometry {
  const rank = kernel.length;
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const extents = kernel.map((k, i) => extentOf(k, dilations[i]));
  const auto = getString(node, 'auto_pad', 'NOTSET');
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const output = input.map((size, i) => Math.ceil(size / strides[i]));
    // Strides far beyond the kernel make the total negative: onnxruntime then skips cells at the borders.
    const total = input.map((size, i) => (output[i] - 1) * strides[i] + extents[i] - size);
    const before = total.map((pad) => Math.trunc((auto === 'SAME_UPPER' ? pad : pad + 1) / 2));
    const after = total.map((pad, i) => pad - before[i]);
    return { input, kernel, strides, dilations, before, after, output };
  }
  const pads = auto === 'VALID' ? undefined : getInts(node, 'pads');
  const before = pads?.slice(0, rank) ?? kernel.map(() => 0);
  const after = pads?.slice(rank) ?? kernel.map(() => 0);
  const output = input.map((size, i) => {
    const steps = (size + before[i] + after[i] - extents[i]) / strides[i];
    if (getInt(node, 'ceil_mode', 0) === 0) return Math.floor(steps) + 1;
    const count = Math.ceil(steps) + 1;
    // The last window must start inside the input or the padding before it.
    return (count - 1) * strides[i] >= size + before[i] ? count - 1 : count;
  });
  return { input, kernel, strides, dilations, before, after, output };
}

/** Calls back for every position in a grid with its coordinates (one array, reused) and its flat index. */
export function eachPosition(shape: Shape, visit: (position: readonly number[], index: number) => void): void {
  const position = new Array<number>(shape.length).fill(0);
  const count = sizeOf(shape);
  for (let index = 0; index < count; index++) {
    visit(position, index);
    for (let axis = shape.length - 1; axis >= 0 && ++position[axis] === shape[axis]; axis--) position[axis] = 0;
  }
}

/**
 * Which input cell each tap of each window reads: entry [output position · kernel size + tap] is the flat spatial
 * index, or −1 in the padding.
 */
export function windowTable(geometry: Geometry): Int32Array {
  const { input, kernel, strides, dilations, before, output } = geometry;
  const steps = stridesOf(input);
  const taps = sizeOf(kernel);
  const table = new Int32Array(sizeOf(output) * taps);
  eachPosition(output, (position, p) => {
    eachPosition(kernel, (tap, t) => {
      let flat = 0;
      for (let i = 0; i < input.length && flat >= 0; i++) {
        const cell = position[i] * strides[i] + tap[i] * dilations[i] - before[i];
        flat = cell < 0 || cell >= input[i] ? -1 : flat + cell * steps[i];
      }
      table[p * taps + t] = flat;
    });
  });
  return table;
}
