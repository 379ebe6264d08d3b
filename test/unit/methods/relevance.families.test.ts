import { describe, expect, it } from 'vitest';
import { completeOptions } from '../../../src/engine/options';
import { typeOf } from '../../../src/graph/ir';
import { methodById } from '../../../src/methods/index';
import type { OptionValue } from '../../../src/methods/method';
import { COMPOSITES } from '../../../src/methods/relevance/composites';
import { caseNames } from '../../support/cases';
import { subjectOfFamily } from '../../support/relevance';
import { testRuntime } from '../../support/runtime';

/** Relevance through every architecture: nothing of the score gets lost without a note. */

type Ask = readonly [method: string, options: Readonly<Record<string, OptionValue>>];

const COMPOSED: readonly Ask[] = Object.keys(COMPOSITES).map((composite) => ['lrp', { composite }]);
const RAP: Ask = ['rap', {}];
const RSP: Ask = ['rsp', {}];
const ATTN: Ask = ['attn-lrp', {}];

/** Deep ones of families that a smaller one stands for as well. */
const LARGE =
  /densenet|inception|convnext|resnet50|regnet|googlenet|efficientnet|mobilenet_v2|vgg11|vit_b|_ts$|tiny_dynamo/;
/** Without a map whose channels a class activation map could weigh. */
const WITHOUT_MAP = /bert|llama|gru|lstm|tabular/;
const TRANSFORMER = /bert|llama|vit|swin/;

function asked(name: string): readonly Ask[] {
  const lrp = LARGE.test(name) ? COMPOSED.filter(([, { composite }]) => composite === 'epsilon-plus') : COMPOSED;
  return [...lrp, ...(TRANSFORMER.test(name) ? [ATTN] : []), RAP, ...(WITHOUT_MAP.test(name) ? [] : [RSP])];
}

const sizeOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + Math.abs(value), 0);

describe.each(caseNames('A-'))('%s', async (name) => {
  const subject = await subjectOfFamily(name);

  it.each(asked(name).map((ask) => [ask.map((part) => Object.values(part).join('')).join(' '), ask] as const))(
    'keeps its sum by %s %#',
    async (_, [id, options]) => {
      const method = methodById(id);
      const { map, of, conservation } = await method.explain(
        subject,
        completeOptions(method.info, options),
        testRuntime(),
      );
      expect(map.shape).toEqual(typeOf(subject.graph, of)?.shape);
      const { expected, lost = 0, residual } = conservation as NonNullable<typeof conservation>;
      const size = sizeOf(map.data);
      expect(size).toBeGreaterThan(0);
      expect(Math.abs(residual)).toBeLessThan(1e-4 * (Math.abs(expected) + Math.abs(lost) + size));
    },
  );
});
