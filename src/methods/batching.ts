import { type Graph, typeOf } from '../graph/ir';
import type { NdArray, TypedArray } from '../graph/ndarray';
import type { Batched } from './method';

/** Outputs that differ by more, as a share of the largest, are not the same. */
const SAME = 1e-4;

/** An array so many times along its first axis. */
export function repeated(array: NdArray, times: number): NdArray {
  if (times === 1) return array;
  const { length } = array.data;
  const data = array.data.slice(0, 0).constructor as new (length: number) => TypedArray;
  const copies = new data(length * times);
  for (let i = 0; i < times; i++) (copies as Float32Array).set(array.data as Float32Array, i * length);
  const [first, ...rest] = array.shape;
  return { ...array, shape: [times * first, ...rest], data: copies };
}

/** Whether a value's first dimension grows with the batch, and nothing else of it. */
export function follows(single: Graph, { graph, size }: Batched, value: string): boolean {
  const [first, ...rest] = typeOf(single, value)?.shape ?? [];
  const [many, ...others] = typeOf(graph, value)?.shape ?? [];
  return first === 1 && many === size && rest.length === others.length && rest.every((dim, i) => dim === others[i]);
}

/** Equal up to what the order of sums changes. */
export function isSame(a: Float32Array, b: Float32Array): boolean {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.every((value, i) => Object.is(value, b[i]) || Math.abs(value - b[i]) <= SAME * largest);
}
