import { describe, expect, test } from 'vitest';
import type { ScalarMap } from '../../../src/protocol';
import { conservationText, relativeResidual } from '../../../webview/logic/conservation';
import { describeMap, regionShares } from '../../../webview/logic/describe';
import { english, translator } from '../../../webview/logic/l10n';
import { count, duration, number, percent, shape, signed } from '../../../webview/logic/numbers';
import { checkNumber } from '../../../webview/logic/options';
import { readings, sentence } from '../../../webview/logic/readout';
import { share, strongest, sums } from '../../../webview/logic/strongest';

const mapOf = (width: number, values: readonly number[]): ScalarMap => ({
  width,
  height: values.length / width,
  data: Float32Array.from(values),
});

describe('numbers', () => {
  test.each([
    [9.214976, 5, '9.2150'],
    [0.00305, 3, '0.00305'],
    [-0.5, 3, '-0.500'],
    [3.4e-7, 1, '3e-7'],
    [3.04e-5, 3, '3.04e-5'],
    [2e-5, 3, '2e-5'],
    [12345.6, 3, '12346'],
    [1.5e9, 3, '1.5e9'],
    [0, 3, '0'],
    [Number.NaN, 3, 'NaN'],
    [Number.NEGATIVE_INFINITY, 3, '-∞'],
  ])('%s with %s digits is %s', (value, digits, text) => {
    expect(number(value, digits)).toBe(text);
  });

  test('signs, shares, durations, counts and shapes', () => {
    expect([signed(0.25), signed(-0.25), signed(0)]).toEqual(['+0.250', '-0.250', '0']);
    expect([percent(0.385), percent(0.017), percent(0), percent(1), percent(0.0996)]).toEqual([
      '39 %',
      '1.7 %',
      '0 %',
      '100 %',
      '10 %',
    ]);
    expect([duration(84.2), duration(999.7), duration(1240), duration(61_000)]).toEqual([
      '84 ms',
      '1.00 s',
      '1.24 s',
      '61.0 s',
    ]);
    expect([count(999), count(4652008), count(999_600), count(25_557_032)]).toEqual(['999', '4.65 M', '1 M', '25.6 M']);
    expect([shape([1, 24, 56, 56]), shape([])]).toEqual(['1 × 24 × 56 × 56', 'scalar']);
  });
});

describe('conservation', () => {
  const map = mapOf(2, [4, 5, 1, -0.785]);
  const what = 'sum of relevance against the logit';

  test('is told with both sides and what remains', () => {
    const info = { what, expected: 9.215, actual: 9.2150003, residual: 3e-7 };
    expect(conservationText(info, map, english)).toEqual({
      text: 'sum of relevance 9.2150 = logit 9.2150 (residual 3e-7)',
      broken: false,
    });
  });

  test('is broken above a thousandth', () => {
    const info = { what, expected: 10, actual: 10.02, residual: 0.02 };
    expect(relativeResidual(info, map)).toBeCloseTo(0.002, 12);
    expect(conservationText(info, map, english)).toEqual({
      text: 'sum of relevance 10.020 ≠ logit 10.000 (residual 0.02)',
      broken: true,
    });
    expect(conservationText({ ...info, residual: Number.NaN }, map, english).broken).toBe(true);
  });

  test('of a contrastive map is measured against what cancels', () => {
    const contrastive = mapOf(2, [3, -3, 2, -2]);
    const info = { what, expected: 0, actual: 1e-6, residual: 1e-6 };
    expect(relativeResidual(info, contrastive)).toBeCloseTo(1e-7, 15);
    expect(conservationText(info, contrastive, english)).toEqual({
      text: 'sum of relevance 1e-6 = logit 0 (residual 1e-6)',
      broken: false,
    });
    const rounded = { ...info, expected: -4.0891e-8, actual: -1.6723e-7, residual: -1.2634e-7 };
    expect(conservationText(rounded, contrastive, english).text).toBe(
      'sum of relevance -2e-7 = logit -4e-8 (residual -1e-7)',
    );
  });

  test('names what was lost, and copes with any wording', () => {
    const info = { what: 'completeness', expected: 2, actual: 2, residual: 0, lost: 0.034 };
    expect(conservationText(info, map, english).text).toBe(
      'completeness: 2.0000 = 2.0000 (residual 0, 0.0340 lost on the way)',
    );
  });
});

describe('the strongest locations', () => {
  const map = mapOf(3, [0.1, -0.7, 0, 0.4, Number.NaN, 0.2]);

  test('come in order of magnitude with their share of the sum of magnitudes when the sum nearly cancels', () => {
    const found = strongest(map, 3);
    expect(found.map(({ x, y }) => [x, y])).toEqual([
      [1, 0],
      [0, 1],
      [2, 1],
    ]);
    // The sum is 0, the sum of magnitudes 1.4.
    expect(found.map((one) => one.share)).toEqual([-0.5, 4 / 14, 2 / 14].map((part) => expect.closeTo(part, 6)));
  });

  test('have shares of the sum where that is what is distributed', () => {
    const total = sums(mapOf(2, [6, 3, 2, -1]));
    expect(total).toEqual({ sum: 10, magnitude: 12 });
    expect(share(6, total)).toBeCloseTo(0.6, 12);
  });

  test('are all there are, when fewer are asked for than exist and the other way round', () => {
    const values = Array.from({ length: 100 }, (_, i) => ((i * 37) % 101) + 1);
    const sorted = [...values].sort((a, b) => b - a);
    expect(strongest(mapOf(10, values), 12).map(({ value }) => value)).toEqual(sorted.slice(0, 12));
    expect(strongest(mapOf(2, [0, 0]), 5)).toEqual([]);
  });
});

describe('a map in words', () => {
  test('counts every value in one of nine regions', () => {
    const values = Array.from({ length: 81 }, (_, i) => (i < 3 ? -1 : i === 80 ? 1 : 0));
    expect(regionShares(mapOf(9, values))).toEqual([0.75, 0, 0, 0, 0, 0, 0, 0, 0.25]);
  });

  test('says where it is strongest', () => {
    const values = new Array(81).fill(0);
    values[4 * 9 + 4] = 3;
    values[0] = 1;
    expect(describeMap(mapOf(9, values), english)).toBe(
      '9 × 9 values, sum 4.000. Strongest: 3.00 at column 4, row 4. Most of it lies centre 75 %, top left 25 %.',
    );
    expect(describeMap(mapOf(1, [0]), english)).toBe('All 1 × 1 values are zero.');
  });
});

describe('reading a place', () => {
  test('gives the photograph, the input and the raw value', () => {
    const facts = readings(
      {
        photograph: { x: 10.7, y: 3.2 },
        rgb: [1, 2, 3],
        input: { x: 1, y: 1 },
        map: mapOf(2, [0, 0, 0, -0.25]),
        name: 'relevance',
      },
      english,
    );
    expect(sentence(facts)).toBe('photograph 10, 3, RGB 1 2 3, input 1, 1, relevance -0.2500');
    expect(facts.find(({ label }) => label === 'RGB')?.colour).toBe('rgb(1 2 3)');
  });

  test('of a layer gives the PFV and its share', () => {
    const facts = readings(
      { pfv: { x: 1, y: 0 }, layer: { width: 2, height: 1 }, map: mapOf(2, [3, 1]), name: 'relevance' },
      english,
    );
    expect(sentence(facts)).toBe('PFV 1, relevance +1.000, share 25 %');
  });
});

describe('translation', () => {
  test('finds texts by their English and fills in values, in any order', () => {
    const t = translator({ 'layer {0} of {1}': '{1} Schichten, hier die {0}.' });
    expect(t('layer {0} of {1}', 3, 9)).toBe('9 Schichten, hier die 3.');
    expect(t('not translated {0}', 'x')).toBe('not translated x');
    expect(t('constructor')).toBe('constructor');
    expect(t('{0} and {1}', 'one')).toBe('one and {1}');
  });
});

describe('typed numbers', () => {
  const option = { key: 'n', title: 'n', help: '', type: 'integer', default: 4, min: 1, max: 10 } as const;

  test.each([
    ['7', 7],
    [' 10 ', 10],
    ['2.5', 'A whole number is needed.'],
    ['', 'A number is needed.'],
    ['seven', 'A number is needed.'],
    ['0', 'At least 1.'],
    ['11', 'At most 10.'],
  ])('%j becomes %j', (text, expected) => {
    expect(checkNumber(option, text, english)).toBe(expected);
  });
});
