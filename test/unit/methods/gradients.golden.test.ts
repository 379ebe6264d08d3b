import { afterAll, describe, expect, it } from 'vitest';
import { methodById } from '../../../src/methods/index';
import type { OptionValue } from '../../../src/methods/method';
import { loadCase, relativeError } from '../../support/cases';
import { caseFile, explainWith, subjectOfCase } from '../../support/perturbation';
import { testRuntime } from '../../support/runtime';

type Question = readonly [method: string, options: Readonly<Record<string, OptionValue>>];

/** Which method and options each expectation of a case stands for. */
function questionsOf(name: string): Record<string, Question> {
  const file = (array: string): string => caseFile(name, `${array}.npy`);
  const noise = { noise: file('smoothgrad.noise') };
  return {
    'ig.zero': ['integrated-gradients', {}],
    'ig.baseline': ['integrated-gradients', { baseline: file('baseline') }],
    'deeplift.zero': ['deeplift', { maxpool: 'captum' }],
    'deeplift.baseline': ['deeplift', { baseline: file('baseline'), maxpool: 'captum' }],
    guided_backprop: ['guided-backprop', {}],
    deconvolution: ['deconvnet', {}],
    smoothgrad: ['smoothgrad', noise],
    vargrad: ['vargrad', noise],
    smoothgrad_sq: ['smoothgrad-sq', noise],
    gradientshap: [
      'gradient-shap',
      {
        noise: file('gradientshap.noise'),
        alphas: file('gradientshap.alphas'),
        baseline: file('gradientshap.baselines'),
      },
    ],
  };
}

/** One input at a time, or as many as given at once. */
const SUBJECTS = [
  ['C-small_cnn', 1],
  ['C-small_cnn', 4],
  ['C-small_cnn_avgpool', 1],
  ['C-small_cnn_avgpool', 4],
  ['C-resnet18', 1],
] as const;

describe.each(SUBJECTS)('%s, %i at once', (name, batch) => {
  const golden = loadCase(name);
  const runtime = testRuntime({ keep: true });
  afterAll(() => runtime.release());
  const questions = questionsOf(name);
  const maps = golden.expect.filter(({ what }) => what in questions);

  it('has maps to compare with', () => expect(maps.length).toBeGreaterThanOrEqual(9));

  it.each(maps.map((expectation) => ({ what: expectation.what, expectation })))(
    '$what',
    async ({ what, expectation }) => {
      const [method, options] = questions[what];
      const subject = await subjectOfCase(golden, 'logits', Number(expectation.target), { channels: 1, batch });
      const { map, conservation } = await explainWith(methodById(method), subject, options, runtime);
      const tolerance = golden.tolerance as number;
      expect(map.shape).toEqual(expectation.array().shape);
      expect(relativeError(map.data, expectation.array().data)).toBeLessThanOrEqual(tolerance);
      const residual = expectation.params.completeness_residual;
      if (typeof residual !== 'number') return;
      const size = Math.abs(conservation?.expected ?? 0);
      expect(Math.abs((conservation?.residual ?? Number.NaN) - residual)).toBeLessThanOrEqual(tolerance * size);
    },
  );
});
