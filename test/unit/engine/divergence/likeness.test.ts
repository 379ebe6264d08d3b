import { describe, expect, it } from 'vitest';
import { mapLikeness, strongestOverlap, vectorLikeness } from '../../../../src/engine/divergence/likeness';
import { floatArray } from '../../../../src/graph/ndarray';

const values = (shape: readonly number[], ...data: number[]) => floatArray(Float32Array.from(data), shape);

describe('feature vectors', () => {
  // Two channels, two locations: vectors (1, 0) and (3, 4).
  const pixels = values([1, 2, 1, 2], 1, 3, 0, 4);

  it('are compared location by location', () => {
    // (1, 0) against (0, 2): 0; (3, 4) against (4, 3): 24/25.
    const found = vectorLikeness(pixels, values([1, 2, 1, 2], 0, 4, 2, 3));
    expect(found.cosine).toBeCloseTo((0 + 24 / 25) / 2, 6);
    expect(found.lowest).toBeCloseTo(0, 6);
    expect(found.difference).toBeCloseTo(Math.sqrt((1 + 4 + 1 + 1) / 26), 6);
  });

  it('of other lengths point the same way, and differ', () => {
    const found = vectorLikeness(pixels, values([1, 2, 1, 2], 2, 6, 0, 8));
    expect([found.cosine, found.lowest, found.difference]).toEqual([1, 1, 1]);
  });

  it('of tokens have their channels last', () => {
    // Tokens (1, 3) and (0, 4), against (3, -1) and (0, 1).
    const found = vectorLikeness(values([1, 2, 2], 1, 3, 0, 4), values([1, 2, 2], 3, -1, 0, 1));
    expect(found.cosine).toBeCloseTo(0.5, 6);
  });

  it('without length are alike, and like no other', () => {
    const none = values([1, 2, 1, 1], 0, 0);
    expect(vectorLikeness(none, none)).toEqual({ cosine: 1, lowest: 1, difference: 0 });
    expect(vectorLikeness(values([1, 2, 1, 1], 1, 0), none).cosine).toBe(0);
  });
});

describe('relevance maps', () => {
  it('of one pattern are alike whatever their size', () => {
    expect(mapLikeness([1, 2, -1], [2, 4, -2])).toEqual({ correlation: 1, moved: 0 });
  });

  it('with nothing in common have moved wholly', () => {
    expect(mapLikeness([1, 0, 0, 0], [0, 0, 0, 5]).moved).toBe(1);
    expect(mapLikeness([3, 1], [1, 3]).moved).toBeCloseTo(0.5, 6);
  });

  it('that are constant have no ranks', () => {
    expect(mapLikeness([1, 1], [1, 2]).correlation).toBeNull();
  });

  it('share so many of their strongest places, whatever the sign', () => {
    // Of four places the two strongest: 0 and 3 of the first map.
    expect(strongestOverlap([-9, 1, 0, 8], [7, 0, 1, -6], 0.5)).toBe(1);
    expect(strongestOverlap([-9, 1, 0, 8], [7, -6, 1, 0], 0.5)).toBe(0.5);
    expect(strongestOverlap([-9, 1, 0, 8], [0, -6, 7, 1], 0.5)).toBe(0);
    // At least one place counts.
    expect(strongestOverlap([1, 2, 3], [3, 2, 1])).toBe(0);
  });
});
