import { PrismError } from '../graph/errors';
import { type Elements, type ElementType, STORAGE } from './elements';

/** An array of a `.npy` file, in C order and the byte order of this machine. A shape of `[]` is a scalar. */
export interface NpyArray {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** float16 stays as its bits (Uint16Array); see `toFloat32`. */
  readonly data: Elements;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const DTYPES: Readonly<Record<string, ElementType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

const CODES = Object.fromEntries(Object.entries(DTYPES).map(([code, dtype]) => [dtype, code]));

/**
 * Reads a NumPy array file, format versions 1 to 3 (NumPy's `numpy.lib.format`): either byte order, C or Fortran order.
 *
 * @param name what messages call the file
 * @throws PrismError `NPY_MALFORMED` (no or a broken header), `NPY_DTYPE` (objects, strings, complex, records),
 *   `NPY_SIZE` (the data is shorter or longer than the shape says)
 */
export function readNpy(bytes: Uint8Array, name = 'the .npy file'): NpyArray {
  const { header, dataOffset } = splitHeader(bytes, name);
  const { descr, fortran, shape } = parseHeader(header, name);
  const dtype = DTYPES[descr.slice(1)];
  if (dtype === undefined) {
    throw new PrismError(
      'NPY_DTYPE',
      `${name} holds elements of type '${descr}', which is not supported; save it as float, integer or bool, ` +
        `e.g. numpy.save(file, array.astype('float32'))`,
    );
  }
  const storage = STORAGE[dtype];
  const count = shape.reduce((product, dim) => product * dim, 1);
  const expected = count * storage.bytes;
  const found = bytes.length - dataOffset;
  if (found !== expected) {
    throw new PrismError(
      'NPY_SIZE',
      `${name} holds ${found} bytes of data, but its shape (${shape.join(', ')}) of ${dtype} takes ${expected}; ` +
        `${found < expected ? 'the file is truncated' : 'save one array a file'}`,
    );
  }
  // A copy (Buffer.slice would be a view): the data of a file rarely starts at a multiple of the element's size.
  const raw = new Uint8Array(bytes.subarray(dataOffset));
  if (descr[0] === '>') swapBytes(raw, storage.bytes);
  const data = storage.make(raw.buffer);
  return { dtype, shape, data: fortran && shape.length > 1 ? fromFortran(data, shape, storage.make(count)) : data };
}

/** A version 1.0 file (2.0 where the header is long), little-endian, C order, as `numpy.save` writes it. */
export function writeNpy(array: NpyArray): Uint8Array {
  const { dtype, shape, data } = array;
  const descr = `${STORAGE[dtype].bytes === 1 ? '|' : '<'}${CODES[dtype]}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (count !== data.length) {
    throw new PrismError('NPY_SIZE', `${data.length} elements cannot be written in the shape ${tuple}`);
  }
  const version = dictionary.length < 65000 ? 1 : 2;
  const lengthBytes = version === 1 ? 2 : 4;
  const prefix = MAGIC.length + 2 + lengthBytes;
  const total = Math.ceil((prefix + dictionary.length + 1) / 64) * 64;
  const out = new Uint8Array(total + data.byteLength);
  const view = new DataView(out.buffer);
  out.set(MAGIC);
  out[6] = version;
  if (version === 1) view.setUint16(8, total - prefix, true);
  else view.setUint32(8, total - prefix, true);
  new TextEncoder().encodeInto(`${dictionary.padEnd(total - prefix - 1)}\n`, out.subarray(prefix));
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), total);
  return out;
}

function splitHeader(bytes: Uint8Array, name: string): { header: string; dataOffset: number } {
  const malformed = (why: string) =>
    new PrismError('NPY_MALFORMED', `${name} is not a NumPy array file: ${why}; write it with numpy.save`);
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw malformed('it does not begin with \\x93NUMPY');
  const version = bytes[6];
  if (version < 1 || version > 3) throw malformed(`its format version is ${version}, known are 1 to 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (bytes.length < start) throw malformed('it ends inside its header');
  const dataOffset = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < dataOffset) throw malformed('it ends inside its header');
  const decoder = new TextDecoder(version === 3 ? 'utf-8' : 'latin1');
  return { header: decoder.decode(bytes.subarray(start, dataOffset)), dataOffset };
}

function parseHeader(header: string, name: string): { descr: string; fortran: boolean; shape: number[] } {
  const malformed = (what: string) =>
    new PrismError('NPY_MALFORMED', `${name} has a header without ${what}; write it with numpy.save`);
  if (/'descr'\s*:\s*\[/.test(header)) {
    throw new PrismError('NPY_DTYPE', `${name} holds records (a structured array); save its fields one by one`);
  }
  const descr = /['"]descr['"]\s*:\s*['"]([<>|=]?[A-Za-z]\d*[^'"]*)['"]/.exec(header)?.[1];
  if (descr === undefined) throw malformed("a readable 'descr'");
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  if (order === undefined) throw malformed("a readable 'fortran_order'");
  // NumPy on Python 2 wrote long integers with an L.
  const tuple = /['"]shape['"]\s*:\s*\(\s*((?:\d+L?\s*,\s*)*(?:\d+L?)?)\s*\)/.exec(header)?.[1];
  if (tuple === undefined) throw malformed("a readable 'shape'");
  const shape = tuple
    .split(',')
    .map((dim) => dim.trim())
    .filter(Boolean)
    .map((dim) => Number.parseInt(dim, 10));
  return { descr: /^[<>|=]/.test(descr) ? descr : `=${descr}`, fortran: order === 'True', shape };
}

function swapBytes(raw: Uint8Array, size: number): void {
  for (let start = 0; start < raw.length; start += size) raw.subarray(start, start + size).reverse();
}

/** Fortran order is C order of the transposed array: walk it once, keeping the C index of each element. */
function fromFortran(data: Elements, shape: readonly number[], out: Elements): Elements {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const index = shape.map(() => 0);
  let target = 0;
  for (let source = 0; source < data.length; source++) {
    out[target] = data[source];
    for (let axis = 0; axis < shape.length; axis++) {
      target += strides[axis];
      index[axis]++;
      if (index[axis] < shape[axis]) break;
      target -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
