import { describe, expect, test } from 'vitest';
import { alpha, colourMap, colourMaps, colourMapsOf, colourTable, paint } from '../../../webview/logic/colour-maps';

/**
 * Ends, middle, and the neighbours of the middle of Cynthia Brewer's 11-class schemes, as she publishes them
 * (colorbrewer2.org).
 */
const brewer = {
  rdbu: { low: '053061', around: ['d1e5f0', 'fddbc7'], middle: 'f7f7f7', high: '67001f' },
  piyg: { low: '8e0152', around: ['fde0ef', 'e6f5d0'], middle: 'f7f7f7', high: '276419' },
  puor: { low: '2d004b', around: ['d8daeb', 'fee0b6'], middle: 'f7f7f7', high: '7f3b08' },
} as const;

const bytes = (hex: string): number[] => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

/** First and last colour of matplotlib's maps. */
const matplotlib = {
  viridis: { low: [68, 1, 84], high: [253, 231, 37] },
  inferno: { low: [0, 0, 4], high: [252, 255, 164] },
  magma: { low: [0, 0, 4], high: [252, 253, 191] },
} as const;

function painted(values: readonly number[], id: string, opacity: number, scale: number): readonly number[][] {
  const map = colourMaps.find((candidate) => candidate.id === id)!;
  const pixels = new Uint8ClampedArray(4 * values.length);
  paint(Float32Array.from(values), colourTable(map, opacity), map.kind, scale, pixels);
  return values.map((_, i) => [...pixels.subarray(4 * i, 4 * i + 4)]);
}

const near = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
  for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance);
};

describe('diverging maps', () => {
  test.each(Object.entries(brewer))('%s goes through the published colours', (id, { low, around, middle, high }) => {
    const [a, b, c] = painted([-2, 0, 2], id, 1, 2);
    near(a!, [...bytes(low), 255], 1);
    near(c!, [...bytes(high), 255], 1);
    // A uniform cubic B-spline has at a knot one sixth of either neighbour and four sixths of the knot's own value.
    const [before, after] = around.map(bytes);
    near(b!, [...bytes(middle).map((value, i) => (before![i]! + 4 * value + after![i]!) / 6), 255], 1);
  });

  test('are symmetric about 0: a value and its opposite are equally far from the ends', () => {
    const map = colourMap('rdbu', 'diverging');
    const table = colourTable(map, 1);
    const entries = table.length / 4;
    expect(entries % 2).toBe(1);
    const [below, above] = painted([-0.5, 0.5], 'rdbu', 1, 1);
    near(below!, [...table.subarray(entries - 1, entries + 2)], 0);
    near(above!, [...table.subarray(3 * (entries - 1), 3 * (entries - 1) + 3)], 0);
  });

  test('paint 0 in the same colour whatever the scale', () => {
    const colours = [0.001, 1, 1e6].map((scale) => painted([0], 'piyg', 1, scale)[0]);
    expect(colours[1]).toEqual(colours[0]);
    expect(colours[2]).toEqual(colours[0]);
  });
});

describe('sequential maps', () => {
  test.each(Object.entries(matplotlib))('%s goes from its first to its last colour', (id, { low, high }) => {
    const [a, b] = painted([0, 3], id, 1, 3);
    near(a!, [...low, 255], 1);
    near(b!, [...high, 255], 1);
  });

  test('take negative values for 0', () => {
    const [negative, zero] = painted([-5, 0], 'viridis', 1, 1);
    expect(negative).toEqual(zero);
  });
});

describe('painting', () => {
  test('clamps to the ends of the scale', () => {
    const [beyond, end, below, start] = painted([9, 1, -9, -1], 'rdbu', 1, 1);
    expect(beyond).toEqual(end);
    expect(below).toEqual(start);
  });

  test('leaves NaN transparent and infinities at the ends', () => {
    const [nan, infinite, end] = painted([Number.NaN, Number.POSITIVE_INFINITY, 1], 'rdbu', 1, 1);
    expect(nan).toEqual([0, 0, 0, 0]);
    expect(infinite).toEqual(end);
  });

  test('paints a map of zeros as zeros', () => {
    const [zero] = painted([0], 'rdbu', 1, 1);
    expect(painted([0, 0], 'rdbu', 1, 0)).toEqual([zero, zero]);
  });
});

describe('opacity', () => {
  test('1 paints the bare map, 0 the bare photograph', () => {
    expect(painted([-1, 0, 1], 'rdbu', 1, 1).map((pixel) => pixel[3])).toEqual([255, 255, 255]);
    expect(painted([-1, 0, 1], 'rdbu', 0, 1).map((pixel) => pixel[3])).toEqual([0, 0, 0]);
  });

  test('in between lets zero through and gives the strongest value its full share', () => {
    const [low, zero, high] = painted([-1, 0, 1], 'rdbu', 0.6, 1).map((pixel) => pixel[3]);
    expect(zero).toBeLessThan(0.02 * 255);
    expect(low).toBe(Math.round(0.6 * 255));
    expect(high).toBe(low);
  });

  test('never falls as the magnitude or the opacity rises', () => {
    for (const opacity of [0.1, 0.5, 0.9]) {
      for (let s = 0; s < 1; s += 0.05) {
        expect(alpha(s + 0.05, opacity)).toBeGreaterThan(alpha(s, opacity));
        expect(alpha(s, opacity + 0.1)).toBeGreaterThanOrEqual(alpha(s, opacity));
      }
    }
  });
});

describe('the choice of maps', () => {
  test('an unknown id, or one of the other kind, gives the default of the kind', () => {
    expect(colourMap('viridis', 'diverging').id).toBe(colourMapsOf('diverging')[0]!.id);
    expect(colourMap('nothing', 'sequential').id).toBe(colourMapsOf('sequential')[0]!.id);
    expect(colourMap('magma', 'sequential').id).toBe('magma');
  });
});
