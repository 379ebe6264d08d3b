import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PrismError } from '../../../src/graph/errors';
import { type ElementType, STORAGE, toFloat32 } from '../../../src/inputs/elements';
import { readNpy, writeNpy } from '../../../src/inputs/npy';
import { codeOf } from './support';

const FOLDER = path.resolve(__dirname, '../../cases/inputs/npy');
const read = (name: string) => readFileSync(path.join(FOLDER, `${name}.npy`));
const known: Record<string, { shape: number[]; values: string[] }> = JSON.parse(
  readFileSync(path.join(FOLDER, 'values.json'), 'utf8'),
);

describe('files that NumPy wrote', () => {
  it('are all covered', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.npy') && !file.startsWith('bad-'));
    expect(files.map((file) => file.slice(0, -4)).sort()).toEqual(Object.keys(known).sort());
  });

  it.each(Object.keys(known))('%s', (name) => {
    const array = readNpy(read(name));
    expect(array.shape).toEqual(known[name].shape);
    const values =
      array.dtype === 'float16'
        ? Array.from(toFloat32(array.dtype, array.data), Number)
        : Array.from(array.data as ArrayLike<number | bigint>, Number);
    expect(values.map((value) => value + 0)).toEqual(known[name].values.map((value) => Number(value) + 0));
  });

  it.each([
    ['object', 'NPY_DTYPE'],
    ['complex', 'NPY_DTYPE'],
    ['text', 'NPY_DTYPE'],
    ['record', 'NPY_DTYPE'],
  ])('elements of kind %s are refused', (name, code) => {
    expect(codeOf(() => readNpy(read(`bad-${name}`)))).toBe(code);
  });
});

describe('broken files', () => {
  const good = read('f4-little');
  const patched = (from: string, to: string) => Buffer.from(good.toString('latin1').replace(from, to), 'latin1');

  it.each([
    ['empty', new Uint8Array(0)],
    ['another format', Buffer.from('PK\x03\x04 and so on and on')],
    ['ending in the preamble', good.subarray(0, 9)],
    ['ending in the header', good.subarray(0, 60)],
    ['of an unknown version', patched('NUMPY\x01', 'NUMPY\x07')],
    ['without a shape', patched("'shape'", "'shade'")],
    ['without an order', patched('fortran_order', 'fortran_odder')],
    ['without a type', patched('descr', 'desc_')],
    ['with a negative shape', patched('(2, 3, 4)', '(2,-3, 4)')],
  ])('%s', (_, bytes) => {
    expect(codeOf(() => readNpy(bytes))).toBe('NPY_MALFORMED');
  });

  it.each([
    ['truncated', good.subarray(0, good.length - 1)],
    ['too long', Buffer.concat([good, Buffer.alloc(4)])],
    ['of another shape', patched('(2, 3, 4)', '(2, 3, 5)')],
  ])('data %s', (_, bytes) => {
    expect(codeOf(() => readNpy(bytes))).toBe('NPY_SIZE');
  });

  it('name the file and what its size should be', () => {
    expect(() => readNpy(good.subarray(0, good.length - 8), 'row.npy')).toThrow(
      /row\.npy holds 88 bytes of data, but its shape \(2, 3, 4\) of float32 takes 96; the file is truncated/,
    );
  });

  it('of any kind give a PrismError and nothing else', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
        const bytes = Uint8Array.from(good.subarray(0, length));
        if (at < length) bytes[at] = value;
        try {
          readNpy(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PrismError);
        }
      }),
    );
  });
});

describe('writing', () => {
  const dtypes = Object.keys(STORAGE) as ElementType[];

  it('then reading gives the same array back, for every type and shape', () => {
    const shapes = fc.array(fc.nat(5), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...dtypes), shapes, fc.infiniteStream(fc.nat(255)), (dtype, shape, bytes) => {
        const count = shape.reduce((product, dim) => product * dim, 1);
        const raw = Uint8Array.from(bytes.take(count * STORAGE[dtype].bytes));
        const data = STORAGE[dtype].make(raw.buffer);
        const back = readNpy(writeNpy({ dtype, shape, data }));
        expect(back.dtype).toBe(dtype);
        expect(back.shape).toEqual(shape);
        expect(Buffer.from(back.data.buffer).equals(Buffer.from(raw.buffer))).toBe(true);
      }),
    );
  });

  it('makes the header that NumPy documents: data at a multiple of 64, padded with spaces, ended by a newline', () => {
    const bytes = writeNpy({ dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) });
    expect(Buffer.from(bytes.subarray(0, 8)).toString('latin1')).toBe('\x93NUMPY\x01\x00');
    const length = 10 + bytes[8] + 256 * bytes[9];
    expect(length % 64).toBe(0);
    const header = Buffer.from(bytes.subarray(10, length)).toString('latin1');
    expect(header.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
    expect(header.endsWith(' \n')).toBe(true);
    expect(bytes.length).toBe(length + 12);
  });

  it('refuses data that does not fill the shape', () => {
    expect(codeOf(() => writeNpy({ dtype: 'float32', shape: [2, 2], data: new Float32Array(3) }))).toBe('NPY_SIZE');
  });
});
