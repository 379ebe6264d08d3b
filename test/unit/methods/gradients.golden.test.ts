import { afterAll, describe, expect, it } from 'vitest';
import type { OptionValue } from '../../../src/methods/method';
import { loadCase, relativeError } from '../../support/cases';
import { caseFile, explainBy } from '../../support/methods';
import { testRuntime } from '../../support/runtime';
import { classScore, subjectOf } from '../../support/sharing';

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

describe.each(['C-small_cnn', 'C-small_cnn_avgpool', 'C-resnet18'])('%s', async (name) => {
  const golden = loadCase(name);
  const subject = await subjectOf(name);
  const runtime = testRuntime({ keep: true });
  afterAll(() => runtime.release());
  const questions = questionsOf(name);
  const maps = golden.expect.filter(({ what }) => what in questions);

  it('has maps to compare with', () => expect(maps.length).toBeGreaterThanOrEqual(9));

  it.each(maps.map((expectation) => ({ what: expectation.what, expectation })))(
    '$what',
    async ({ what, expectation }) => {
      const [method, options] = questions[what];
      const score = classScore(subject.graph, subject.output, Number(expectation.target));
      const attribution = await explainBy(method, { ...subject, score }, runtime, options);
      expect(attribution.map.shape).toEqual(expectation.array().shape);
      expect(relativeError(attribution.map.data, expectation.array().data)).toBeLessThanOrEqual(
        golden.tolerance as number,
      );
      const residual = expectation.params.completeness_residual;
      if (typeof residual === 'number') {
        const size = Math.abs(attribution.conservation?.expected ?? 0);
        expect(Math.abs((attribution.conservation?.residual ?? 0) - residual)).toBeLessThanOrEqual(
          (golden.tolerance as number) * size,
        );
      }
    },
  );
});
