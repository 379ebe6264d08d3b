import { afterAll, describe, expect, it } from 'vitest';
import { caseNames, loadCase, relativeError } from '../../support/cases';
import { explainBy } from '../../support/methods';
import { testRuntime } from '../../support/runtime';
import { classScore, subjectOf } from '../../support/sharing';

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

describe.each(caseNames('B-'))('%s', async (name) => {
  const golden = loadCase(name);
  const subject = await subjectOf(name);
  const runtime = testRuntime({ keep: true });
  afterAll(() => runtime.release());
  const maps = golden.expect.filter(({ what }) => what in METHODS);

  it('has maps to compare with', () => expect(maps).toHaveLength(8));

  it.each(maps.map((expectation) => ({ what: expectation.what, expectation })))(
    '$what',
    { timeout: 300_000 },
    async ({ what, expectation }) => {
      const score = classScore(subject.graph, subject.output, Number(expectation.target));
      const { map, of } = await explainBy(METHODS[what], { ...subject, score }, runtime, {
        layer: expectation.of,
        upsample: false,
      });
      const expected = expectation.array();
      expect(of).toBe(expectation.of);
      expect(map.shape).toEqual(expected.shape);
      const error = Math.min(
        relativeError(map.data, expected.data),
        // The sign of a singular vector is arbitrary.
        what === 'eigencam.raw'
          ? relativeError(
              map.data.map((value) => -value),
              expected.data,
            )
          : Number.POSITIVE_INFINITY,
      );
      expect(error).toBeLessThanOrEqual(golden.tolerance as number);
    },
  );
});
