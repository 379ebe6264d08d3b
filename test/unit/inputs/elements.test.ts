import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromFloat32, roundHalfEven, toFloat32 } from '../../../src/inputs/elements';
import { codeOf } from './support';

describe('float16', () => {
  // IEEE 754-2008, binary16.
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [70000, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])('%d is %d', (value, bits) => {
    expect(Array.from(fromFloat32(Float32Array.of(value), 'float16') as Uint16Array)).toEqual([bits]);
  });

  it('survives the way there and back where it is exact', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2048, max: 2048 })), (values) => {
        const there = fromFloat32(Float32Array.from(values), 'float16');
        expect(Array.from(toFloat32('float16', there), (value) => value + 0)).toEqual(values.map((value) => value + 0));
      }),
    );
  });
});

describe('integer inputs', () => {
  it('round half to even and clamp', () => {
    const values = Float32Array.of(-3, 0.5, 1.5, 2.4, 254.6, 300, Number.NaN);
    expect(Array.from(fromFloat32(values, 'uint8') as Uint8Array)).toEqual([0, 0, 2, 2, 255, 255, 0]);
    expect(Array.from(fromFloat32(values, 'int8') as Int8Array)).toEqual([-3, 0, 2, 2, 127, 127, 0]);
    expect(Array.from(fromFloat32(Float32Array.of(-1.5, 7), 'int64') as BigInt64Array)).toEqual([-2n, 7n]);
  });

  it('of a type without plain numbers are refused', () => {
    expect(codeOf(() => fromFloat32(Float32Array.of(1), 'string'))).toBe('UNSUPPORTED_TYPE');
  });
});

it('roundHalfEven rounds as Python does', () => {
  const cases = [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [2.4, 2],
    [2.6, 3],
    [7, 7],
  ] as const;
  for (const [value, rounded] of cases) expect(roundHalfEven(value) + 0).toBe(rounded);
});
