import { describe, expect, it } from 'vitest';
import { srd } from '../../../src/methods/srd';
import { caseNames, loadCase } from '../../support/cases';
import { testRuntime } from '../../support/runtime';
import { classScore, relativeToMaximum, SRD_DEFAULTS, subjectOf } from '../../support/sharing';

/** Cases whose golden is the exact form on a net without ties: float32 must come close. */
const EXACT = new Set(['srd-chain-small', 'srd-chain-folded', 'srd-allzero']);

describe.each(caseNames('srd-'))('%s', async (name) => {
  const golden = loadCase(name);
  const subject = await subjectOf(name);
  const runtime = testRuntime();
  const tolerance = EXACT.has(name) ? 1e-5 : 1e-4;
  const maps = golden.expect.filter(({ what }) =>
    /^srd\.(class|layer|head|erf)(\.contrastive)?(\.official)?$/.test(what),
  );

  it('has maps to compare with', () => expect(maps.length).toBeGreaterThan(0));

  it.each(maps.map((expectation, index) => ({ index, what: expectation.what, of: expectation.of, expectation })))(
    '$index $what of $of',
    async ({ what, of, expectation }) => {
      const { params, target } = expectation;
      const options = {
        ...SRD_DEFAULTS,
        ...(params.head ? { head: params.head as string } : {}),
        ...(params.option === 'class-token=plain' ? { 'class-token': 'plain' } : {}),
        contrastive: params.contrastive === true,
        official: what.includes('official'),
      };
      const erf = what.startsWith('srd.erf')
        ? { value: params.layer as string, position: [params.y as number, params.x as number] }
        : undefined;
      const score = classScore(subject.graph, subject.output, Number(target ?? 0));
      const at = of === subject.input ? undefined : of;
      const { map } = await srd.explain({ ...subject, score, ...(erf ? { erf } : { at }) }, options, runtime);
      expect(relativeToMaximum(map.data, expectation.array().data as Float32Array)).toBeLessThanOrEqual(tolerance);
    },
  );
});
