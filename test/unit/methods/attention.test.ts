import { describe, expect, it } from 'vitest';
import type { ValueInfo } from '../../../src/graph/ir';
import { methodById } from '../../../src/methods/index';
import type { Score, Subject } from '../../../src/methods/method';
import { loadCase, relativeError } from '../../support/cases';
import { explainWith, subjectFor, subjectOfCase } from '../../support/perturbation';
import { run } from '../../support/run';

const failure = (code: string) => expect.objectContaining({ code });

/** Attention rollout of matrices [heads, n, n] by the definition, as a matrix. */
function rollout(layers: readonly Float32Array[], heads: number, n: number): number[][] {
  const cells = Array.from({ length: n }, (_, i) => i);
  let product: number[][] = cells.map((i) => cells.map((j) => Number(i === j)));
  for (const weights of layers) {
    const mean = cells.map((i) =>
      cells.map((j) => {
        let sum = 0;
        for (let h = 0; h < heads; h++) sum += weights[(h * n + i) * n + j];
        return sum / heads + (i === j ? 1 : 0);
      }),
    );
    const rows = mean.map((row) => row.map((part) => part / row.reduce((a, c) => a + c, 0)));
    const before = product;
    product = rows.map((row) => cells.map((j) => row.reduce((sum, part, k) => sum + part * before[k][j], 0)));
  }
  return product;
}

describe('tokens of a text', () => {
  it.each([
    ['A-bert_tiny', 0],
    ['A-llama_tiny_ts', -1],
  ])('are seen from the token that the head reads: %s', async (name, reader) => {
    const golden = loadCase(name);
    const feeds = new Map(Object.entries(golden.inputs()));
    const probe = await subjectFor(golden.graph(), feeds, { output: '', select: [] });
    const [{ name: output, shape = [] }] = probe.graph.outputs;
    const select = shape.map((_, axis) => (axis === shape.length - 1 ? 1 : 0));
    const score: Score = { output, select };
    const subject: Subject = { ...probe, score };
    const softmaxes = subject.graph.nodes.filter(({ op }) => op === 'Softmax').map(({ outputs }) => outputs[0]);
    const outputs = softmaxes.map((weights) => ({ ...subject.graph.types.get(weights), name: weights }) as ValueInfo);
    const computed = await run({ ...subject.graph, outputs }, golden.inputs());
    const layers = softmaxes.map((weights) => computed[weights].data as Float32Array);
    const [, heads, n] = (subject.graph.types.get(softmaxes[0])?.shape ?? []).map(Number);
    const expected = rollout(layers, heads, n)[reader < 0 ? n + reader : reader];
    const { map } = await explainWith(methodById('attention-rollout'), subject);
    expect(map.shape).toEqual([n]);
    expect(relativeError(map.data, expected)).toBeLessThan(1e-5);
    const relevance = await explainWith(methodById('attention-relevance'), subject);
    expect(relevance.map.shape).toEqual([n]);
  });
});

describe('models without attention over all tokens', () => {
  it.each(['A-resnet18', 'A-swin_t_reduced'])('are refused: %s', async (name) => {
    const golden = loadCase(name);
    const subject = await subjectOfCase(golden, 'logits', 0);
    for (const method of ['attention-rollout', 'attention-relevance'])
      await expect(explainWith(methodById(method), subject)).rejects.toThrow(failure('METHOD_DOES_NOT_FIT'));
  });
});
