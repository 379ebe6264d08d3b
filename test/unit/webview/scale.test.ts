import { describe, expect, test } from 'vitest';
import { largest, percentile, scaleOf } from '../../../webview/logic/scale';

describe('the largest magnitude', () => {
  test('is that of either sign', () => {
    expect(largest(Float32Array.of(1, -3, 2))).toBe(3);
  });

  test('leaves NaN and infinities out', () => {
    expect(largest(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -2))).toBe(2);
    expect(largest(new Float32Array())).toBe(0);
  });
});

describe('percentiles', () => {
  test('are interpolated linearly between order statistics', () => {
    // numpy.percentile([1, 2, 3, 4, 10], [0, 50, 90, 99.5, 100]) = [1, 3, 7.6, 9.88, 10]
    const data = Float32Array.of(10, -3, 2, -4, 1);
    const values = [0, 50, 90, 99.5, 100].map((q) => percentile(data, q));
    for (const [i, expected] of [1, 3, 7.6, 9.88, 10].entries()) expect(values[i]).toBeCloseTo(expected, 5);
  });

  test('do not disturb the map', () => {
    const data = Float32Array.of(3, 1, 2);
    percentile(data, 50);
    expect([...data]).toEqual([3, 1, 2]);
  });
});

describe('the scale', () => {
  test('by percentile is not ruled by a single strong value', () => {
    const data = new Float32Array(1000).map((_, i) => i / 1000);
    data[0] = 1e6;
    expect(scaleOf(data, 'maximum')).toBe(1e6);
    expect(scaleOf(data, 'percentile')).toBeLessThan(1);
  });

  test('by percentile falls back to the maximum where nearly everything is 0', () => {
    const data = new Float32Array(10_000);
    data[7] = 0.25;
    expect(scaleOf(data, 'percentile')).toBe(0.25);
  });
});
