import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../../src/inputs/npy';
import { type Interpolation, type Raster, resample } from '../../../src/inputs/resample';

const CASES = path.resolve(__dirname, '../../cases/inputs');
const array = (name: string) => readNpy(readFileSync(path.join(CASES, name)));

interface Golden {
  readonly interpolation: Interpolation;
  readonly by: 'pillow' | 'opencv';
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

const goldens: Golden[] = JSON.parse(readFileSync(path.join(CASES, 'resize.json'), 'utf8'));

const source = array('resize.source.npy');
const colour: Raster = { width: 37, height: 23, channels: 3, data: source.data as Uint8Array };
// 8-bit luma by Pillow's documented formula, L = (R·19595 + G·38470 + B·7471 + 2¹⁵) / 2¹⁶.
const grey: Raster = {
  width: 37,
  height: 23,
  channels: 1,
  data: Uint8Array.from({ length: 37 * 23 }, (_, i) => {
    const [r, g, b] = colour.data.subarray(3 * i, 3 * i + 3);
    return Math.floor((r * 19595 + g * 38470 + b * 7471 + 32768) / 65536);
  }),
};

describe('against other libraries', () => {
  const expected = array('resize.expected.npy').data as Uint8Array;
  let offset = 0;
  for (const golden of goldens) {
    const { interpolation, by, width, height, channels } = golden;
    const start = offset;
    offset += width * height * channels;
    it(`${interpolation} to ${width} × ${height}, ${channels} channels, is ${by}'s`, () => {
      const result = resample(channels === 1 ? grey : colour, width, height, interpolation, by === 'pillow');
      const wanted = expected.subarray(start, start + width * height * channels);
      expect([result.width, result.height, result.channels]).toEqual([width, height, channels]);
      const differences = Array.from(result.data, (value, i) => Math.abs(value - wanted[i]));
      // Pillow to the bit; OpenCV rounds its weights to 11 bits.
      expect(Math.max(...differences)).toBeLessThanOrEqual(by === 'pillow' ? 0 : 1);
    });
  }

  it('uses up every golden value', () => {
    expect(offset).toBe(expected.length);
  });
});

/** The kernels by their formulas, in units of the coarser grid. */
const KERNELS: Record<Exclude<Interpolation, 'nearest'>, (x: number) => number> = {
  box: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0),
  bilinear: (x) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0),
  hamming: (x) =>
    x === 0 ? 1 : Math.abs(x) < 1 ? (Math.sin(Math.PI * x) / (Math.PI * x)) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0,
  bicubic: (x) => keys(x, -0.5),
  lanczos: (x) =>
    x === 0 ? 1 : Math.abs(x) < 3 ? (3 * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / 3)) / (Math.PI * x) ** 2 : 0,
};

function keys(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/** One line of weights a output pixel, over all input pixels, adding up to 1. */
function smoothMatrix(from: number, to: number, kernel: (x: number) => number): number[][] {
  const scale = from / to;
  const widening = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const row = Array.from({ length: from }, (__, j) => kernel((j + 0.5 - (i + 0.5) * scale) / widening));
    const total = row.reduce((sum, weight) => sum + weight, 0);
    return row.map((weight) => weight / total);
  });
}

/** As torch.nn.functional.interpolate(align_corners=False) defines it: edge pixels repeat beyond the border. */
function pointMatrix(from: number, to: number, kernel: (x: number) => number): number[][] {
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const row = new Array<number>(from).fill(0);
    for (let j = -4; j < from + 4; j++) row[Math.min(Math.max(j, 0), from - 1)] += kernel(j - centre);
    return row;
  });
}

function apply({ width, height, data }: Raster, down: number[][], across: number[][]): number[] {
  return down.flatMap((rowWeights) =>
    across.map((columnWeights) => {
      let sum = 0;
      for (let y = 0; y < height; y++) {
        if (rowWeights[y] === 0) continue;
        for (let x = 0; x < width; x++) sum += rowWeights[y] * columnWeights[x] * data[y * width + x];
      }
      return sum;
    }),
  );
}

const side = fc.integer({ min: 1, max: 24 });
const rasterOf = (low: number, high: number): fc.Arbitrary<Raster> =>
  fc.tuple(side, side, fc.infiniteStream(fc.integer({ min: low, max: high }))).map(([width, height, values]) => ({
    width,
    height,
    channels: 1,
    data: Uint8Array.from(values.take(width * height)),
  }));
const harsh = rasterOf(0, 255);
/** Values far enough from 0 and 255 that no overshoot is clipped between the passes. */
const raster = rasterOf(90, 160);

describe('against the definition in float64', () => {
  it.each(['bilinear', 'hamming', 'bicubic', 'lanczos'] as const)('%s from any size to any size', (name) => {
    fc.assert(
      fc.property(raster, side, side, (picture, width, height) => {
        const kernel = KERNELS[name];
        const expected = apply(
          picture,
          smoothMatrix(picture.height, height, kernel),
          smoothMatrix(picture.width, width, kernel),
        );
        const { data } = resample(picture, width, height, name);
        // Half a level of rounding a pass; the second pass weighs the first one's by at most its absolute weights.
        for (const [i, value] of expected.entries()) expect(Math.abs(data[i] - value)).toBeLessThan(1.5);
      }),
    );
  });

  it.each([
    ['bilinear', KERNELS.bilinear],
    ['bicubic', (x: number) => keys(x, -0.75)],
  ] as const)('%s without antialiasing', (name, kernel) => {
    fc.assert(
      fc.property(harsh, side, side, (picture, width, height) => {
        const expected = apply(
          picture,
          pointMatrix(picture.height, height, kernel),
          pointMatrix(picture.width, width, kernel),
        );
        const { data } = resample(picture, width, height, name, false);
        for (const [i, value] of expected.entries()) {
          expect(Math.abs(data[i] - Math.min(255, Math.max(0, value)))).toBeLessThan(0.51);
        }
      }),
    );
  });

  it('box by a whole factor is the mean of blocks', () => {
    fc.assert(
      fc.property(raster, fc.integer({ min: 1, max: 4 }), (picture, factor) => {
        const width = picture.width * factor;
        const enlarged = resample(picture, width, picture.height * factor, 'box');
        expect(resample(enlarged, picture.width, picture.height, 'box').data).toEqual(picture.data);
      }),
    );
  });
});

describe('invariants', () => {
  const names: Interpolation[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

  it('an even picture stays even', () => {
    const size = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.boolean(),
        fc.nat(255),
        size,
        size,
        (name, antialias, value, from, to) => {
          const even: Raster = { width: from, height: 2, channels: 3, data: new Uint8Array(6 * from).fill(value) };
          const { data } = resample(even, to, 3, name, antialias);
          expect(data.every((pixel) => pixel === value)).toBe(true);
        },
      ),
    );
  });

  it('a window is that part of the whole', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.boolean(),
        fc.tuple(side, side),
        fc.tuple(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.double({ min: 0, max: 0.99, noNaN: true })),
        (name, antialias, [width, height], [left, top]) => {
          const x = Math.floor(left * width);
          const y = Math.floor(top * height);
          const window = { x, y, width: Math.ceil((width - x) / 2), height: Math.ceil((height - y) / 2) };
          const whole = resample(colour, width, height, name, antialias);
          const part = resample(colour, width, height, name, antialias, window);
          expect([part.width, part.height]).toEqual([window.width, window.height]);
          for (let row = 0; row < window.height; row++) {
            const from = ((y + row) * width + x) * 3;
            const wanted = whole.data.subarray(from, from + 3 * window.width);
            expect(part.data.subarray(row * window.width * 3, (row + 1) * window.width * 3)).toEqual(wanted);
          }
        },
      ),
    );
  });

  it('the same size is the same picture', () => {
    for (const name of names) expect(resample(colour, 37, 23, name).data).toEqual(colour.data);
  });
});
