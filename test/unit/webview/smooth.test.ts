import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScalarMap } from '../../../src/protocol';
import { defaultSmoothing, smooth } from '../../../webview/logic/smooth';

/** The definition: a two-dimensional Gaussian window of radius ⌈3σ⌉, normalised over what lies inside the map. */
function byDefinition({ width, height, data }: ScalarMap, sigma: number): number[] {
  const radius = Math.ceil(3 * sigma);
  return Array.from(data, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    let sum = 0;
    let total = 0;
    for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
      for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
        const weight = Math.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * sigma ** 2));
        sum += weight * data[v * width + u]!;
        total += weight;
      }
    }
    return sum / total;
  });
}

const maps = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc
      .array(fc.oneof(fc.constant(0), fc.float({ min: -4, max: 4, noNaN: true })), {
        minLength: width * height,
        maxLength: width * height,
      })
      .map((values) => ({ width, height, data: Float32Array.from(values) })),
  );

describe('smoothing', () => {
  test('is the normalised Gaussian window, on any map and width', () => {
    fc.assert(
      fc.property(maps, fc.double({ min: 0.2, max: 4, noNaN: true }), (map, sigma) => {
        const expected = byDefinition(map, sigma);
        const actual = smooth(map, sigma).data;
        for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
      }),
    );
  });

  test('keeps a constant map constant, up to the border', () => {
    const map = { width: 9, height: 7, data: new Float32Array(63).fill(2.5) };
    for (const value of smooth(map, 2).data) expect(value).toBeCloseTo(2.5, 6);
  });

  test('reaches 3σ from a single value and no further', () => {
    const data = new Float32Array(21 * 21);
    data[10 * 21 + 10] = 1;
    const { data: result } = smooth({ width: 21, height: 21, data }, 2);
    expect(result[10 * 21 + 4]).toBeGreaterThan(0);
    expect(result[10 * 21 + 3]).toBe(0);
    expect(result.filter((value) => value !== 0)).toHaveLength(13 * 13);
  });

  test('returns the map itself when there is nothing to smooth', () => {
    const map = { width: 2, height: 1, data: Float32Array.of(1, 2) };
    expect(smooth(map, 0)).toBe(map);
    expect(smooth(map, Number.NaN)).toBe(map);
  });

  test('is by default 1 % of the width', () => {
    expect(defaultSmoothing(224)).toBe(2.2);
    expect(defaultSmoothing(64)).toBe(0.6);
  });
});
