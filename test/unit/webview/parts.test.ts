import { describe, expect, test } from 'vitest';
import type { FeaturePart, TokenPart } from '../../../src/protocol';
import { addsUp, pieces, runs, scaleOf, visibleRows, waterfall } from '../../../webview/logic/parts';

const token = (start: number, end: number, text = ''): TokenPart => ({ text, id: 0, start, end, relevance: 0 });
const feature = (name: string, relevance: number): FeaturePart => ({ name, value: '', relevance });

describe('a text cut at its tokens', () => {
  test('is whole, tokens that stand for nothing of it left out', () => {
    const text = 'The  cat sat.';
    const tokens = [token(0, 0), token(0, 3), token(5, 8), token(9, 12), token(12, 12)];
    expect(pieces(text, tokens)).toEqual([
      { text: 'The', token: 1 },
      { text: '  ' },
      { text: 'cat', token: 2 },
      { text: ' ' },
      { text: 'sat', token: 3 },
      { text: '.' },
    ]);
  });

  test('gives a stretch to the first of tokens that share it', () => {
    const found = pieces('日本', [token(0, 2), token(2, 2), token(1, 2)]);
    expect(found).toEqual([{ text: '日本', token: 0 }]);
  });

  test('comes in runs', () => {
    const all = pieces(
      'abcde',
      [0, 1, 2, 3, 4].map((at) => token(at, at + 1)),
    );
    expect(runs(all, 2).map((run) => run.map(({ text }) => text).join(''))).toEqual(['ab', 'cd', 'e']);
    expect(runs([], 2)).toEqual([]);
  });
});

test('only rows in sight and a few around them are made', () => {
  const of = (top: number) => visibleRows(10_000, { top, height: 220, row: 22 });
  expect(of(0)).toEqual({ first: 0, last: 20 });
  expect(of(22_000)).toEqual({ first: 990, last: 1020 });
  expect(of(220_000)).toEqual({ first: 9990, last: 10_000 });
  expect(visibleRows(3, { top: 500, height: 220, row: 22 }).last).toBe(3);
});

describe('a waterfall', () => {
  const features = [feature('a', 1), feature('b', -3), feature('c', 0.5)];

  test('leads from the score without the features to the score, the largest step first', () => {
    expect(waterfall(features, 2)).toMatchObject({
      base: 3.5,
      score: 2,
      steps: [
        { name: 'b', from: 3.5, to: 0.5 },
        { name: 'a', from: 0.5, to: 1.5 },
        { name: 'c', from: 1.5, to: 2 },
      ],
      low: 0.5,
      high: 3.5,
    });
  });

  test('is drawn where the parts add up, as the method promises', () => {
    const promise = { what: '', expected: -1.5, actual: -1.5, residual: 0 };
    expect(addsUp(features, promise)).toBe(true);
    expect(addsUp(features, undefined)).toBe(false);
    expect(addsUp(features, { ...promise, expected: 4, residual: -5.5 })).toBe(false);
    expect(addsUp(features, { ...promise, lost: 2 })).toBe(false);
    // LIME promises something of its linear model, not of the sum.
    expect(addsUp(features, { ...promise, expected: 7 })).toBe(false);
  });
});

test('a scale can be divided by', () => {
  expect(scaleOf([])).toBe(1);
  expect(scaleOf([feature('a', 0)])).toBe(1);
  expect(scaleOf([feature('a', -2), feature('b', 1)])).toBe(2);
});
