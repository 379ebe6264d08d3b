import { describe, expect, it } from 'vitest';
import { floatArray } from '../../../src/graph/ndarray';
import { kernelCoalitions } from '../../../src/methods/perturbation/coalitions';
import { locationsOf, neighbourAxes, spread } from '../../../src/methods/perturbation/locations';
import { riseMasks } from '../../../src/methods/perturbation/riseMasks';
import { segmentsOf } from '../../../src/methods/perturbation/segments';
import { superpixels } from '../../../src/methods/perturbation/superpixels';
import { type Random, seeded } from '../../../src/methods/sampling/random';
import { noise } from '../../support/graphs';
import { testRuntime } from '../../support/runtime';

/** The parts that methods of perturbation share, each against what it is to be. */

/** Labels of pixels reached from a pixel by steps to neighbours of the same label. */
function reach(labels: ArrayLike<number>, width: number, start: number): number {
  const seen = new Set([start]);
  const queue = [start];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const x = at % width;
    for (const next of [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width]) {
      if (next < 0 || next >= labels.length || seen.has(next) || labels[next] !== labels[at]) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen.size;
}

describe('superpixels', () => {
  const [width, height] = [48, 40];
  const random = noise(width * height, 3);
  /** A disc on a ground of another colour, with a little noise. */
  const inDisc = (at: number): boolean => ((at % width) - 20) ** 2 + (Math.floor(at / width) - 18) ** 2 < 12 ** 2;
  const disc = Float32Array.from(random, (number, at) => (inDisc(at) ? 1 : 0) + 0.02 * number);
  const pictures = {
    disc: [disc, disc.map((number) => 1 - number), disc],
    flat: [new Float32Array(width * height).fill(7)],
    noise: [random, noise(width * height, 4)],
  };

  it.each(['disc', 'flat', 'noise'] as const)(
    'of %s are connected, numbered without gaps, about as many as asked for',
    (name) => {
      const labels = superpixels({ width, height, channels: pictures[name] }, 30);
      const used = new Set(labels);
      expect([...used].sort((a, b) => a - b)).toEqual(Array.from({ length: used.size }, (_, label) => label));
      expect(used.size).toBeGreaterThan(15);
      expect(used.size).toBeLessThan(60);
      for (const label of used) {
        const members = labels.filter((other) => other === label).length;
        expect(reach(labels, width, labels.indexOf(label))).toBe(members);
      }
    },
  );

  it('keep to the edges of what is seen', () => {
    const labels = superpixels({ width, height, channels: pictures.disc }, 30);
    let wrong = 0;
    for (const label of new Set(labels)) {
      const inside = Array.from(labels.keys())
        .filter((at) => labels[at] === label)
        .map(inDisc);
      const yes = inside.filter(Boolean).length;
      wrong += Math.min(yes, inside.length - yes);
    }
    expect(wrong / labels.length).toBeLessThan(0.01);
  });

  it('of a picture of one pixel are one', () => {
    expect(superpixels({ width: 1, height: 1, channels: [Float32Array.of(3)] }, 50)).toEqual(Int32Array.of(0));
  });
});

describe('segments', () => {
  const of = (shape: readonly number[], channels?: number, features = 50) => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const x = floatArray(noise(count), shape);
    return segmentsOf(x, channels, { segments: 'auto', features }, testRuntime());
  };

  it('are columns of tables and tokens of texts', () => {
    expect(of([1, 60])).toMatchObject({ count: 60 });
    expect(of([1, 60, 32], 2)).toMatchObject({ count: 60, locations: { grid: [1, 60, 1] } });
  });

  it('are channels where there is one location only', () => {
    expect(of([1, 60, 1, 1], 1)).toMatchObject({ count: 60, locations: { grid: [1, 60, 1, 1] } });
  });

  it.each([
    ['a signal', [1, 16000], undefined, 50],
    ['a video', [1, 3, 10, 12, 14], 1, 48],
    ['the maps of a layer', [1, 64, 28, 28], 1, 49],
    ['a sequence with its batch second', [400, 1, 8], 2, 50],
  ] as const)('are blocks of %s', (_, shape, channels, count) => {
    const { count: found, of: labels, locations } = of(shape, channels);
    expect(found).toBe(count);
    const sizes = new Map<number, number>();
    for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(4 * Math.min(...sizes.values()));
    expect(labels).toHaveLength(locations.count);
  });

  it('do not reach across a batch', () => {
    const { of: labels } = of([2, 3, 20, 20], 1);
    const shared = new Set(labels.subarray(0, 400));
    expect(labels.subarray(400).some((label) => shared.has(label))).toBe(false);
  });
});

describe('locations', () => {
  it('spread one number over all channels, wherever these lie', () => {
    expect([...spread([1, 2, 3, 4, 5, 6], locationsOf([1, 2, 2, 3], 1)).data]).toEqual([
      1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6,
    ]);
    expect([...spread([1, 2, 3], locationsOf([1, 3, 2], 2)).data]).toEqual([1, 1, 2, 2, 3, 3]);
    expect([...spread([1, 2], locationsOf([2, 3, 1], 1)).data]).toEqual([1, 1, 1, 2, 2, 2]);
  });

  it('have neighbours along all axes but the batch', () => {
    expect(neighbourAxes(locationsOf([4, 3, 8, 1], 1))).toEqual([2]);
    expect(neighbourAxes(locationsOf([400, 1, 8], 2))).toEqual([0]);
  });
});

describe('masks of RISE', () => {
  const [height, width] = [10, 13];
  const cells = 4;

  /** Bilinear, from half a cell to half a cell, of a grid enlarged to cells of ⌈size / cells⌉. */
  function enlarged(grid: readonly number[], y: number, x: number): number {
    const at = (position: number, size: number): [number, number, number] => {
      const cell = Math.ceil(size / cells);
      const source = Math.min(cells - 1, Math.max(0, ((position + 0.5) * cells) / ((cells + 1) * cell) - 0.5));
      const below = Math.floor(source);
      return [below, Math.min(cells - 1, below + 1), source - below];
    };
    const [top, bottom, down] = at(y, height);
    const [left, right, across] = at(x, width);
    const row = (r: number): number => (1 - across) * grid[r * cells + left] + across * grid[r * cells + right];
    return (1 - down) * row(top) + down * row(bottom);
  }

  it('are coarse grids, enlarged and shifted by what was drawn', () => {
    const draws = [...Array.from(noise(16, 9), (number) => (number + 1) / 2), 0.9, 0.4];
    let next = 0;
    const random: Random = { uniform: () => draws[next++], normal: () => 0 };
    const [mask] = riseMasks(locationsOf([1, 3, height, width], 1), cells, 0.4, 1, random);
    expect(next).toBe(18);
    const grid = draws.slice(0, 16).map((draw) => (draw < 0.4 ? 1 : 0));
    // The last axis was drawn first: ⌊0.9 · 4⌋ columns, ⌊0.4 · 3⌋ rows.
    const expected = Array.from({ length: height * width }, (_, i) =>
      enlarged(grid, Math.floor(i / width) + 1, (i % width) + 3),
    );
    expect(mask).toHaveLength(expected.length);
    mask.forEach((share, i) => {
      expect(share).toBeCloseTo(expected[i], 6);
    });
  });

  it('show a location with the probability asked for', () => {
    const masks = [...riseMasks(locationsOf([1, 1, height, width], 1), cells, 0.3, 2000, seeded(1))];
    for (let i = 0; i < height * width; i++) {
      const mean = masks.reduce((total, mask) => total + mask[i], 0) / masks.length;
      expect(Math.abs(mean - 0.3)).toBeLessThan(0.05);
    }
  });

  it('are sharp for columns and tokens', () => {
    for (const mask of riseMasks(locationsOf([1, 9, 5], 2), 4, 0.5, 20, seeded(2))) {
      expect(mask).toHaveLength(9);
      expect(mask.every((share) => share === 0 || share === 1)).toBe(true);
    }
  });
});

describe('coalitions of KernelSHAP', () => {
  const binomial = (n: number, k: number): number => (k === 0 ? 1 : (binomial(n - 1, k - 1) * n) / k);
  const kernel = (features: number, size: number): number =>
    (features - 1) / (binomial(features, size) * size * (features - size));
  const total = (features: number): number =>
    Array.from({ length: features - 1 }, (_, i) => kernel(features, i + 1) * binomial(features, i + 1)).reduce(
      (a, b) => a + b,
    );
  const sizeOf = (shown: Uint8Array): number => shown.reduce((sum, bit) => sum + bit, 0);

  it.each([2, 3, 6, 9])('of %s features are all there are, each once, with the weight of the kernel', (features) => {
    const { count, items, sampled } = kernelCoalitions(features, 2 ** features - 2, seeded(0));
    const all = [...items];
    expect(sampled).toBe(false);
    expect(all).toHaveLength(count);
    expect(new Set(all.map(({ shown }) => shown.join(''))).size).toBe(2 ** features - 2);
    for (const { shown, weight } of all) expect(weight).toBeCloseTo(kernel(features, sizeOf(shown)), 10);
  });

  it.each([
    [10, 20],
    [10, 300],
    [15, 1000],
    [50, 2048],
    [200, 400],
  ])('of %s features, %s of them, come in pairs and weigh as much as all', (features, budget) => {
    const { count, items, sampled } = kernelCoalitions(features, budget, seeded(5));
    const all = [...items];
    expect(sampled).toBe(true);
    expect(all).toHaveLength(count);
    expect(count).toBeLessThanOrEqual(budget);
    expect(count).toBeGreaterThan(0.9 * budget - 2);
    const weights = new Map(all.map(({ shown, weight }) => [shown.join(''), weight]));
    expect(weights.size).toBe(count);
    for (const { shown, weight } of all)
      expect(weights.get(shown.map((bit) => 1 - bit).join(''))).toBeCloseTo(weight, 10);
    const singles = all.filter(({ shown }) => sizeOf(shown) === 1);
    expect(singles).toHaveLength(features);
    if (budget > 2 * features) {
      expect(all.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(total(features), 8);
    }
  });
});
