import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { int, ints } from '../../../src/graph/attributes';
import type { Graph } from '../../../src/graph/ir';
import { floatArray, type NdArray } from '../../../src/graph/ndarray';
import { float32 } from '../../../src/graph/tensor';
import { writeNpy } from '../../../src/inputs/npy';
import { featureAblation } from '../../../src/methods/feature-ablation';
import { kernelShap } from '../../../src/methods/kernel-shap';
import { lime } from '../../../src/methods/lime';
import { occlusion } from '../../../src/methods/occlusion';
import { rise } from '../../../src/methods/rise';
import { shapleySampling } from '../../../src/methods/shapley-sampling';
import { graphOf, node, noise, value } from '../../support/graphs';
import { explainWith, subjectFor } from '../../support/perturbation';

/** Each method against what its paper says, written out here in double precision. */

const folder = mkdtempSync(join(tmpdir(), 'prism-perturbation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npy(name: string, shape: readonly number[], data: ArrayLike<number>): string {
  const path = join(folder, `${name}.npy`);
  writeFileSync(path, writeNpy(floatArray(Float32Array.from(data), shape)));
  return path;
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, number) => total + number, 0);
const closeTo = (actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 5): void => {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], digits);
};

// A table: two layers with a tanh between them.
const COLUMNS = 5;
const HIDDEN = 7;
const first = noise(COLUMNS * HIDDEN, 3);
const second = noise(HIDDEN * 2, 4);
const table: Graph = graphOf({
  inputs: [value('x', ['batch', COLUMNS])],
  outputs: [value('y', ['batch', 2])],
  nodes: [node('MatMul', ['x', 'a'], ['h']), node('Tanh', ['h'], ['t']), node('MatMul', ['t', 'b'], ['y'])],
  initializers: { a: float32(first, [COLUMNS, HIDDEN]), b: float32(second, [HIDDEN, 2]) },
});
const row = noise(COLUMNS, 5);
const reference = noise(COLUMNS, 6);

/** The first output of the table's network. */
function network(x: ArrayLike<number>): number {
  let y = 0;
  for (let j = 0; j < HIDDEN; j++) {
    let h = 0;
    for (let i = 0; i < COLUMNS; i++) h += x[i] * first[i * HIDDEN + j];
    y += Math.tanh(h) * second[2 * j];
  }
  return y;
}

const showing = (shown: ArrayLike<number>): number =>
  network(Array.from(row, (number, i) => (shown[i] ? number : reference[i])));

/** Shapley's formula, over all subsets. */
function shapley(players: number, worth: (shown: readonly number[]) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: players }, (_, player) => {
    let total = 0;
    for (let bits = 0; bits < 2 ** players; bits++) {
      const shown = Array.from({ length: players }, (_, i) => (bits >> i) & 1);
      if (shown[player]) continue;
      const size = sum(shown);
      const share = (factorial(size) * factorial(players - size - 1)) / factorial(players);
      total += share * (worth(shown.map((bit, i) => (i === player ? 1 : bit))) - worth(shown));
    }
    return total;
  });
}

const tableSubject = (batch = 1) =>
  subjectFor(table, new Map([['x', floatArray(row, [1, COLUMNS])]]), { output: 'y', select: [0, 0] }, { batch });
const baseline = npy('reference', [1, COLUMNS], reference);

// A picture: two channels, a convolution of 3 × 3, a Relu, a weight for every place.
const [HEIGHT, WIDTH] = [6, 8];
const kernel = noise(2 * 9, 7);
const places = noise(HEIGHT * WIDTH, 8);
const picture: Graph = graphOf({
  inputs: [value('x', ['batch', 2, HEIGHT, WIDTH])],
  outputs: [value('y', ['batch', 1])],
  nodes: [
    node('Conv', ['x', 'k'], ['c'], { pads: ints([1, 1, 1, 1]), kernel_shape: ints([3, 3]) }),
    node('Relu', ['c'], ['r']),
    node('Flatten', ['r'], ['f'], { axis: int(1) }),
    node('MatMul', ['f', 'w'], ['y']),
  ],
  initializers: { k: float32(kernel, [1, 2, 3, 3]), w: float32(places, [HEIGHT * WIDTH, 1]) },
});
const pixels = noise(2 * HEIGHT * WIDTH, 9);

/** What each place adds to the score. */
function evidence(x: ArrayLike<number>): number[] {
  const parts: number[] = [];
  for (let r = 0; r < HEIGHT; r++) {
    for (let q = 0; q < WIDTH; q++) {
      let c = 0;
      for (let k = 0; k < 18; k++) {
        const [channel, i, j] = [Math.floor(k / 9), r + (Math.floor(k / 3) % 3) - 1, q + (k % 3) - 1];
        if (i < 0 || j < 0 || i >= HEIGHT || j >= WIDTH) continue;
        c += kernel[k] * x[(channel * HEIGHT + i) * WIDTH + j];
      }
      parts.push(places[r * WIDTH + q] * Math.max(0, c));
    }
  }
  return parts;
}

const vision = (x: ArrayLike<number>): number => sum(evidence(x));

const pictureFeeds = new Map<string, NdArray>([['x', floatArray(pixels, [1, 2, HEIGHT, WIDTH])]]);
const pictureSubject = (batch = 1) =>
  subjectFor(picture, pictureFeeds, { output: 'y', select: [0, 0] }, { channels: 1, batch });
/** The picture where a mask over its places is 1, elsewhere what it hides. */
const behind = (mask: ArrayLike<number>, hidden: ArrayLike<number> = new Float32Array(pixels.length)): number[] =>
  Array.from(pixels, (pixel, i) => {
    const share = mask[i % (HEIGHT * WIDTH)];
    return share * pixel + (1 - share) * hidden[i];
  });
const twice = (values: readonly number[]): number[] => [...values, ...values];
const PLACES = HEIGHT * WIDTH;
const halves = Int32Array.from({ length: PLACES }, (_, i) =>
  i % WIDTH < 3 ? 10 : Math.floor(i / WIDTH) < 2 ? 20 : 35,
);
const segments = npy('segments', [HEIGHT, WIDTH], halves);

describe('Shapley values', () => {
  const exact = shapley(COLUMNS, showing);

  it('KernelSHAP has them when it tries all coalitions', async () => {
    for (const samples of ['all', 30, 2048]) {
      const { map, conservation } = await explainWith(kernelShap, await tableSubject(), { samples, baseline });
      closeTo(map.data, exact, 6);
      expect(conservation?.expected).toBeCloseTo(network(row) - network(reference), 5);
      expect(conservation?.residual).toBeCloseTo(0, 10);
    }
  });

  it('KernelSHAP has them for segments of a picture, in every channel', async () => {
    const ids = [10, 20, 35];
    const values = shapley(3, (shown) => vision(behind(Array.from(halves, (id) => shown[ids.indexOf(id)]))));
    const { map } = await explainWith(kernelShap, await pictureSubject(4), { segments });
    closeTo(map.data, twice(Array.from(halves, (id) => values[ids.indexOf(id)])), 4);
  });

  it('Shapley sampling has them in the mean', async () => {
    const options = { samples: 2000, baseline };
    const { map, conservation } = await explainWith(shapleySampling, await tableSubject(64), options);
    closeTo(map.data, exact, 1.5);
    expect(conservation?.residual).toBeCloseTo(0, 5);
  });

  it('Shapley sampling has them for two features, whose orders it tries both', async () => {
    const two = npy(
      'two',
      [HEIGHT, WIDTH],
      halves.map((id) => (id === 10 ? 0 : 1)),
    );
    const values = shapley(2, (shown) => vision(behind(Array.from(halves, (id) => shown[id === 10 ? 0 : 1]))));
    const { map } = await explainWith(shapleySampling, await pictureSubject(), { samples: 2, segments: two });
    closeTo(map.data, twice(Array.from(halves, (id) => values[id === 10 ? 0 : 1])), 4);
  });

  it('a single feature has all of the change', async () => {
    const one = npy('one', [1, COLUMNS], new Float32Array(COLUMNS));
    for (const method of [kernelShap, shapleySampling]) {
      const { map } = await explainWith(method, await tableSubject(), { segments: one, baseline });
      closeTo(map.data, new Array(COLUMNS).fill(network(row) - network(reference)));
    }
  });
});

describe('RISE', () => {
  const masks = noise(12 * PLACES, 21).map((number) => (number + 1) / 2);
  const file = npy('masks', [12, HEIGHT, WIDTH], masks);
  const maskAt = (n: number) => masks.subarray(n * PLACES, (n + 1) * PLACES);
  const defined = (hidden?: ArrayLike<number>): number[] =>
    Array.from({ length: PLACES }, (_, i) => {
      const parts = Array.from({ length: 12 }, (_, n) => vision(behind(maskAt(n), hidden)) * maskAt(n)[i]);
      return sum(parts) / (12 * 0.5);
    });

  it.each([1, 8])('is Σ f(x ⊙ M) M / (N p) for the masks given, %s at once', async (batch) => {
    const { map, seed, score } = await explainWith(rise, await pictureSubject(batch), { masks: file });
    closeTo(map.data, twice(defined()), 4);
    expect(score).toBeCloseTo(vision(pixels), 4);
    expect(seed).toBeUndefined();
  });

  it('shows the baseline where masks hide', async () => {
    const hidden = noise(pixels.length, 22);
    const options = { masks: file, baseline: npy('hidden', [1, 2, HEIGHT, WIDTH], hidden) };
    const { map } = await explainWith(rise, await pictureSubject(), options);
    closeTo(map.data, twice(defined(hidden)), 4);
  });

  it('goes to the expectation of its masks: E[f M] / p, the sum over f of what stays', async () => {
    // For a linear model, independent masks of single columns: E[f(x⊙M) M_i] / p = p Σ_j w_j x_j + (1 − p) w_i x_i.
    const linear = graphOf({
      inputs: [value('x', ['batch', 4])],
      outputs: [value('y', ['batch', 1])],
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      initializers: { w: float32([1, -2, 3, 0.5], [4, 1]) },
    });
    const feeds = new Map([['x', floatArray(Float32Array.of(1, 1, 1, 1), [1, 4])]]);
    const subject = await subjectFor(linear, feeds, { output: 'y', select: [0, 0] }, { batch: 256 });
    const { map, seed } = await explainWith(rise, subject, { samples: 20000, probability: 0.3, seed: 4 });
    closeTo(
      map.data,
      [1, -2, 3, 0.5].map((w) => 0.3 * 2.5 + 0.7 * w),
      0.8,
    );
    expect(seed).toBe(4);
  });
});

describe('LIME', () => {
  const rows = Array.from({ length: 20 }, (_, n) =>
    Array.from(noise(COLUMNS, 40 + n), (number) => (n === 0 || number > 0 ? 1 : 0)),
  );
  const masks = npy('rows', [20, COLUMNS], rows.flat());

  it.each([
    [0.25, 1],
    [0.7, 0.01],
  ])('is the minimum of its weighted, penalised squares (width %s, ridge %s)', async (width, alpha) => {
    const options = { masks, baseline, 'kernel-width': width, alpha };
    const { map, conservation } = await explainWith(lime, await tableSubject(), options);
    const intercept = (conservation?.actual as number) - sum(map.data);
    const weights = rows.map((shown) => {
      const distance = 1 - sum(shown) / Math.max(1, Math.sqrt(sum(shown)) * Math.sqrt(COLUMNS));
      return Math.sqrt(Math.exp(-(distance ** 2) / width ** 2));
    });
    const errors = rows.map((shown) => showing(shown) - intercept - sum(shown.map((bit, i) => bit * map.data[i])));
    // Where the derivatives by the intercept and by each coefficient are zero.
    expect(sum(errors.map((error, n) => weights[n] * error))).toBeCloseTo(0, 5);
    for (let i = 0; i < COLUMNS; i++) {
      const slope = sum(errors.map((error, n) => weights[n] * error * rows[n][i]));
      expect(slope).toBeCloseTo(alpha * map.data[i], 5);
    }
  });

  it('hides segments of a picture behind their mean colours', async () => {
    const hidden = Array.from(pixels, (_, i) => {
      const [channel, id] = [Math.floor(i / PLACES), halves[i % PLACES]];
      const members = Array.from(pixels).filter(
        (_, j) => Math.floor(j / PLACES) === channel && halves[j % PLACES] === id,
      );
      return sum(members) / members.length;
    });
    const combinations = [
      [1, 1, 1],
      [0, 1, 1],
      [1, 0, 0],
      [0, 0, 1],
      [1, 0, 1],
    ];
    const file = npy('combinations', [5, 3], combinations.flat());
    const options = { segments, masks: file, alpha: 1e-6 };
    const { map, conservation } = await explainWith(lime, await pictureSubject(), options);
    const intercept = (conservation?.actual as number) - sum([10, 20, 35].map((id) => map.data[halves.indexOf(id)]));
    const fits = combinations.map((shown) => {
      const seen = Array.from(halves, (id) => shown[[10, 20, 35].indexOf(id)]);
      const linear = sum([10, 20, 35].map((id, i) => shown[i] * map.data[halves.indexOf(id)]));
      return vision(behind(seen, hidden)) - intercept - linear;
    });
    const weights = combinations.map((shown) => Math.exp(-((1 - Math.sqrt(sum(shown) / 3)) ** 2) / 0.125));
    for (let i = 0; i < 3; i++)
      expect(sum(fits.map((error, n) => weights[n] * error * combinations[n][i]))).toBeCloseTo(0, 4);
  });
});

describe('occlusion', () => {
  /** Mean loss over the windows that cover a place; the last may reach beyond the border. */
  function defined(window: number, stride: number, hidden?: ArrayLike<number>): number[] {
    const losses = Array.from({ length: PLACES }, () => [] as number[]);
    const starts = (dim: number): number[] => {
      const list = [0];
      while ((list.at(-1) as number) + window < dim) list.push((list.at(-1) as number) + stride);
      return list;
    };
    for (const top of starts(HEIGHT)) {
      for (const left of starts(WIDTH)) {
        const covers = (i: number): boolean => {
          const [y, x] = [Math.floor(i / WIDTH), i % WIDTH];
          return y >= top && y < top + window && x >= left && x < left + window;
        };
        const mask = Array.from({ length: PLACES }, (_, i) => (covers(i) ? 0 : 1));
        const loss = vision(pixels) - vision(behind(mask, hidden));
        for (let i = 0; i < PLACES; i++) if (covers(i)) losses[i].push(loss);
      }
    }
    return losses.map((list) => sum(list) / list.length);
  }

  it.each([
    [2, 2, 1],
    [3, 2, 4],
    [4, 3, 8],
    [1, 1, 16],
  ])(
    'is the mean loss over the windows of %s every %s that cover a place, %s at once',
    async (window, stride, batch) => {
      const { map } = await explainWith(occlusion, await pictureSubject(batch), { window, stride });
      closeTo(map.data, twice(defined(window, stride)), 4);
    },
  );

  it('has windows of an eighth of the sides that move by half, unless told otherwise', async () => {
    const { map } = await explainWith(occlusion, await pictureSubject());
    closeTo(map.data, twice(defined(1, 1)), 4);
  });

  it('hides windows larger than the picture as a whole', async () => {
    const { map } = await explainWith(occlusion, await pictureSubject(), { window: 100 });
    closeTo(map.data, new Array(2 * PLACES).fill(vision(pixels)), 4);
  });

  it('does not reach across a batch', async () => {
    const both = Float32Array.of(...noise(pixels.length, 31), ...pixels);
    const feeds = new Map([['x', floatArray(both, [2, 2, HEIGHT, WIDTH])]]);
    const subject = await subjectFor(picture, feeds, { output: 'y', select: [1, 0] }, { channels: 1, batch: 4 });
    const { map } = await explainWith(occlusion, subject, { window: 3, stride: 2 });
    closeTo(map.data, [...new Array(2 * PLACES).fill(0), ...twice(defined(3, 2))], 4);
  });

  it('knows the channels of pictures that have them last', async () => {
    const last = graphOf({
      inputs: [value('p', ['batch', HEIGHT, WIDTH, 2])],
      outputs: [value('y', ['batch', 1])],
      nodes: [node('Transpose', ['p'], ['x'], { perm: ints([0, 3, 1, 2]) }), ...picture.nodes],
      initializers: Object.fromEntries(picture.initializers),
    });
    const data = Float32Array.from(pixels, (_, i) => pixels[(i % 2) * PLACES + Math.floor(i / 2)]);
    const feeds = new Map([['p', floatArray(data, [1, HEIGHT, WIDTH, 2])]]);
    const subject = await subjectFor(last, feeds, { output: 'y', select: [0, 0] }, { channels: 3 });
    const mean = (channel: number) => sum(pixels.subarray(channel * PLACES, (channel + 1) * PLACES)) / PLACES;
    const means = pixels.map((_, i) => mean(Math.floor(i / PLACES)));
    for (const [baseline, hidden] of [['zero'], ['mean', means]] as const) {
      const { map } = await explainWith(occlusion, subject, { window: 3, stride: 2, baseline });
      const expected = defined(3, 2, hidden);
      closeTo(
        map.data,
        expected.flatMap((number) => [number, number]),
        4,
      );
    }
  });
});

describe('feature ablation', () => {
  it('is what the score loses without a segment', async () => {
    const hidden = noise(pixels.length, 33);
    const options = { segments, baseline: npy('ablated', [1, 2, HEIGHT, WIDTH], hidden) };
    const { map } = await explainWith(featureAblation, await pictureSubject(), options);
    const expected = Array.from(
      halves,
      (id) =>
        vision(pixels) -
        vision(
          behind(
            Array.from(halves, (other) => (other === id ? 0 : 1)),
            hidden,
          ),
        ),
    );
    closeTo(map.data, twice(expected), 4);
  });

  it('takes segments that tell channels apart', async () => {
    const ids = Float32Array.from({ length: pixels.length }, (_, i) => (i < PLACES ? 5 : 2));
    const options = { segments: npy('channels', [1, 2, HEIGHT, WIDTH], ids) };
    const { map } = await explainWith(featureAblation, await pictureSubject(), options);
    const without = (channel: number) =>
      vision(pixels) - vision(pixels.map((pixel, i) => (Math.floor(i / PLACES) === channel ? 0 : pixel)));
    closeTo(
      map.data,
      Array.from(pixels, (_, i) => without(Math.floor(i / PLACES))),
      4,
    );
  });

  it('explains inner values: of a linear end each is its own contribution', async () => {
    const { channels: _channels, ...subject } = await pictureSubject();
    const { map, of } = await explainWith(featureAblation, { ...subject, at: 'f' });
    expect(of).toBe('f');
    closeTo(map.data, evidence(pixels));
  });
});
