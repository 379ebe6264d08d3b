import { describe, expect, it } from 'vitest';
import { featureAblation } from '../../../src/methods/feature-ablation';
import { kernelShap } from '../../../src/methods/kernel-shap';
import { lime } from '../../../src/methods/lime';
import { occlusion } from '../../../src/methods/occlusion';
import { shapleySampling } from '../../../src/methods/shapley-sampling';
import { type Expectation, loadCase, relativeError } from '../../support/cases';
import { caseFile, explainWith, subjectOfCase } from '../../support/perturbation';
import { relativeToMaximum } from '../../support/sharing';

const find = (name: string, what: string): Expectation => {
  const found = loadCase(name).expect.find((expectation) => expectation.what === what);
  if (!found) throw new Error(`${name} has no ${what}`);
  return found;
};
const elements = (name: string, what: string): Float32Array => find(name, what).array().data as Float32Array;

describe.each([
  ['C-small_cnn', 1],
  ['C-small_cnn_avgpool', 8],
  ['C-resnet18', 1],
])('%s, %s at once', (name, batch) => {
  const golden = loadCase(name);
  const subject = () => subjectOfCase(golden, 'logits', Number(find(name, 'occlusion').target), { channels: 1, batch });

  // The golden maps hold one channel: all three are equal.
  const same = (map: ArrayLike<number>, expected: Float32Array): void => {
    expect(map).toHaveLength(3 * expected.length);
    for (let channel = 0; channel < 3; channel++) {
      const part = Array.from(map).slice(channel * expected.length, (channel + 1) * expected.length);
      expect(relativeError(part, expected)).toBeLessThan(golden.tolerance as number);
    }
  };

  it('occlusion agrees with Captum', async () => {
    const { window, stride } = find(name, 'occlusion').params as Record<string, number>;
    const { map } = await explainWith(occlusion, await subject(), { window, stride });
    same(map.data, elements(name, 'occlusion'));
  });

  it('feature ablation agrees with Captum', async () => {
    const options = { segments: caseFile(name, 'segments.npy') };
    const { map } = await explainWith(featureAblation, await subject(), options);
    same(map.data, elements(name, 'feature_ablation'));
  });
});

describe('C-shapley_tabular12', () => {
  const name = 'C-shapley_tabular12';
  const golden = loadCase(name);
  const baseline = caseFile(name, 'baseline.npy');
  const exact = elements(name, 'shapley.exact');
  const subject = (batch = 64) => subjectOfCase(golden, 'logits', 2, { batch });

  it('KernelSHAP on all coalitions gives the exact values', async () => {
    const { map, conservation, score, seed } = await explainWith(kernelShap, await subject(), {
      samples: 'all',
      baseline,
    });
    const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - map.data[i])), 0);
    expect(worst).toBeLessThan(1e-5);
    expect(relativeError(map.data, elements(name, 'kernelshap.full'))).toBeLessThan(1e-5);
    expect(conservation?.residual).toBeCloseTo(0, 10);
    // The last of all subsets shows everything, the first nothing.
    const subsets = elements(name, 'shapley.values');
    expect(conservation?.expected).toBeCloseTo(subsets[4095] - subsets[0], 5);
    expect(score).toBeCloseTo((find(name, 'forward').array().data as Float32Array)[2], 6);
    expect(seed).toBeUndefined();
  });

  it.each([24, 500, 2000])('KernelSHAP on %s of the 4094 coalitions comes near them', async (samples) => {
    const { map, conservation, seed } = await explainWith(kernelShap, await subject(), { samples, baseline, seed: 3 });
    expect(relativeToMaximum(map.data, exact)).toBeLessThan(samples === 2000 ? 1e-2 : samples === 500 ? 5e-2 : 0.5);
    expect(conservation?.residual).toBeCloseTo(0, 10);
    expect(seed).toBe(3);
    // Another package's draws of as many come less near.
    const theirs = relativeToMaximum(elements(name, 'kernelshap.captum2000'), exact);
    if (samples === 2000) expect(relativeToMaximum(map.data, exact)).toBeLessThan(theirs);
  });

  it('Shapley sampling comes near them', async () => {
    const { map, conservation } = await explainWith(shapleySampling, await subject(), { samples: 400, baseline });
    expect(relativeToMaximum(map.data, exact)).toBeLessThan(5e-2);
    expect(conservation?.residual).toBeCloseTo(0, 5);
  });

  it('LIME gives the coefficients of the reference on its samples', async () => {
    const masks = caseFile(name, 'lime.samples.npy');
    const { map, conservation, seed } = await explainWith(lime, await subject(), { baseline, masks });
    const { alpha, kernel_width: width, intercept } = find(name, 'lime').params as Record<string, number>;
    expect([alpha, width]).toEqual([1, 0.25]);
    expect(relativeError(map.data, elements(name, 'lime'))).toBeLessThan(golden.tolerance as number);
    const sum = map.data.reduce((total, value) => total + value, 0);
    expect((conservation?.actual as number) - sum).toBeCloseTo(intercept, 5);
    expect(seed).toBeUndefined();
  });
});

describe.each([
  ['F-sklearn_gbr_pipeline', 'variable', 0],
  ['F-sklearn_rf_classifier', 'probabilities', 1],
] as const)('%s', (name, output, target) => {
  const golden = loadCase(name);

  it.each([1, 16])('has the Shapley values of its trees, %s at once', async (batch) => {
    const subject = await subjectOfCase(golden, output, target, { batch });
    const { map, conservation } = await explainWith(kernelShap, subject, {
      samples: 'all',
      baseline: caseFile(name, 'baseline.npy'),
    });
    expect(relativeError(map.data, elements(name, 'shapley.exact'))).toBeLessThan(golden.tolerance as number);
    expect(conservation?.residual).toBeCloseTo(0, 10);
  });
});
