import { describe, expect, it } from 'vitest';
import {
  allClasses,
  classOutput,
  classScore,
  requireFinite,
  targetIndex,
  topClasses,
  writtenScore,
} from '../../../src/engine/classes';
import { floatArray } from '../../../src/graph/ndarray';

const vector = classOutput('logits', [1, 3], 'logits', 'image-classification', false, ['a', 'b', 'c']);
const dense = classOutput('map', [1, 2, 2, 2], 'logits', 'segmentation', false, undefined);

describe('classOutput', () => {
  it('finds the axis over the classes', () => {
    expect(vector.axis).toBe(1);
    expect(dense.axis).toBe(1);
    expect(classOutput('y', [1, 4, 4, 9], 'logits', 'segmentation', true, undefined).axis).toBe(3);
    expect(classOutput('y', [7], 'logits', 'image-classification', false, undefined).axis).toBe(0);
    expect(classOutput('y', [1, 5, 1, 1], 'logits', 'image-classification', false, undefined).axis).toBe(1);
  });

  it('calls classes without a label by their index', () => {
    expect(dense.labels).toEqual(['0', '1']);
    expect(classOutput('y', [1, 3], 'logits', 'image-classification', false, ['a']).labels).toEqual(['a', '1', '2']);
  });

  it('refuses an output without classes', () => {
    expect(() => classOutput('y', [], 'logits', 'image-classification', false, undefined)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_OUTPUT' }),
    );
  });
});

describe('allClasses', () => {
  it('gives the softmax of logits', () => {
    const classes = allClasses(vector, floatArray(Float32Array.of(0, Math.log(2), Math.log(5)), [1, 3]));
    expect(classes.map(({ label }) => label)).toEqual(['a', 'b', 'c']);
    expect(classes[0].probability).toBeCloseTo(1 / 8, 6);
    expect(classes[2].probability).toBeCloseTo(5 / 8, 6);
    expect(classes[1].score).toBeCloseTo(Math.log(2), 6);
  });

  it('does not overflow', () => {
    const [first] = allClasses(vector, floatArray(Float32Array.of(1000, 0, 0), [1, 3]));
    expect(first.probability).toBe(1);
  });

  it('takes probabilities as they are', () => {
    const output = { ...vector, kind: 'probabilities' as const };
    const [, second] = allClasses(output, floatArray(Float32Array.of(0.25, 0.5, 0.25), [1, 3]));
    expect(second).toMatchObject({ score: 0.5, probability: 0.5 });
  });

  it('gives the sigmoid of a single logit', () => {
    const output = classOutput('y', [1, 1], 'logits', 'image-classification', false, undefined);
    expect(allClasses(output, floatArray(Float32Array.of(Math.log(3)), [1, 1]))[0].probability).toBeCloseTo(0.75, 6);
  });

  it('sums over positions and counts where a class is the highest', () => {
    // Class 0 at the four positions, then class 1.
    const values = Float32Array.of(1, 1, 1, 0, 0, 0, 0, 9);
    expect(allClasses(dense, floatArray(values, [1, 2, 2, 2]))).toMatchObject([
      { score: 3, probability: 0.75 },
      { score: 9, probability: 0.25 },
    ]);
  });
});

describe('topClasses', () => {
  it('puts the highest first and keeps equal ones in order', () => {
    const classes = allClasses(vector, floatArray(Float32Array.of(1, 3, 1), [1, 3]));
    expect(topClasses(classes, 3).map(({ index }) => index)).toEqual([1, 0, 2]);
    expect(topClasses(classes, 1)).toHaveLength(1);
  });
});

describe('scores', () => {
  it('of a class sum over its positions', () => {
    expect(classScore(vector, 2)).toEqual({ output: 'logits', select: [0, 2] });
    expect(classScore(dense, 1)).toEqual({ output: 'map', select: [0, 1, ':', ':'] });
  });

  it('of a named target', () => {
    expect(targetIndex(vector, 'B')).toBe(1);
    expect(targetIndex(vector, 2)).toBe(2);
    expect(() => targetIndex(vector, 3)).toThrow(expect.objectContaining({ code: 'TARGET_OUT_OF_RANGE' }));
  });

  it('as written', () => {
    expect(writtenScore('map[0,1,:,-1]', ['map'])).toEqual({ output: 'map', select: [0, 1, ':', -1] });
    expect(() => writtenScore('mop[0]', ['map'])).toThrow(expect.objectContaining({ code: 'UNKNOWN_OUTPUT' }));
    expect(() => writtenScore('map', ['map'])).toThrow(expect.objectContaining({ code: 'BAD_SCORE' }));
  });
});

describe('requireFinite', () => {
  it('refuses NaN and infinite values', () => {
    expect(() => requireFinite('y', [1, 2, 3n], '')).not.toThrow();
    expect(() => requireFinite('y', [1, Number.NaN], 'hint')).toThrow(
      expect.objectContaining({ code: 'OUTPUT_NAN', message: "the model's output y holds NaN for this input; hint" }),
    );
    expect(() => requireFinite('y', [Number.NEGATIVE_INFINITY], '')).toThrow('an infinite value');
  });
});
