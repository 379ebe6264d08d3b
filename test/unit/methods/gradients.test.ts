import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, int64 } from '../../../src/graph/tensor';
import { writeNpy } from '../../../src/inputs/npy';
import { methodById } from '../../../src/methods/index';
import type { Attribution, OptionValue, Subject } from '../../../src/methods/method';
import { baselineOf } from '../../../src/methods/sampling/baseline';
import { gaussLegendre } from '../../../src/methods/sampling/gaussLegendre';
import { seeded } from '../../../src/methods/sampling/random';
import { loadCase, relativeError } from '../../support/cases';
import { graphOf, node, noise, value } from '../../support/graphs';
import { explainWith, subjectFor, subjectOfCase } from '../../support/perturbation';
import { testRuntime } from '../../support/runtime';

const failure = (code: string) => expect.objectContaining({ code });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prism-gradients-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, data: Float32Array, shape: readonly number[]): string {
  const path = join(folder, name);
  writeFileSync(path, writeNpy({ dtype: 'float32', shape, data }));
  return path;
}

const explain = (
  method: string,
  subject: Subject,
  options: Readonly<Record<string, OptionValue>> = {},
): Promise<Attribution> => explainWith(methodById(method), subject, options);

/** A golden case explained for the class that it names, `more` said of the subject. */
async function subjectNamed(name: string, more: Partial<Subject> = {}, batch = 1): Promise<Subject> {
  const golden = loadCase(name);
  const { target } = golden.expect.find(({ what }) => what === 'grad' || what === 'ig.zero') ?? golden.expect[0];
  return { ...(await subjectOfCase(golden, 'logits', Number(target), { channels: 1, batch })), ...more };
}

/** tanh and softplus between linear layers of 12, 8, 8 and 2 units. */
function smooth(): Promise<Subject> {
  const graph = graphOf({
    inputs: [value('x', [1, 12])],
    outputs: [value('y', [1, 2])],
    initializers: {
      first: float32(noise(96, 2), [12, 8]),
      second: float32(noise(64, 3), [8, 8]),
      third: float32(noise(16, 4), [8, 2]),
    },
    nodes: [
      node('MatMul', ['x', 'first'], ['a']),
      node('Tanh', ['a'], ['b']),
      node('MatMul', ['b', 'second'], ['c']),
      node('Softplus', ['c'], ['d']),
      node('MatMul', ['d', 'third'], ['y']),
    ],
  });
  const x = { dtype: 'float32' as const, shape: [1, 12], data: noise(12, 5) };
  return subjectFor(graph, new Map([['x', x]]), { output: 'y', select: [0, 1] });
}

describe('numbers that methods draw or integrate with', () => {
  it('are normal, and the same for the same seed', () => {
    const draw = (seed: number): number[] => {
      const random = seeded(seed);
      return Array.from({ length: 20_000 }, () => random.normal());
    };
    const drawn = draw(7);
    const moment = (power: number): number => drawn.reduce((sum, x) => sum + x ** power, 0) / drawn.length;
    // Five standard errors of each moment of the normal distribution.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / 20_000));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / 20_000));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / 20_000));
    const apart = drawn.slice(1).reduce((sum, x, i) => sum + x * drawn[i], 0) / drawn.length;
    expect(Math.abs(apart)).toBeLessThan(5 * Math.sqrt(1 / 20_000));
    expect(draw(7)).toEqual(drawn);
    expect(draw(8)).not.toEqual(drawn);
  });

  it.each([1, 2, 5, 50, 400])('integrate polynomials of degree 2·%i − 1 exactly', (n) => {
    const { points, weights } = gaussLegendre(n);
    for (const degree of [0, 1, n, 2 * n - 1]) {
      const integral = points.reduce((sum, x, i) => sum + weights[i] * x ** degree, 0);
      expect(integral).toBeCloseTo(1 / (degree + 1), 13);
    }
  });
});

describe('baselines', () => {
  const [channels, height, width] = [2, 5, 7];
  const x = { dtype: 'float32' as const, shape: [1, channels, height, width], data: noise(70) };
  const at = (c: number, i: number, j: number): number => x.data[(c * height + i) * width + j];
  const places = Array.from({ length: 70 }, (_, i) => [Math.floor(i / 35), Math.floor((i % 35) / 7), i % 7] as const);

  it('are the mean of each channel', () => {
    const means = [0, 1].map((c) => x.data.slice(35 * c, 35 * c + 35).reduce((sum, part) => sum + part, 0) / 35);
    const mean = baselineOf(x, 'mean', 'x', testRuntime());
    places.forEach(([c], index) => void expect(mean[index]).toBeCloseTo(means[c], 6));
  });

  it('are the input blurred by a Gaussian whose border goes on', () => {
    const sigma = width / 15;
    const reach = Math.ceil(3 * sigma);
    const weight = (d: number): number => Math.exp((-d * d) / (2 * sigma * sigma));
    const inside = (i: number, size: number): number => Math.min(size - 1, Math.max(0, i));
    const blurred = baselineOf(x, 'blur', 'x', testRuntime());
    places.forEach(([c, i, j], index) => {
      let sum = 0;
      let total = 0;
      for (let di = -reach; di <= reach; di++) {
        for (let dj = -reach; dj <= reach; dj++) {
          sum += weight(di) * weight(dj) * at(c, inside(i + di, height), inside(j + dj, width));
          total += weight(di) * weight(dj);
        }
      }
      expect(blurred[index]).toBeCloseTo(sum / total, 6);
    });
  });

  it('need locations to be a mean or blurred', async () => {
    const subject = await subjectNamed('A-tabular_mlp');
    await expect(explain('deeplift', subject, { baseline: 'blur' })).rejects.toThrow(failure('NO_LOCATIONS'));
  });

  it('fit the input', async () => {
    const subject = await subjectNamed('A-tabular_mlp');
    const short = save('short.npy', new Float32Array(15), [15]);
    await expect(explain('deeplift', subject, { baseline: short })).rejects.toThrow(failure('SHAPE_MISMATCH'));
    const two = save('two.npy', new Float32Array(32), [2, 16]);
    await expect(explain('integrated-gradients', subject, { baseline: two })).rejects.toThrow(
      failure('SHAPE_MISMATCH'),
    );
  });
});

describe('noisy gradients', () => {
  const count = 4;
  const size = 3 * 32 * 32;

  it('are those of the copies one by one', async () => {
    const subject = await subjectNamed('C-small_cnn');
    const image = subject.feeds.get(subject.input)?.data as Float32Array;
    const added = noise(count * size).map((part) => part / 4);
    const file = save('noise.npy', added, [count, 3, 32, 32]);
    const gradients: Float32Array[] = [];
    for (let copy = 0; copy < count; copy++) {
      const data = image.map((part, i) => part + added[copy * size + i]);
      const feeds = new Map([[subject.input, { dtype: 'float32' as const, shape: [1, 3, 32, 32], data }]]);
      gradients.push((await explain('gradient', { ...subject, feeds })).map.data);
    }
    const over = (f: (slopes: readonly number[]) => number): number[] =>
      Array.from({ length: size }, (_, i) => f(gradients.map((gradient) => gradient[i])));
    const mean = (values: readonly number[]): number => values.reduce((sum, part) => sum + part, 0) / values.length;
    const squared = (values: readonly number[], from = 0): number => mean(values.map((part) => (part - from) ** 2));
    const smooth = await explain('smoothgrad', subject, { noise: file });
    expect(relativeError(smooth.map.data, over(mean))).toBeLessThan(1e-6);
    expect(smooth.seed).toBeUndefined();
    const square = await explain('smoothgrad-sq', subject, { noise: file });
    expect(relativeError(square.map.data, over(squared))).toBeLessThan(1e-6);
    const variance = await explain('vargrad', subject, { noise: file });
    expect(
      relativeError(
        variance.map.data,
        over((slopes) => squared(slopes, mean(slopes))),
      ),
    ).toBeLessThan(1e-6);
  });

  it('follow the seed, however many are taken at once', async () => {
    const subject = await subjectNamed('C-small_cnn');
    const several = await subjectNamed('C-small_cnn', {}, 4);
    const first = await explain('smoothgrad', subject, { samples: 6, seed: 3 });
    expect((await explain('smoothgrad', subject, { samples: 6, seed: 3 })).map.data).toEqual(first.map.data);
    expect(first.seed).toBe(3);
    expect(
      relativeError((await explain('smoothgrad', several, { samples: 6, seed: 3 })).map.data, first.map.data),
    ).toBeLessThan(1e-5);
    const other = await explain('smoothgrad', subject, { samples: 6, seed: 4 });
    expect(relativeError(other.map.data, first.map.data)).toBeGreaterThan(1e-2);
  });

  it('spread as the noise option says', async () => {
    // S = Σ x³/3, so that the mean squared gradient is E(x + e)⁴ = x⁴ + 6x²σ² + 3σ⁴.
    const graph = graphOf({
      inputs: [value('x', [1, 4000])],
      outputs: [value('y', [1, 1])],
      initializers: { three: float32([3], []), axes: int64([1]) },
      nodes: [
        node('Pow', ['x', 'three'], ['cube']),
        node('Div', ['cube', 'three'], ['third']),
        node('ReduceSum', ['third', 'axes'], ['y']),
      ],
    });
    const data = new Float32Array(4000).fill(1).fill(-1, 2000);
    const feeds = new Map([['x', { dtype: 'float32' as const, shape: [1, 4000], data }]]);
    const subject = await subjectFor(graph, feeds, { output: 'y', select: [0, 0] });
    const { map } = await explain('smoothgrad-sq', subject, { samples: 50, sigma: 0.25 });
    const sigma = 0.25 * 2;
    const mean = map.data.reduce((sum, part) => sum + part, 0) / 4000;
    expect(mean).toBeCloseTo(1 + 6 * sigma ** 2 + 3 * sigma ** 4, 1);
  });

  it('tell how far they are, and stop when told', async () => {
    const subject = await subjectNamed('C-small_cnn');
    const runtime = testRuntime({ keep: true });
    const { map } = await explainWith(methodById('smoothgrad'), subject, { samples: 5 }, runtime);
    expect(runtime.reports.map(({ fraction }) => fraction)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    expect(runtime.reports.at(-1)?.partial?.data).toEqual(map.data);
    await runtime.release();
    let runs = 0;
    const stopped = testRuntime({
      keep: true,
      checkCancelled: () => {
        if (++runs > 3) throw new Error('given up');
      },
    });
    const long = explainWith(methodById('smoothgrad'), subject, { samples: 1000 }, stopped);
    await expect(long).rejects.toThrow('given up');
    await stopped.release();
  });

  it('refuse noise of another size', async () => {
    const file = save('odd.npy', new Float32Array(100), [100]);
    const subject = await subjectNamed('C-small_cnn');
    await expect(explain('smoothgrad', subject, { noise: file })).rejects.toThrow(failure('SHAPE_MISMATCH'));
  });
});

describe('integrated gradients', () => {
  it('sum to the change of the score of a smooth network', async () => {
    const subject = await smooth();
    const { conservation } = await explain('integrated-gradients', subject, { steps: 50 });
    const { expected, actual, residual } = conservation ?? { expected: 0, actual: 0, residual: Number.NaN };
    expect(Math.abs(expected)).toBeGreaterThan(0.1);
    expect(Math.abs(actual - expected)).toBeLessThan(1e-5 * Math.abs(expected));
    expect(residual).toBe(actual - expected);
  });

  it('take more steps where a wish says so', async () => {
    const subject = await subjectNamed('C-resnet18', {}, 8);
    const few = await explain('integrated-gradients', subject, { steps: 10 });
    const more = await explain('integrated-gradients', subject, { steps: 10, tolerance: 0.2 });
    const share = ({ conservation: c }: Attribution): number =>
      Math.abs((c?.residual ?? Number.NaN) / (c?.expected ?? 0));
    expect(share(few)).toBeGreaterThan(0.2);
    expect(share(more)).toBeLessThanOrEqual(0.2);
  });

  it('begin at an inner value where that is explained', async () => {
    const golden = loadCase('A-bert_tiny');
    const { of, target } = golden.expect[0];
    const score = { output: 'logits', select: [0, Number(target)] };
    const subject: Subject = { ...(await subjectNamed('A-bert_tiny')), score, at: of };
    const attribution = await explain('integrated-gradients', subject, { steps: 200 });
    expect(attribution.of).toBe(of);
    expect(attribution.map.shape).toEqual(golden.expect[0].array().shape);
    const { expected, residual } = attribution.conservation ?? { expected: 0, residual: Number.NaN };
    expect(Math.abs(residual)).toBeLessThan(1e-2 * Math.abs(expected));
    const still = save('still.npy', new Float32Array(attribution.map.data.length), attribution.map.shape);
    const { map } = await explain('smoothgrad', subject, { noise: still });
    expect(relativeError(map.data, golden.expect[0].array().data)).toBeLessThan(1e-4);
  });

  it('say what to do with inputs that are no numbers', async () => {
    const subject = await subjectNamed('A-bert_tiny');
    await expect(explain('integrated-gradients', subject)).rejects.toThrow(failure('UNSUPPORTED_TYPE'));
  });
});

describe('GradientSHAP', () => {
  it('adds up to the change of the score from several baselines', async () => {
    const subject = await smooth();
    const baseline = save('baselines.npy', noise(24, 6), [2, 12]);
    const options = { samples: 1000, sigma: 0, seed: 5, baseline };
    const { conservation, seed } = await explain('gradient-shap', subject, options);
    const { expected, residual } = conservation ?? { expected: 0, residual: Number.NaN };
    expect(Math.abs(residual)).toBeLessThan(0.1 * Math.abs(expected));
    expect(seed).toBe(5);
  });

  it('refuses points and noise of different numbers', async () => {
    const subject = await subjectNamed('A-tabular_mlp');
    const alphas = save('alphas.npy', noise(3), [3]);
    const added = save('added.npy', noise(32), [2, 16]);
    await expect(explain('gradient-shap', subject, { alphas, noise: added })).rejects.toThrow(
      failure('SHAPE_MISMATCH'),
    );
  });
});

describe('DeepLIFT', () => {
  it.each([
    ['C-small_cnn', 'max-pooling'],
    ['C-resnet18', 'max-pooling whose windows overlap'],
    ['A-googlenet', 'concatenation'],
    ['A-mobilenet_v3_small', 'gates'],
    ['A-vit_b_16_reduced', 'attention and layer normalisation'],
    ['A-swin_t_reduced', 'windows that move'],
    ['A-convnext_tiny', 'scaled branches'],
    ['A-conv3d_video', 'instance normalisation'],
    ['A-tabular_mlp', 'all kinds of activations'],
  ])('adds up to the change of the score: %s (%s)', async (name) => {
    const subject = await subjectNamed(name);
    const x = subject.feeds.get(subject.input);
    const shape = x?.shape ?? [];
    const baseline = save(`${name}.npy`, noise(x?.data.length ?? 0), shape);
    const { conservation } = await explain('deeplift', subject, { baseline });
    const { expected, residual } = conservation ?? { expected: 0, residual: Number.NaN };
    expect(Math.abs(expected)).toBeGreaterThan(1e-3);
    expect(Math.abs(residual)).toBeLessThan(2e-3 * Math.abs(expected));
  });
});

describe('rectifiers', () => {
  /** y = w·f(x), so that what comes back can be written down. */
  const through = async (op: string, inputs: readonly string[], method: string): Promise<number[]> => {
    const graph = graphOf({
      inputs: [value('x', [1, 4])],
      outputs: [value('y', [1, 2])],
      initializers: {
        low: float32([0], []),
        high: float32([6], []),
        slope: float32([0.5], []),
        weights: float32([1, 0, -2, 0, 3, 0, 4, 0], [4, 2]),
      },
      nodes: [node(op, inputs, ['f']), node('MatMul', ['f', 'weights'], ['y'])],
    });
    const x = { dtype: 'float32' as const, shape: [1, 4], data: Float32Array.of(1, 2, -1, 9) };
    const subject = await subjectFor(graph, new Map([['x', x]]), { output: 'y', select: [0, 0] });
    return Array.from((await explain(method, subject)).map.data);
  };

  it('let positive gradients of active units pass', async () => {
    expect(await through('Relu', ['x'], 'guided-backprop')).toEqual([1, 0, 0, 4]);
    expect(await through('Clip', ['x', 'low', 'high'], 'guided-backprop')).toEqual([1, 0, 0, 0]);
    expect(await through('PRelu', ['x', 'slope'], 'guided-backprop')).toEqual([1, 0, 1.5, 4]);
  });

  it('let positive gradients pass', async () => {
    expect(await through('Relu', ['x'], 'deconvnet')).toEqual([1, 0, 3, 4]);
    expect(await through('Clip', ['x', 'low', 'high'], 'deconvnet')).toEqual([1, 0, 3, 4]);
  });

  it('are missed where there are none', async () => {
    for (const method of ['guided-backprop', 'deconvnet', 'guided-grad-cam']) {
      const refused = explain(method, await subjectNamed('A-vit_b_16_reduced'));
      await expect(refused).rejects.toThrow(failure('METHOD_DOES_NOT_FIT'));
    }
  });
});
