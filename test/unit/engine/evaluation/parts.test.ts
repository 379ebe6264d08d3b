import { describe, expect, it } from 'vitest';
import { csvOf } from '../../../../src/engine/evaluation/csv';
import type { Entry } from '../../../../src/engine/evaluation/evaluation';
import { compose, mosaicsOf } from '../../../../src/engine/evaluation/mosaics';
import { Pace, timeLeft } from '../../../../src/engine/evaluation/pace';
import type { Sighting } from '../../../../src/engine/evaluation/sightings';
import { meanCurve, summarise } from '../../../../src/engine/evaluation/summary';
import { wantedMetrics } from '../../../../src/engine/score';
import { gradient } from '../../../../src/methods/gradient';

const entry = (image: string, values: Record<string, number | null>, more: Partial<Entry> = {}): Entry => ({
  key: image,
  image,
  method: 'gradient',
  target: { index: 1, label: 'cat', probability: 0.5 },
  predicted: { index: 1, label: 'cat' },
  metrics: Object.fromEntries(Object.entries(values).map(([id, value]) => [id, { value }])),
  explainMs: 1,
  ...more,
});

describe('the pace', () => {
  it('tells how far it is and how long it will take', () => {
    let now = 0;
    const told: unknown[] = [];
    const context = { signal: new AbortController().signal, progress: (progress: unknown) => told.push(progress) };
    const pace = new Pace(10, context, () => now);
    pace.skip(2);
    pace.begin('first');
    now += 3000;
    pace.done();
    pace.begin('second');
    now += 5000;
    pace.done();
    pace.extend(6);
    pace.begin('third');
    expect(told).toEqual([
      { message: '3 of 10 · first', fraction: 0.2 },
      { message: '4 of 10 · second · 21 s left', fraction: 0.3 },
      // Twelve of sixteen are left, at four seconds each.
      { message: '5 of 16 · third · 48 s left', fraction: 0.25 },
    ]);
  });

  it('says times as people do', () => {
    expect([200, 89_000, 90_000, 3_600_000, 5_400_000, 9_000_000].map(timeLeft)).toEqual([
      '1 s',
      '89 s',
      '2 min',
      '60 min',
      '1 h 30 min',
      '2 h 30 min',
    ]);
  });
});

describe('a summary', () => {
  const wanted = wantedMetrics(['gini', 'complexity']);
  const explainers = [{ method: gradient, options: {} }];

  it('leaves out pictures without a value', () => {
    const entries = [entry('a', { gini: 1, complexity: null }), entry('b', { gini: 3 }), entry('c', { gini: null })];
    const [summary] = summarise(explainers, wanted, entries);
    expect(summary.metrics.gini).toMatchObject({ mean: 2, count: 2 });
    expect(summary.metrics.complexity).toBeNull();
    expect(summary.explainMs).toBe(1);
    expect(summarise(explainers, wanted, [])[0]).toMatchObject({ metrics: { gini: null }, explainMs: null });
  });

  it('averages curves of different lengths over the same width', () => {
    const curve = (values: number[]): Entry => ({
      ...entry('a', {}),
      metrics: { deletion: { value: 0, curve: values } },
    });
    const mean = meanCurve([curve([1, 0]), curve([1, 1, 0])], 'deletion');
    expect(mean).toHaveLength(101);
    expect([0, 50, 75, 100].map((i) => mean?.[i])).toEqual([1, 0.75, 0.375, 0]);
    expect(meanCurve([entry('a', { gini: 1 })], 'gini')).toBeUndefined();
  });
});

describe('a table', () => {
  it('quotes what has to be, and holds no formulas', () => {
    const entries = [
      entry('a "x", y.png', { gini: 0.5, complexity: null }, { label: { index: 0, label: '=dog' } }),
      { key: 'm', image: 'a | b', method: 'gradient', metrics: {}, explainMs: 2 },
    ];
    expect(csvOf(entries, wantedMetrics(['gini', 'complexity']))).toBe(
      [
        'image,method,target,probability,predicted,label,explain ms,gini,complexity',
        `"a ""x"", y.png",gradient,cat,0.5,cat,'=dog,1,0.5,`,
        'a | b,gradient,,,,,2,,',
        '',
      ].join('\r\n'),
    );
  });
});

describe('mosaics', () => {
  const seen = (name: string, index: number, probability: number, label = index): Sighting => ({
    item: { name, path: name },
    predicted: { index, label: String(index), probability },
    label: { index: label, label: String(label) },
    leftOut: false,
  });

  it('have four classes, the surest pictures first, each once, none misclassified', () => {
    const pictures = [0, 1, 2, 3, 4].flatMap((index) => [
      seen(`${index}a`, index, 0.5),
      seen(`${index}b`, index, 0.9),
      seen(`${index}c`, index, 0.99, index + 1),
    ]);
    const mosaics = mosaicsOf(pictures);
    expect(mosaics).toHaveLength(2);
    for (const { tiles } of mosaics) expect(new Set(tiles.map(({ predicted }) => predicted.index)).size).toBe(4);
    const names = mosaics.flatMap(({ tiles }) => tiles.map(({ item }) => item.name));
    expect(new Set(names).size).toBe(8);
    expect(names.some((name) => name.endsWith('c'))).toBe(false);
    expect(mosaics[0].name).toBe('0b | 1b | 2b | 3b');
    expect(mosaicsOf(pictures.slice(0, 9))).toEqual([]);
  });

  it('put inputs side by side, at twice the size', () => {
    const inputs = [0, 1, 2, 3].map((tile) => Float32Array.from({ length: 4 }, (_, i) => 10 * tile + i));
    const { data, masks } = compose(inputs, [1, 1, 2, 2], [2, 3], [1, 1, 4, 4]);
    expect([...data]).toEqual([0, 1, 10, 11, 2, 3, 12, 13, 20, 21, 30, 31, 22, 23, 32, 33]);
    expect([...masks[1]]).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const all = masks.reduce((sum, mask) => sum.map((count, i) => count + mask[i]), new Uint8Array(16));
    expect([...all]).toEqual(new Array(16).fill(1));
  });

  it('shrink inputs by averages where the size is fixed, channels last as well', () => {
    // One row of five and its channel of opposites: tiles of three and two columns, the rows are one and nothing.
    const inputs = [1, 2, 3, 4].map((tile) =>
      Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : -1) * tile * (Math.floor(i / 2) % 5)),
    );
    const { data } = compose(inputs, [1, 2, 5, 2], [1, 2], [1, 2, 5, 2]);
    const first = Array.from({ length: 10 }, (_, i) => data[2 * i]);
    // Five columns 0 … 4 as three: (0 + 2/3·1)/(5/3), (1/3 + 2 + 1/3·3)/(5/3), (2/3·3 + 4)/(5/3); as two: (0 + 1 + ½·2)/2.5, …
    const three = [0.4, 2, 3.6];
    const two = [0.8, 3.2];
    const expected = [...three, ...two.map((value) => 2 * value), ...three.map((v) => 3 * v), ...two.map((v) => 4 * v)];
    first.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
      expect(data[2 * i + 1]).toBeCloseTo(-expected[i], 5);
    });
  });
});
