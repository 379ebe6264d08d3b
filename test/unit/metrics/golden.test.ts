import { describe, expect, it } from 'vitest';
import { floatArray } from '../../../src/graph/ndarray';
import { specialise } from '../../../src/graph/specialise';
import { float32 } from '../../../src/graph/tensor';
import { toFloat32 } from '../../../src/inputs/elements';
import type { NpyArray } from '../../../src/inputs/npy';
import { gradient } from '../../../src/methods/gradient';
import type { Subject } from '../../../src/methods/method';
import { blurred, foldedKernel } from '../../../src/metrics/blur';
import { layoutOf } from '../../../src/metrics/layout';
import { pearson } from '../../../src/metrics/statistics';
import { fillValues, loadCase, relativeError } from '../../support/cases';
import { fakeRuntime, judge, judgedOf, modelFake } from '../../support/metrics';

const SOFTMAX = 1e-5;
const CORRELATION = 1e-4;

const golden = loadCase('E-metrics_small_cnn');
const expected = (what: string) => {
  const found = golden.expect.find((expectation) => expectation.what === what);
  if (!found) throw new Error(`the case expects no ${what}`);
  return found;
};
const floats = ({ dtype, shape, data }: NpyArray) => floatArray(toFloat32(dtype, data), shape);
const array = (what: string) => floats(expected(what).array());
const { params: values } = expected('values');
const value = (name: string): number => values[name] as number;

const graph = await specialise(golden.graph());
const input = floats(golden.inputs().input);
const TARGET = 5;
const subjectFor = (target: number, x = input): Subject => ({
  graph,
  feeds: new Map([['input', x]]),
  input: 'input',
  score: { output: 'logits', select: [0, target] },
});
const map = array('map');
const judged = judgedOf(map, input, 1);
const runtime = () =>
  fakeRuntime({
    ...modelFake(subjectFor(TARGET), TARGET, gradient),
    files: { subsets: array('faith.subsets'), noise: array('maxsens.perturbations') },
  });

const largestDifference = (a: readonly number[] | undefined, b: ArrayLike<number>): number => {
  expect(a).toHaveLength(b.length);
  return Math.max(...Array.from(b, (element, i) => Math.abs(element - (a as readonly number[])[i])));
};

describe('E-metrics_small_cnn', () => {
  it('deletion, MoRF', async () => {
    for (const id of ['deletion', 'morf']) {
      const found = await judge(id, judged, runtime(), { step: 16 });
      expect(largestDifference(found.curve, array('deletion.curve').data)).toBeLessThan(SOFTMAX);
      expect(found.value).toBeCloseTo(value('deletion.auc'), 5);
    }
  });

  it('LeRF and its difference from MoRF', async () => {
    const found = await judge('lerf', judged, runtime(), { step: 16 });
    expect(largestDifference(found.curve, array('lerf.curve').data)).toBeLessThan(SOFTMAX);
    expect(found.details?.difference).toBeCloseTo(value('lerf_minus_morf'), 5);
  });

  it('insertion, from either blur', async () => {
    const found = await judge('insertion', judged, runtime(), { step: 16 });
    expect(largestDifference(found.curve, array('insertion.curve').data)).toBeLessThan(SOFTMAX);
    expect(found.value).toBeCloseTo(value('insertion.auc'), 5);
    const sampled = await judge('insertion', judged, runtime(), { step: 16, start: 'sampled-blur' });
    expect(largestDifference(sampled.curve, array('insertion.curve.puregauss').data)).toBeLessThan(SOFTMAX);
    expect(sampled.value).toBeCloseTo(value('insertion.auc.puregauss'), 5);
  });

  it('the kernel and the blurred start of insertion', () => {
    const line = foldedKernel();
    const kernel = Array.from(line).flatMap((a) => Array.from(line, (b) => a * b));
    expect(relativeError(kernel, array('insertion.kernel').data)).toBeLessThan(1e-6);
    const start = blurred(input.data, layoutOf(input.shape, 1), line, 'zero');
    expect(relativeError(start, array('insertion.start').data)).toBeLessThan(1e-6);
  });

  it('average drop, gain and increase', async () => {
    const images = array('avgdrop.images');
    const maps = array('avgdrop.maps');
    const table = array('avgdrop.table').data;
    const totals = { 'average-drop': 0, 'average-gain': 0, 'average-increase': 0 };
    for (let i = 0; i < 4; i++) {
      const x = floatArray(images.data.slice(i * 3072, (i + 1) * 3072), input.shape);
      const own = judgedOf(floatArray(maps.data.slice(i * 1024, (i + 1) * 1024), [32, 32]), x, 1);
      const target = table[3 * i];
      const host = fakeRuntime(modelFake(subjectFor(target, x), target));
      for (const id of Object.keys(totals) as (keyof typeof totals)[]) {
        const { value: found, details } = await judge(id, own, host);
        totals[id] += (found as number) / 4;
        expect(details?.whole).toBeCloseTo(table[3 * i + 1], 5);
        expect(details?.masked).toBeCloseTo(table[3 * i + 2], 5);
      }
    }
    expect(Math.abs(totals['average-drop'] / value('average_drop') - 1)).toBeLessThan(1e-4);
    expect(totals['average-gain']).toBe(value('average_gain'));
    expect(totals['average-increase']).toBe(value('average_increase'));
  });

  it.each(['hit', 'miss'])('masks: %s', async (kind) => {
    const own = judgedOf(map, input, 1, array(`mask.${kind}`).data);
    const found = async (id: string) => (await judge(id, own, fakeRuntime({}))).value;
    expect(await found('pointing-game')).toBe(value(`pointing.${kind}`));
    expect(await found('attribution-localisation')).toBeCloseTo(value(`attr_localisation.${kind}`), 7);
    expect(await found('relevance-rank')).toBe(value(`rank_accuracy.${kind}`));
  });

  it('sparseness and complexity', async () => {
    expect((await judge('gini', judged, fakeRuntime({}))).value).toBeCloseTo(value('sparseness.gini'), 6);
    expect((await judge('complexity', judged, fakeRuntime({}))).value).toBeCloseTo(value('complexity'), 6);
  });

  it('the other implementation, where it agrees', () => {
    const { params: theirs } = expected('quantus.values');
    // Its Gini index adds a small constant to the map first, so that an empty one divides.
    for (const [name, number] of Object.entries(theirs)) {
      expect(Math.abs((number as number) - value(name))).toBeLessThan(name === 'sparseness.gini' ? 1e-5 : 1e-8);
    }
  });

  it('max-sensitivity and local Lipschitz', async () => {
    const host = runtime();
    const sensitivity = await judge('max-sensitivity', judged, host, { noise: 'noise' });
    const ratios = array('maxsens.ratios').data;
    expect(relativeError(sensitivity.curve as number[], ratios)).toBeLessThan(CORRELATION);
    expect(sensitivity.value).toBeCloseTo(value('max_sensitivity'), 4);
    const lipschitz = await judge('local-lipschitz', judged, host, { noise: 'noise' });
    expect(relativeError(lipschitz.curve as number[], array('lipschitz.ratios').data)).toBeLessThan(CORRELATION);
    expect(lipschitz.value).toBeCloseTo(value('local_lipschitz'), 5);
  });

  it('faithfulness correlation', async () => {
    const host = runtime();
    const seen: ArrayLike<number>[] = [];
    const scores: typeof host.scores = async (count, make) => {
      const found = await host.scores(count, make);
      seen.push(found.score);
      return found;
    };
    const found = await judge('faithfulness-correlation', judged, { ...host, scores }, { 'subsets-file': 'subsets' });
    const [[whole, ...removed]] = seen.map((score) => Array.from(score));
    const drops = array('faith.drops').data;
    expect(
      largestDifference(
        removed.map((score) => whole - score),
        drops,
      ),
    ).toBeLessThan(1e-5);
    expect(Math.abs((found.value as number) - (pearson(array('faith.sums').data, drops) as number))).toBeLessThan(
      CORRELATION,
    );
    expect(found.details).toEqual({ subsets: 60, size: 64 });
    expect(Math.abs((found.value as number) - value('faithfulness_correlation'))).toBeLessThan(CORRELATION);
  });

  it('parameter randomisation, by the weights of the case', async () => {
    const { layers } = expected('mprt.spearman').params as {
      layers: { initializer: string; seed: number; low: number; high: number; dims: number[] }[];
    };
    const bounds = new Map<string, number>();
    const fake = modelFake(subjectFor(TARGET), TARGET, gradient);
    const host = fakeRuntime({
      ...fake,
      explain: ({ weights = new Map() } = {}) => {
        const own = layers.filter(({ initializer }) => weights.has(initializer));
        expect(own).toHaveLength(weights.size);
        for (const [name, { source }] of weights) {
          if (source.kind !== 'bytes') continue;
          const drawn = new Float32Array(source.bytes.buffer);
          bounds.set(name, Math.max(...drawn.map(Math.abs)));
        }
        const stored = own.map((layer) => {
          const count = layer.dims.reduce((a, b) => a * b, 1);
          return [layer.initializer, float32(fillValues(count, layer), layer.dims)] as const;
        });
        return fake.explain?.({ weights: new Map(stored) }) as ReturnType<NonNullable<typeof fake.explain>>;
      },
    });
    const found = await judge('mprt', judged, host);
    expect(largestDifference(found.curve, array('mprt.spearman').data)).toBeLessThan(CORRELATION);
    const three = await judge('mprt', judged, host, { steps: 3 });
    const [count, curve] = [found.curve?.length ?? 0, found.curve ?? []];
    expect(three.curve).toEqual([1, 2, 3].map((part) => curve[Math.round((part * count) / 3) - 1]));
    expect(three.details?.last).toBe(found.details?.last);
    expect(found.details?.layers).toEqual([
      '/n/n.13/Gemm',
      '/n/n.11/Gemm',
      '/n/n.7/Conv',
      '/n/n.3/Conv',
      '/n/n.0/Conv',
    ]);
    // The case's bounds are those that its own draws would have.
    for (const { initializer, high } of layers) {
      expect(bounds.get(initializer)).toBeLessThanOrEqual(high * (1 + 1e-6));
      expect(bounds.get(initializer)).toBeGreaterThan(0.97 * high);
    }
  });
});
