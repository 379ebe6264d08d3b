import { describe, expect, it } from 'vitest';
import { parseScore, scoreWeights } from '../../../src/reverse/score';

describe('parseScore', () => {
  it('reads indices and sums', () => {
    expect(parseScore('out[0,4,:,17]')).toEqual({ output: 'out', index: [0, 4, null, 17] });
    expect(parseScore(' /head/Gemm_output_0[ 0 , -1 ] ')).toEqual({ output: '/head/Gemm_output_0', index: [0, -1] });
    expect(parseScore('a[1][2]')).toEqual({ output: 'a[1]', index: [2] });
  });

  it.each(['out', 'out[]', '[0]', 'out[0,]', 'out[1.5]', 'out[0:2]', 'out[0]x'])('refuses %s', (text) => {
    expect(() => parseScore(text)).toThrow(expect.objectContaining({ code: 'BAD_SCORE' }));
  });
});

describe('scoreWeights', () => {
  it('marks one element, counted from the end if negative', () => {
    expect(Array.from(scoreWeights([2, 3], [1, 0]))).toEqual([0, 0, 0, 1, 0, 0]);
    expect(Array.from(scoreWeights([2, 3], [-2, -1]))).toEqual([0, 0, 1, 0, 0, 0]);
    expect(Array.from(scoreWeights([], []))).toEqual([1]);
  });

  it('marks whole axes', () => {
    expect(Array.from(scoreWeights([2, 3], [null, 1]))).toEqual([0, 1, 0, 0, 1, 0]);
    expect(Array.from(scoreWeights([2, 2], [null, null]))).toEqual([1, 1, 1, 1]);
  });

  it('limits the sum to a region of the last axes', () => {
    const region = { shape: [2, 2], values: [0, 1, 0.5, 0] };
    expect(Array.from(scoreWeights([2, 2, 2], [1, null, null], region))).toEqual([0, 0, 0, 0, 0, 1, 0.5, 0]);
    expect(Array.from(scoreWeights([2, 2, 2], [0, 0, null], region))).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('spreads a region over an axis of length 1', () => {
    const region = { shape: [1, 1, 2], values: [0, 3] };
    expect(Array.from(scoreWeights([2, 2, 2], [null, 0, null], region))).toEqual([0, 3, 0, 0, 0, 3, 0, 0]);
  });

  it('refuses what does not fit', () => {
    expect(() => scoreWeights([1, 10], [0, 10])).toThrow(expect.objectContaining({ code: 'TARGET_OUT_OF_RANGE' }));
    expect(() => scoreWeights([1, 10], [0, -11])).toThrow(expect.objectContaining({ code: 'TARGET_OUT_OF_RANGE' }));
    expect(() => scoreWeights([1, 10], [0])).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    const region = { shape: [3], values: [1, 1, 1] };
    expect(() => scoreWeights([1, 10], [0, null], region)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });
});
