import { afterAll, describe, expect, it } from 'vitest';
import { methodById } from '../../../src/methods/index';
import { caseNames, loadCase, relativeError } from '../../support/cases';
import { explainWith, subjectOfCase } from '../../support/perturbation';
import { testRuntime } from '../../support/runtime';

const METHODS: Readonly<Record<string, string>> = {
  'gradcam.raw': 'grad-cam',
  'gradcampp.raw': 'grad-cam++',
  'xgradcam.raw': 'xgrad-cam',
  'hirescam.raw': 'hires-cam',
  'layercam.raw': 'layer-cam',
  'ablationcam.raw': 'ablation-cam',
  'scorecam.raw': 'score-cam',
  'eigencam.raw': 'eigen-cam',
};

describe.each(caseNames('B-'))('%s', (name) => {
  const golden = loadCase(name);
  const runtime = testRuntime({ keep: true });
  afterAll(() => runtime.release());
  const maps = golden.expect.filter(({ what }) => what in METHODS);

  it('has maps to compare with', () => expect(maps).toHaveLength(8));

  it.each(maps.map((expectation) => ({ what: expectation.what, expectation })))(
    '$what',
    { timeout: 300_000 },
    async ({ what, expectation }) => {
      // Channels by the hundred are tried several at once.
      const batch = what.startsWith('scorecam') || what.startsWith('ablationcam') ? 16 : 1;
      const subject = await subjectOfCase(golden, 'logits', Number(expectation.target), { channels: 1, batch });
      const options = { layer: expectation.of, upsample: false };
      const { map, of } = await explainWith(methodById(METHODS[what]), subject, options, runtime);
      const expected = expectation.array();
      expect(of).toBe(expectation.of);
      expect(map.shape).toEqual(expected.shape);
      const error = relativeError(map.data, expected.data);
      const turned = relativeError(
        map.data.map((value) => -value),
        expected.data,
      );
      // The sign of a singular vector is arbitrary.
      expect(what === 'eigencam.raw' ? Math.min(error, turned) : error).toBeLessThanOrEqual(golden.tolerance as number);
    },
  );
});
