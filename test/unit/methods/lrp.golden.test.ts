import { describe, expect, it } from 'vitest';
import { lrp } from '../../../src/methods/lrp';
import type { Range } from '../../../src/methods/method';
import { type Expectation, loadCase, relativeError } from '../../support/cases';
import { testRuntime } from '../../support/runtime';
import { classScore, subjectOf } from '../../support/sharing';

/** The range of pixel values that the case's composite was made with. */
const rangeOf = ({ params }: Expectation): Range => ({
  low: params.low as number[],
  high: params.high as number[],
  axis: 1,
});

describe.each(['D-resnet18', 'D-vgg_small_bn'])('%s', async (name) => {
  const golden = loadCase(name);
  const subject = await subjectOf(name);
  const runtime = testRuntime();
  const maps = golden.expect.filter(({ what }) => what.startsWith('lrp.'));

  it('has maps to compare with', () => expect(maps).toHaveLength(6));

  it.each(maps.map((expectation) => [expectation.what, expectation] as const))('%s', async (what, expectation) => {
    const { params, target } = expectation;
    const options = {
      composite: (params.composite as string).replaceAll('_', '-'),
      epsilon: params.epsilon as number,
      gamma: params.gamma as number,
      canonical: what.endsWith('.canon'),
    };
    const score = classScore(subject.graph, subject.output, Number(target));
    const { map, conservation } = await lrp.explain(
      { ...subject, score, range: rangeOf(expectation) },
      options,
      runtime,
    );
    const error = relativeError(map.data, expectation.array().data as Float32Array);
    expect(error).toBeLessThanOrEqual(params.recommended_rtol_l2 as number);
    const sum = params.sum as number;
    expect(Math.abs((conservation?.actual as number) - sum)).toBeLessThan(1e-4 * Math.abs(sum) + 1e-4);
  });
});
