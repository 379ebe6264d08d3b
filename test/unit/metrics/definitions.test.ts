import { describe, expect, it } from 'vitest';
import { PrismError } from '../../../src/graph/errors';
import { type FloatArray, floatArray } from '../../../src/graph/ndarray';
import { METRICS, metricById } from '../../../src/metrics/index';
import { layoutOf, locationsOf } from '../../../src/metrics/layout';
import { estimate, spearman } from '../../../src/metrics/statistics';
import { fakeRuntime, judge, judgedOf } from '../../support/metrics';
import { type Draw, property } from '../../support/property';
import type { Random } from '../../support/random';

const drawn = (values: Random, shape: readonly number[], low = -1, high = 1): FloatArray =>
  floatArray(Float32Array.from(values.array(shape, low, high).data), shape);

/** Values of few different sizes, so that many are equal. */
const coarse = (values: Random, shape: readonly number[]): FloatArray => {
  const array = drawn(values, shape, -3, 3);
  return { ...array, data: array.data.map(Math.round) };
};

/** A picture in one of the layouts, a map of its locations, and how an element is found. */
function picture(draw: Draw) {
  const values = draw.values();
  const [height, width, channels] = [draw.integer(1, 5), draw.integer(2, 6), draw.integer(1, 3)];
  const last = draw.flag();
  const input = drawn(values, last ? [1, height, width, channels] : [1, channels, height, width]);
  const map = coarse(values, [height, width]);
  const mask = Uint8Array.from({ length: height * width }, () => values.integer(0, 1));
  const at = (location: number, channel: number): number =>
    last ? location * channels + channel : channel * height * width + location;
  return { values, input, map, mask, channels, count: height * width, at, axis: last ? 3 : 1 };
}

/** A model that is no function of single elements. */
const odd = (input: Float32Array): number => {
  const total = input.reduce((sum, value, i) => sum + value * Math.sin(1 + i), 0);
  return 1 / (1 + Math.exp(-total));
};
const model = async (input: Float32Array) => ({ score: 3 * odd(input), probability: odd(input) });

/** Trapezoids of width 1 under the curve, over its width. */
const trapezoids = (curve: readonly number[]): number =>
  curve.slice(1).reduce((area, value, i) => area + (value + curve[i]) / 2, 0) / (curve.length - 1);

const orders = {
  most: (a: number, b: number) => b - a,
  least: (a: number, b: number) => a - b,
};

describe('curves', () => {
  property(
    'remove and insert by their definition',
    (draw) => ({ ...picture(draw), step: draw.integer(1, 7), baseline: draw.pick([0, 0.5]) }),
    async ({ input, map, channels, count, at, axis, step, baseline }) => {
      const along = (order: keyof typeof orders, from: (i: number) => number, to: (i: number) => number): number[] => {
        // The stable sort of the language keeps equal values in their order.
        const places = Array.from({ length: count }, (_, i) => i).sort((a, b) =>
          orders[order](map.data[a], map.data[b]),
        );
        const curve: number[] = [];
        for (let done = 0; ; done = Math.min(count, done + step)) {
          const changed = new Set(places.slice(0, done));
          const x = input.data.slice();
          for (let location = 0; location < count; location++) {
            for (let c = 0; c < channels; c++) {
              const i = at(location, c);
              x[i] = changed.has(location) ? to(i) : from(i);
            }
          }
          curve.push(odd(x));
          if (done === count) return curve;
        }
      };
      const own = (i: number): number => input.data[i];
      const removed = (): number => baseline;
      const judged = judgedOf(map, input, axis);
      const check = async (id: string, curve: readonly number[], options = {}): Promise<void> => {
        const found = await judge(id, judged, fakeRuntime({ model }), { step, baseline, ...options });
        expect(found.curve).toEqual(curve);
        expect(found.value).toBeCloseTo(trapezoids(curve), 12);
      };
      const [most, least] = [along('most', own, removed), along('least', own, removed)];
      await check('deletion', most);
      await check('morf', most);
      await check('lerf', least);
      await check('insertion', along('most', removed, own), { start: 'baseline' });
      const { details } = await judge('lerf', judged, fakeRuntime({ model }), { step, baseline });
      expect(details?.difference).toBeCloseTo(trapezoids(least) - trapezoids(most), 12);
    },
  );

  it('change 224 pixels a step at 224 × 224', async () => {
    const input = floatArray(new Float32Array(224 * 224), [1, 1, 224, 224]);
    const { curve } = await judge(
      'deletion',
      judgedOf(input, input, 1),
      fakeRuntime({ model: async () => ({ score: 0, probability: 0 }) }),
    );
    expect(curve).toHaveLength(225);
  });

  it('insert into nothing where the input cannot be blurred', async () => {
    const row = floatArray(Float32Array.of(1, 2, 3), [1, 3]);
    const seen: number[][] = [];
    const watched = async (x: Float32Array) => {
      seen.push([...x]);
      return { score: 0, probability: 0 };
    };
    const { details } = await judge('insertion', judgedOf(row, row, undefined), fakeRuntime({ model: watched }));
    expect(details).toEqual({ start: 'baseline' });
    expect(seen).toEqual([
      [0, 0, 0],
      [0, 0, 3],
      [0, 2, 3],
      [1, 2, 3],
    ]);
  });
});

describe('the masked image', () => {
  property('loses and gains by the definition', picture, async ({ input, map, channels, count, at, axis }) => {
    const [low, high] = [Math.min(...map.data), Math.max(...map.data)];
    const judged = judgedOf(map, input, axis);
    const host = fakeRuntime({ model });
    const found = async (id: string) => (await judge(id, judged, host)).value;
    if (low === high) {
      expect(await found('average-drop')).toBeNull();
      return;
    }
    const masked = input.data.slice();
    for (let location = 0; location < count; location++) {
      for (let c = 0; c < channels; c++) masked[at(location, c)] *= (map.data[location] - low) / (high - low);
    }
    const [p, o] = [odd(input.data), odd(masked)];
    expect(await found('average-drop')).toBeCloseTo(o < p ? (100 * (p - o)) / p : 0, 8);
    expect(await found('average-gain')).toBeCloseTo(o > p ? (100 * (o - p)) / (1 - p) : 0, 8);
    expect(await found('average-increase')).toBe(o > p ? 100 : 0);
  });
});

describe('evidence', () => {
  property('is hit by the definitions', picture, async ({ input, map, mask, axis, count }) => {
    const judged = judgedOf(map, input, axis, mask);
    const found = async (id: string) => (await judge(id, judged, fakeRuntime({}))).value;
    const values = [...map.data];
    const inside = values.filter((_, i) => mask[i]);
    const ids = ['pointing-game', 'attribution-localisation', 'relevance-rank', 'grid-pointing-game'];
    if (inside.length === 0) {
      for (const id of ids)
        expect(await judge(id, judged, fakeRuntime({}))).toEqual({ value: null, reason: 'the mask is empty' });
      return;
    }
    const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
    const ratio = (part: number, all: number): number | null => (all === 0 ? null : part / all);
    // Where all locations are alike, none is the highest.
    const flat = new Set(values).size === 1;
    expect(await found('pointing-game')).toBe(flat ? null : inside.includes(Math.max(...values)) ? 1 : 0);
    expect(await found('attribution-localisation')).toEqual(
      ratio(total(inside.map(Math.abs)), total(values.map(Math.abs))),
    );
    const positive = (list: readonly number[]): number => total(list.filter((value) => value > 0));
    expect(await found('grid-pointing-game')).toEqual(ratio(positive(inside), positive(values)));
    const best = Array.from({ length: count }, (_, i) => i).sort((a, b) => values[b] - values[a]);
    const hits = best.slice(0, inside.length).filter((i) => mask[i]).length;
    expect(await found('relevance-rank')).toBe(flat ? null : hits / inside.length);
  });
});

describe('shape of the map', () => {
  property('by the definitions', picture, async ({ input, map, axis }) => {
    const sizes = [...map.data].map(Math.abs);
    const total = sizes.reduce((a, b) => a + b, 0);
    const judged = judgedOf(map, input, axis);
    const [sparseness, entropy] = [
      await judge('gini', judged, fakeRuntime({})),
      await judge('complexity', judged, fakeRuntime({})),
    ];
    if (total === 0) {
      expect([sparseness.value, entropy.value]).toEqual([null, null]);
      return;
    }
    // The other definition of the Gini index: the mean difference of two elements, relative to the mean twice.
    const differences = sizes.reduce((sum, a) => sum + sizes.reduce((part, b) => part + Math.abs(a - b), 0), 0);
    expect(sparseness.value).toBeCloseTo(differences / (2 * sizes.length * total), 10);
    const bits = sizes.filter((size) => size > 0).map((size) => (size / total) * Math.log2(total / size));
    expect(entropy.value).toBeCloseTo(Math.LN2 * bits.reduce((a, b) => a + b, 0), 10);
  });

  it('goes to the ends of the scales', async () => {
    const input = floatArray(new Float32Array(64), [1, 1, 8, 8]);
    const even = judgedOf({ ...input, data: new Float32Array(64).fill(-2) }, input, 1);
    const single = judgedOf({ ...input, data: new Float32Array(64).fill(5, 63) }, input, 1);
    const of = async (id: string, judged: typeof even) => (await judge(id, judged, fakeRuntime({}))).value;
    expect(await of('gini', even)).toBeCloseTo(0, 12);
    expect(await of('gini', single)).toBeCloseTo(63 / 64, 12);
    expect(await of('complexity', even)).toBeCloseTo(Math.log(64), 12);
    expect(await of('complexity', single)).toBeCloseTo(0, 12);
  });
});

describe('faithfulness correlation', () => {
  const linear = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i));
  const scoreOf = (x: Float32Array): number => x.reduce((sum, value, i) => sum + value * linear[i], 0);
  const linearModel = async (x: Float32Array) => ({ score: scoreOf(x), probability: 0 });
  const input = floatArray(
    Float32Array.from({ length: 48 }, (_, i) => Math.cos(3 * i)),
    [1, 3, 4, 4],
  );
  const exact = { ...input, data: input.data.map((value, i) => value * linear[i]) };

  it('is 1 for the exact contributions to a linear score, −1 for their opposite', async () => {
    const id = 'faithfulness-correlation';
    const { value, details } = await judge(id, judgedOf(exact, input, 1), fakeRuntime({ model: linearModel }));
    expect(value).toBeCloseTo(1, 5);
    expect(details).toEqual({ subsets: 100, size: 1, seed: 0 });
    const opposite = { ...exact, data: exact.data.map((part) => -part) };
    const found = await judge(id, judgedOf(opposite, input, 1), fakeRuntime({ model: linearModel }), { size: 5 });
    expect(found.value).toBeCloseTo(-1, 5);
  });

  it('depends on the seed alone', async () => {
    const values = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const judged = judgedOf(input, input, 1);
        const runtime = fakeRuntime({ model: linearModel });
        return (await judge('faithfulness-correlation', judged, runtime, { seed, size: 4 })).value;
      }),
    );
    expect(values[0]).toBe(values[1]);
    expect(values[0]).not.toBe(values[2]);
  });

  it('has no value for a map without differences, and refuses subsets beyond the input', async () => {
    const even = judgedOf({ ...input, data: new Float32Array(48).fill(1) }, input, 1);
    expect((await judge('faithfulness-correlation', even, fakeRuntime({ model: linearModel }))).value).toBeNull();
    const files = { far: floatArray(Float32Array.of(1, 16), [1, 2]) };
    const runtime = fakeRuntime({ model: linearModel, files });
    const asked = judge('faithfulness-correlation', even, runtime, { 'subsets-file': 'far' });
    await expect(asked).rejects.toThrow(PrismError);
  });
});

describe('sensitivity', () => {
  const input = floatArray(Float32Array.of(0.5, -1, 2, 0.25), [1, 4]);

  it('of an explanation that is twice the input is told by the noise alone', async () => {
    const noise = floatArray(Float32Array.of(0.1, 0, 0, 0, 0, 0.2, -0.2, 0), [2, 4]);
    const runtime = fakeRuntime({
      files: { noise },
      explain: async (change) => ({ ...input, data: (change?.input ?? input.data).map((value) => 2 * value) }),
    });
    const judged = judgedOf(input, input, undefined);
    const lipschitz = await judge('local-lipschitz', judged, runtime, { noise: 'noise' });
    expect(lipschitz.value).toBeCloseTo(2, 5);
    const { value, curve } = await judge('max-sensitivity', judged, runtime, { noise: 'noise' });
    const size = Math.hypot(...input.data);
    expect(curve?.[0]).toBeCloseTo(0.1 / size, 5);
    expect(value).toBeCloseTo(Math.hypot(0.2, 0.2) / size, 5);
  });

  it('draws noise within the radius', async () => {
    const shifts: number[] = [];
    const runtime = fakeRuntime({
      explain: async ({ input: x } = {}) => {
        if (x) shifts.push(...x.map((value, i) => value - input.data[i]));
        return input;
      },
    });
    const judged = judgedOf(input, input, undefined);
    const { value, details } = await judge('max-sensitivity', judged, runtime, { samples: 200, radius: 0.1, seed: 3 });
    expect(value).toBe(0);
    expect(details).toEqual({ seed: 3 });
    expect(shifts).toHaveLength(800);
    expect(Math.max(...shifts.map(Math.abs))).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(Math.min(...shifts)).toBeLessThan(-0.095);
    expect(Math.max(...shifts)).toBeGreaterThan(0.095);
  });

  it('refuses noise of another size', async () => {
    const runtime = fakeRuntime({ files: { odd: floatArray(new Float32Array(6), [6]) }, explain: async () => input });
    const judged = judgedOf(input, input, undefined);
    await expect(judge('max-sensitivity', judged, runtime, { noise: 'odd' })).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
    });
  });
});

describe('completeness', () => {
  const input = floatArray(Float32Array.of(1, 2, 3), [1, 3]);
  const attribution = { ...input, data: Float32Array.of(1, 4, 8) };
  const runtime = fakeRuntime({
    model: async (x) => ({ score: 5 + x[0] + x[1] ** 2 + x[2] ** 2, probability: 0 }),
    files: { ones: { ...input, data: Float32Array.of(1, 1, 1) }, few: floatArray(new Float32Array(2), [2]) },
  });
  const judged = judgedOf(attribution, input, undefined);

  it.each([
    ['zero', 1],
    ['none', 6],
    ['ones', 2],
  ])('from %s', async (baseline, value) => {
    const expected = { zero: 14, none: 19, ones: 11 }[baseline];
    const found = await judge('completeness', judged, runtime, { baseline });
    expect(found).toMatchObject({ value, details: { sum: 13, expected } });
  });

  it('looks at every layer that has relevance', async () => {
    const layers = new Map([['relu', floatArray(Float32Array.of(10, 8), [2])]]);
    const model = async () => ({ score: 19, probability: 0 });
    const { details } = await judge('completeness', judged, fakeRuntime({ model, layers }));
    expect(details?.layers).toEqual({ relu: -1 });
  });

  it('refuses a baseline of another size', async () => {
    await expect(judge('completeness', judged, runtime, { baseline: 'few' })).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
    });
  });
});

describe('ranks', () => {
  property(
    'correlate by the definition, equal values sharing theirs',
    (draw) => {
      const values = draw.values();
      const count = draw.integer(2, 12);
      return { a: coarse(values, [count]).data, b: coarse(values, [count]).data };
    },
    async ({ a, b }) => {
      const rank = (list: Float32Array): number[] =>
        Array.from(list, (x) => list.filter((y) => y < x).length + (list.filter((y) => y === x).length + 1) / 2);
      const [ra, rb] = [rank(a), rank(b)];
      const middle = (a.length + 1) / 2;
      const covariance = (x: readonly number[], y: readonly number[]): number =>
        x.reduce((sum, value, i) => sum + (value - middle) * (y[i] - middle), 0);
      const scale = Math.sqrt(covariance(ra, ra) * covariance(rb, rb));
      if (scale === 0) expect(spearman(a, b)).toBeUndefined();
      else expect(spearman(a, b)).toBeCloseTo(covariance(ra, rb) / scale, 10);
    },
    40,
  );
});

describe('maps', () => {
  const layout = layoutOf([1, 3, 4, 6], 1);

  it('are summed over channels', () => {
    const shape = [1, 3, 4, 6];
    const map = floatArray(
      Float32Array.from({ length: 72 }, (_, i) => i),
      shape,
    );
    const sums = Array.from({ length: 24 }, (_, i) => i + (i + 24) + (i + 48));
    for (const given of [shape, [3, 4, 6]]) expect([...locationsOf({ ...map, shape: given }, layout)]).toEqual(sums);
    const last = layoutOf([1, 4, 6, 3], 3);
    const triples = Array.from({ length: 24 }, (_, i) => 9 * i + 3);
    expect([...locationsOf({ ...map, shape: [1, 4, 6, 3] }, last)]).toEqual(triples);
  });

  it('are enlarged between the centres of their cells', () => {
    const coarseMap = floatArray(Float32Array.of(0, 1, 3, 10, 20, 40), [2, 3]);
    const at = (y: number, x: number): number => coarseMap.data[3 * y + x];
    const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));
    const expected: number[] = [];
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++) {
        const [row, column] = [clamp((y - 0.5) / 2, 1), clamp((x - 0.5) / 2, 2)];
        const [top, left] = [Math.floor(row), Math.floor(column)];
        const [bottom, right] = [clamp(top + 1, 1), clamp(left + 1, 2)];
        const [down, across] = [row - top, column - left];
        expected.push(
          (1 - down) * ((1 - across) * at(top, left) + across * at(top, right)) +
            down * ((1 - across) * at(bottom, left) + across * at(bottom, right)),
        );
      }
    }
    for (const shape of [
      [2, 3],
      [1, 2, 3],
      [1, 1, 2, 3],
    ]) {
      const found = locationsOf({ ...coarseMap, shape }, layout);
      for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 12);
    }
  });

  it.each([[[5, 6]], [[2, 4, 6]], [[24]], [[1, 4, 6, 3]]])('of shape %j are refused', (shape) => {
    const map = floatArray(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    expect(() => locationsOf(map, layout)).toThrow(expect.objectContaining({ code: 'MAP_SHAPE' }));
  });
});

describe('intervals', () => {
  it('come close to those of the normal distribution for many values', () => {
    const draw = Array.from({ length: 400 }, (_, i) => Math.sin(12.9898 * i) * 43758.5453).map(
      (x) => x - Math.floor(x),
    );
    const middle = draw.reduce((a, b) => a + b, 0) / 400;
    const deviation = Math.sqrt(draw.reduce((sum, x) => sum + (x - middle) ** 2, 0) / 400);
    const found = estimate(draw);
    expect(found).toMatchObject({ mean: middle, count: 400 });
    const half = (1.96 * deviation) / Math.sqrt(400);
    expect((found?.high ?? 0) - middle).toBeGreaterThan(0.9 * half);
    expect((found?.high ?? 0) - middle).toBeLessThan(1.1 * half);
    expect(middle - (found?.low ?? 0)).toBeGreaterThan(0.9 * half);
    expect(middle - (found?.low ?? 0)).toBeLessThan(1.1 * half);
  });

  it('are a point for equal values, and none for no values', () => {
    expect(estimate([2, 2, 2])).toEqual({ mean: 2, low: 2, high: 2, count: 3 });
    expect(estimate([])).toBeUndefined();
  });
});

describe('the list of metrics', () => {
  it('has one of each identifier', () => {
    const ids = METRICS.map(({ info }) => info.id);
    expect(new Set(ids).size).toBe(19);
    for (const id of ids) expect(metricById(id).info.id).toBe(id);
    expect(() => metricById('delection')).toThrow(expect.objectContaining({ code: 'UNKNOWN_METRIC' }));
  });
});
