import { closeSync, openSync, readSync } from 'node:fs';
import { PrismError } from './errors';
import type { DataType, Tensor } from './ir';

const BITS: Record<DataType, number> = {
  float32: 32,
  float64: 64,
  float16: 16,
  bfloat16: 16,
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
  bool: 8,
  string: 0,
  complex64: 64,
  complex128: 128,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
  undefined: 0,
};

const INT64_MAX = 2n ** 63n - 1n;

const FLOATING: ReadonlySet<DataType> = new Set(['float32', 'float64', 'float16', 'bfloat16']);

/** True for the types that can carry a gradient. */
export const isFloating = (dtype: DataType): boolean => FLOATING.has(dtype);

const QUANTISED: ReadonlySet<DataType> = new Set([
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int4',
  'uint4',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
]);

/**
 * True for the types through which a reverse pass goes: floating ones, and the narrow ones that stand for quantised
 * numbers. Wider integers and booleans are counts, indices and conditions.
 */
export const carriesDerivative = (dtype: DataType): boolean => FLOATING.has(dtype) || QUANTISED.has(dtype);

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** Bytes that `count` elements take (sub-byte types are packed). */
export const byteLength = (dtype: DataType, shape: readonly number[]): number =>
  Math.ceil((elementCount(shape) * BITS[dtype]) / 8);

function fromView(dtype: DataType, shape: readonly number[], view: ArrayBufferView): Tensor {
  return {
    dtype,
    shape,
    source: { kind: 'bytes', bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) },
  };
}

/** A float32 tensor; without a shape a vector, with `[]` a scalar. */
export function float32(values: Float32Array | readonly number[], shape?: readonly number[]): Tensor {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return fromView('float32', shape ?? [data.length], data);
}

/** A floating tensor of the type given, so that rules can match the model's own precision. */
export function floating(dtype: DataType, values: readonly number[], shape?: readonly number[]): Tensor {
  if (dtype === 'float32') return float32(values, shape);
  if (dtype === 'float64') return fromView('float64', shape ?? [values.length], Float64Array.from(values));
  if (dtype === 'float16') return fromView(dtype, shape ?? [values.length], Uint16Array.from(values, numberToHalf));
  throw new PrismError(
    'UNSUPPORTED_TYPE',
    `a constant of type ${dtype} is not supported; convert the model to float32`,
  );
}

/** The nearest int64: models write "to the end" as the largest one, which a number can only round. */
export function toInt64(value: number | bigint): bigint {
  const exact = BigInt(value);
  if (exact > INT64_MAX) return INT64_MAX;
  return exact < -INT64_MAX - 1n ? -INT64_MAX - 1n : exact;
}

/** An int64 tensor; without a shape a vector, with `[]` a scalar. */
export function int64(values: readonly (number | bigint)[], shape?: readonly number[]): Tensor {
  return fromView('int64', shape ?? [values.length], BigInt64Array.from(values, toInt64));
}

/** A string tensor; without a shape a vector, with `[]` a scalar. */
/** An int32 tensor over the array given: indices of any number without conversion. */
export function int32(values: Int32Array, shape?: readonly number[]): Tensor {
  return fromView('int32', shape ?? [values.length], values);
}

export function strings(values: readonly string[], shape?: readonly number[]): Tensor {
  return { dtype: 'string', shape: shape ?? [values.length], source: { kind: 'strings', strings: values } };
}

export function bool(values: readonly boolean[], shape?: readonly number[]): Tensor {
  return fromView('bool', shape ?? [values.length], Uint8Array.from(values, Number));
}

const CHUNK_BYTES = 1 << 24;

/**
 * The raw little-endian elements in pieces, so that external weights of any size pass through little memory. A piece
 * is valid until the next is asked for.
 */
export function* tensorChunks(tensor: Tensor): Generator<Uint8Array> {
  const { source } = tensor;
  if (source.kind === 'bytes') {
    yield source.bytes;
    return;
  }
  if (source.kind === 'strings') throw new PrismError('UNSUPPORTED_TYPE', 'a string tensor has no raw bytes');
  const { path, offset, length } = source;
  const buffer = new Uint8Array(Math.min(length, CHUNK_BYTES));
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new PrismError('EXTERNAL_DATA_MISSING', `the weights file ${path} cannot be read`, { path }, { cause });
  }
  try {
    let done = 0;
    while (done < length) {
      const count = readSync(file, buffer, 0, Math.min(length - done, buffer.length), offset + done);
      if (count === 0) {
        throw new PrismError(
          'EXTERNAL_DATA_TRUNCATED',
          `the weights file ${path} ends before byte ${offset + length}`,
          { path },
        );
      }
      done += count;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

/** The raw little-endian elements; reads the file when the tensor is external. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  if (tensor.source.kind === 'bytes') return tensor.source.bytes;
  const bytes = new Uint8Array(tensor.source.kind === 'file' ? tensor.source.length : 0);
  let done = 0;
  for (const chunk of tensorChunks(tensor)) {
    bytes.set(chunk, done);
    done += chunk.length;
  }
  return bytes;
}

/** The bits of the nearest float16, ties to even. */
function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -14)));
  const steps = size / 2 ** (exponent - 10);
  const below = Math.floor(steps);
  const fraction = steps - below;
  const rounded = fraction > 0.5 || (fraction === 0.5 && below % 2 === 1) ? below + 1 : below;
  // Subnormals have no implicit bit; a fraction rounded up to the next power of two carries into the exponent.
  return sign | (((exponent + 14) << 10) + rounded);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The elements as numbers (float64 precision; int64 beyond 2^53 is rounded). For small tensors and host arithmetic. */
export function toNumbers(tensor: Tensor): Float64Array {
  const count = elementCount(tensor.shape);
  const raw = tensorBytes(tensor);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const out = new Float64Array(count);
  const read = reader(tensor.dtype, view);
  for (let i = 0; i < count; i++) out[i] = read(i);
  return out;
}

function reader(dtype: DataType, view: DataView): (index: number) => number {
  switch (dtype) {
    case 'float32':
      return (i) => view.getFloat32(4 * i, true);
    case 'float64':
      return (i) => view.getFloat64(8 * i, true);
    case 'float16':
      return (i) => halfToNumber(view.getUint16(2 * i, true));
    case 'bfloat16': {
      const word = new DataView(new ArrayBuffer(4));
      return (i) => {
        word.setUint32(0, view.getUint16(2 * i, true) << 16);
        return word.getFloat32(0);
      };
    }
    case 'int64':
      return (i) => Number(view.getBigInt64(8 * i, true));
    case 'uint64':
      return (i) => Number(view.getBigUint64(8 * i, true));
    case 'int32':
      return (i) => view.getInt32(4 * i, true);
    case 'uint32':
      return (i) => view.getUint32(4 * i, true);
    case 'int16':
      return (i) => view.getInt16(2 * i, true);
    case 'uint16':
      return (i) => view.getUint16(2 * i, true);
    case 'int8':
      return (i) => view.getInt8(i);
    case 'uint8':
    case 'bool':
      return (i) => view.getUint8(i);
    default:
      throw new PrismError('UNSUPPORTED_TYPE', `elements of type ${dtype} cannot be read as numbers`);
  }
}
