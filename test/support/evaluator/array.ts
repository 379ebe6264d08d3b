import type { DataType, Tensor } from '../../../src/graph/ir';
import { toNumbers } from '../../../src/graph/tensor';

/** A tensor of any element type with its elements held in float64, C order; booleans are 0 and 1. */
export interface NdArray {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((product, dim) => product * dim, 1);

/** An array of the values given, or of zeros. */
export function ndarray(dtype: DataType, shape: Shape, data?: Float64Array | readonly number[]): NdArray {
  const values = data instanceof Float64Array ? data : data ? Float64Array.from(data) : new Float64Array(sizeOf(shape));
  if (values.length !== sizeOf(shape)) throw new Error(`${values.length} elements do not fill [${shape}]`);
  return { dtype, shape, data: values };
}

export const fromTensor = (tensor: Tensor): NdArray => ndarray(tensor.dtype, tensor.shape, toNumbers(tensor));

/** A new array of the same shape with each element mapped. */
export const map = (x: NdArray, f: (value: number) => number, dtype = x.dtype): NdArray => ({
  dtype,
  shape: x.shape,
  data: x.data.map(f),
});

/** How far apart in memory neighbours along each axis lie. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** The axis counted from the front. */
export function axisOf(axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1)) throw new Error(`axis ${axis} of a tensor of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** For every index of `shape` in C order: start + Σ index[axis] · steps[axis]. */
export function offsets(shape: Shape, steps: Shape, start = 0): Int32Array {
  let current = Int32Array.of(start);
  shape.forEach((dim, axis) => {
    const next = new Int32Array(current.length * dim);
    let at = 0;
    for (const base of current) for (let i = 0; i < dim; i++) next[at++] = base + i * steps[axis];
    current = next;
  });
  return current;
}

/** The shape that shapes broadcast to: aligned at the end, 1 stretches. */
export function broadcastShape(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((dim) => dim !== 1);
    if (dims.some((dim) => dim !== dims[0])) {
      throw new Error(`shapes ${shapes.map((shape) => `[${shape}]`).join(', ')} do not broadcast`);
    }
    return dims[0] ?? 1;
  });
}

/** For every element of `out`, which element of a tensor of `shape` broadcasting puts there. */
export function broadcastOffsets(shape: Shape, out: Shape): Int32Array {
  const strides = stridesOf(shape);
  const lead = out.length - shape.length;
  return offsets(
    out,
    out.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead])),
  );
}

/** Elements picked by offset. */
export function take(x: NdArray, shape: Shape, from: Int32Array): NdArray {
  const data = new Float64Array(from.length);
  for (let i = 0; i < from.length; i++) data[i] = x.data[from[i]];
  return ndarray(x.dtype, shape, data);
}

export function broadcastTo(x: NdArray, shape: Shape): NdArray {
  return take(x, shape, broadcastOffsets(x.shape, shape));
}

/** A lane is the run of elements along one axis: its start in the flat data, its length and its step. */
export interface Lanes {
  readonly starts: Int32Array;
  readonly length: number;
  readonly step: number;
}

/** All lanes along an axis, in C order of the other axes. */
export function lanes(shape: Shape, axis: number): Lanes {
  const strides = stridesOf(shape);
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const starts = offsets(
    others.map((i) => shape[i]),
    others.map((i) => strides[i]),
  );
  return { starts, length: shape[axis], step: strides[axis] };
}

export function reshaped(x: NdArray, shape: Shape): NdArray {
  return ndarray(x.dtype, shape, x.data);
}

export function transposed(x: NdArray, perm: readonly number[]): NdArray {
  const strides = stridesOf(x.shape);
  const shape = perm.map((axis) => x.shape[axis]);
  return take(
    x,
    shape,
    offsets(
      shape,
      perm.map((axis) => strides[axis]),
    ),
  );
}
