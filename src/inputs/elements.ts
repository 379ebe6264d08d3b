import { getFloat16, setFloat16 } from '@petamoriken/float16';
import { PrismError } from '../graph/errors';
import type { DataType } from '../graph/ir';

/** Element storage as onnxruntime takes it: float16 as its bits in a Uint16Array, bool as 0 or 1 in a Uint8Array. */
export type Elements =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** The element types that files and model inputs share. */
export type ElementType = Extract<
  DataType,
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
>;

interface Storage {
  readonly bytes: number;
  /** Zeroes, or a view of the bytes given (which must be aligned to the element's size). */
  readonly make: (source: number | ArrayBuffer) => Elements;
  /** The range that a number is clamped to; absent for floating types. */
  readonly range?: readonly [number, number];
}

// `new T(source)` is not generic over its overloads, hence one arrow function per type.
export const STORAGE: Readonly<Record<ElementType, Storage>> = {
  float16: { bytes: 2, make: (source) => new Uint16Array(source as ArrayBuffer) },
  float32: { bytes: 4, make: (source) => new Float32Array(source as ArrayBuffer) },
  float64: { bytes: 8, make: (source) => new Float64Array(source as ArrayBuffer) },
  int8: { bytes: 1, make: (source) => new Int8Array(source as ArrayBuffer), range: [-128, 127] },
  int16: { bytes: 2, make: (source) => new Int16Array(source as ArrayBuffer), range: [-32768, 32767] },
  int32: { bytes: 4, make: (source) => new Int32Array(source as ArrayBuffer), range: [-(2 ** 31), 2 ** 31 - 1] },
  int64: { bytes: 8, make: (source) => new BigInt64Array(source as ArrayBuffer), range: [-(2 ** 53), 2 ** 53] },
  uint8: { bytes: 1, make: (source) => new Uint8Array(source as ArrayBuffer), range: [0, 255] },
  uint16: { bytes: 2, make: (source) => new Uint16Array(source as ArrayBuffer), range: [0, 65535] },
  uint32: { bytes: 4, make: (source) => new Uint32Array(source as ArrayBuffer), range: [0, 2 ** 32 - 1] },
  uint64: { bytes: 8, make: (source) => new BigUint64Array(source as ArrayBuffer), range: [0, 2 ** 53] },
  bool: { bytes: 1, make: (source) => new Uint8Array(source as ArrayBuffer), range: [0, 1] },
};

export const isElementType = (dtype: string): dtype is ElementType => Object.hasOwn(STORAGE, dtype);

/** Elements of any type as float32 (integers beyond 2^24 are rounded). Returns its argument where it already is that. */
export function toFloat32(dtype: ElementType, elements: Elements): Float32Array {
  if (elements instanceof Float32Array) return elements;
  if (dtype !== 'float16') return Float32Array.from(elements as ArrayLike<number | bigint>, Number);
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength);
  return Float32Array.from(elements as Uint16Array, (_, i) => getFloat16(view, 2 * i, true));
}

/**
 * Numbers as elements of the type that a model input asks for. Integer types round half to even, as NumPy's `rint`,
 * and clamp to their range, so that a preprocessed picture never wraps around.
 *
 * @throws PrismError `UNSUPPORTED_TYPE` where the type holds no plain numbers
 */
export function fromFloat32(values: Float32Array, dtype: DataType): Elements {
  if (dtype === 'float32') return values;
  if (!isElementType(dtype)) {
    throw new PrismError('UNSUPPORTED_TYPE', `numbers cannot be fed to an input of type ${dtype}`);
  }
  const { make, range } = STORAGE[dtype];
  const out = make(values.length);
  if (dtype === 'float16') {
    const view = new DataView(out.buffer);
    values.forEach((value, i) => {
      setFloat16(view, 2 * i, value, true);
    });
  } else if (range) {
    const [low, high] = range;
    const wide = out instanceof BigInt64Array || out instanceof BigUint64Array;
    values.forEach((value, i) => {
      const whole = Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, roundHalfEven(value)));
      out[i] = wide ? BigInt(whole) : whole;
    });
  } else {
    (out as Float64Array).set(values);
  }
  return out;
}

/** Rounds as Python's `round` does: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
