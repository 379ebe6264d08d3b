import { describe, expect, it } from 'vitest';
import { attentionRelevance } from '../../../src/methods/attention-relevance';
import { attentionRollout } from '../../../src/methods/attention-rollout';
import { gradient } from '../../../src/methods/gradient';
import { loadCase, relativeError } from '../../support/cases';
import { subjectOfCase } from '../../support/perturbation';
import { run } from '../../support/run';
import { testRuntime } from '../../support/runtime';

describe('D-vit_rollout_chefer', async () => {
  const golden = loadCase('D-vit_rollout_chefer');
  const subject = await subjectOfCase(golden, 'logits', Number(golden.expect[0].target), { channels: 1 });

  it.each([
    [attentionRollout, 'rollout.map'],
    [attentionRelevance, 'chefer.map'],
  ] as const)('$info.id', async (method, what) => {
    const expected = golden.expect.find((expectation) => expectation.what === what)?.array();
    const { map, of } = await method.explain(subject, {}, testRuntime());
    const error = relativeError(map.data, expected?.data as Float32Array);
    expect(map.shape).toEqual([4, 4]);
    expect(of).toBe((golden.params.attention_values as string[])[3]);
    expect(error).toBeLessThanOrEqual(golden.tolerance as number);
  });

  it.each(['attention_grad.0', 'attention_grad.3'])('the gradient of the weights: %s', async (what) => {
    const expected = golden.expect.find((expectation) => expectation.what === what);
    const { map } = await gradient.explain({ ...subject, at: expected?.of as string }, {}, testRuntime());
    const error = relativeError(map.data, expected?.array().data as Float32Array);
    expect(error).toBeLessThanOrEqual(golden.tolerance as number);
  });

  it.each(['attention.0', 'attention.3'])('the weights themselves: %s', async (what) => {
    const expected = golden.expect.find((expectation) => expectation.what === what);
    const name = expected?.of as string;
    const outputs = [{ name, dtype: 'float32' as const, shape: subject.graph.types.get(name)?.shape }];
    const { [name]: weights } = await run({ ...subject.graph, outputs }, golden.inputs());
    const error = relativeError(weights.data, expected?.array().data as Float32Array);
    expect(error).toBeLessThanOrEqual(golden.tolerance as number);
  });

  it('tells what the class token keeps', async () => {
    const { conservation, map } = await attentionRollout.explain(subject, {}, testRuntime());
    const matrix = golden.expect.find(({ what }) => what === 'rollout')?.array().data as Float32Array;
    expect(conservation?.lost).toBeCloseTo(matrix[0], 5);
    expect(map.data.reduce((sum, value) => sum + value, matrix[0])).toBeCloseTo(1, 5);
  });
});
