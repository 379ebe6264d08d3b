import { describe, expect, it } from 'vitest';
import { attnLrp } from '../../../src/methods/attn-lrp';
import { loadCase, relativeError } from '../../support/cases';
import { subjectOfCase } from '../../support/perturbation';
import { testRuntime } from '../../support/runtime';

describe('D-attnlrp_bert_block', async () => {
  const golden = loadCase('D-attnlrp_bert_block');
  const expected = (what: string) => golden.expect.find((expectation) => expectation.what === what)?.array().data;
  const target = Number(golden.expect[0].target);
  const { map, score } = await attnLrp.explain(await subjectOfCase(golden, 'logits', target), {}, testRuntime());

  // Ours has no stabilisers, as this form of the golden.
  it('is gradient × input with changed rules', () => {
    expect(relativeError(map.data, expected('attnlrp.gradform') as Float32Array)).toBeLessThanOrEqual(1e-5);
  });

  it('agrees with the explicit rules and their stabilisers', () => {
    expect(relativeError(map.data, expected('attnlrp') as Float32Array)).toBeLessThanOrEqual(
      golden.tolerance as number,
    );
  });

  it('gives every token the sum of its features', () => {
    const [, tokens, features] = map.shape;
    const sums = Array.from({ length: tokens }, (_, token) =>
      map.data.slice(token * features, (token + 1) * features).reduce((sum, value) => sum + value, 0),
    );
    expect(relativeError(sums, expected('attnlrp.token') as Float32Array)).toBeLessThanOrEqual(
      golden.tolerance as number,
    );
  });

  it('starts from the logit', () => expect(score).toBeCloseTo(golden.params.score as number, 5));
});
