import type { DataType } from './ir';

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Elements in memory, C order: what is fed to a session and what comes out of one. float16 is held in a Uint16Array. */
export interface NdArray {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Float32 elements with their shape: what attributions are. */
export interface FloatArray extends NdArray {
  readonly dtype: 'float32';
  readonly data: Float32Array;
}

export const floatArray = (data: Float32Array, shape: readonly number[]): FloatArray => ({
  dtype: 'float32',
  shape,
  data,
});
