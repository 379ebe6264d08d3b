import { describe, expect, it } from 'vitest';
import { cellAfter, scales, textOf, valueAt, visible } from '../../../webview/logic/token-map';

const token = (text: string, start: number) => ({ text, id: 0, start, end: start + text.length });
const row = (at: number, relevance: number[]) => ({
  at,
  target: { index: 0, label: 'x', score: 1, probability: 1 },
  top: [],
  relevance: Float32Array.from(relevance),
});
const study = {
  text: 'a b c d',
  tokens: [token('a', 0), token('b', 2), token('c', 4), token('d', 6)],
  rows: [row(2, [1, -4]), row(3, [0.5, 2, -1])],
};

describe('a map token × token', () => {
  it('has nothing where a token was not read', () => {
    expect([valueAt(study, 0, 1), valueAt(study, 0, 2), valueAt(study, 9, 0)]).toEqual([-4, 0, 0]);
  });

  it('has a scale for every row, or one for all', () => {
    expect(scales(study, false)).toEqual([4, 2]);
    expect(scales(study, true)).toEqual([4, 4]);
    expect(scales({ rows: [row(0, [0, 0])] }, false)).toEqual([1]);
  });

  it('is the relevance of a row for the tokens before, of a column for those behind', () => {
    const of = (look: Parameters<typeof textOf>[1]) => textOf(study, look).tokens.map(({ relevance }) => relevance);
    expect(of({ row: 1 })).toEqual([0.5, 2, -1, 0]);
    expect(of({ column: 1 })).toEqual([0, 0, -4, 2]);
  });

  it('is walked through by keys, to its borders', () => {
    const size = { rows: 5, columns: 9, page: 3 };
    const from = { row: 1, column: 8 };
    expect(cellAfter('ArrowRight', from, size, false)).toEqual({ row: 1, column: 8 });
    expect(cellAfter('PageDown', from, size, false)).toEqual({ row: 4, column: 8 });
    expect(cellAfter('Home', from, size, false)).toEqual({ row: 1, column: 0 });
    expect(cellAfter('End', { row: 0, column: 0 }, size, true)).toEqual({ row: 4, column: 8 });
    expect(cellAfter('x', from, size, false)).toBeUndefined();
  });

  it('shows what cannot be seen', () => {
    expect([' a', '\n', '  ', 'b'].map(visible)).toEqual(['a', '↵', '␣', 'b']);
  });
});
