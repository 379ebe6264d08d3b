import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../../../src/engine/service';

/** The sample's language model was trained on a rule: a verb agrees with the first noun, whatever stands between. */

const model = 'media/sample/grammar/grammar.onnx';
const forms = [
  ['sees', 'likes', 'follows', 'is', 'hears'],
  ['see', 'like', 'follow', 'are', 'hear'],
] as const;

let engine: Service;
beforeAll(async () => {
  engine = new Service({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterAll(() => engine.dispose());

const explain = (text: string, method: string, target?: string) =>
  engine.explain({ model, text, method, ...(target !== undefined && { target }) });

describe('the verb that the sample goes on with', () => {
  it.each([
    ['{0} near the king', 'dog', 'dogs'],
    ['{0} near the kings', 'dog', 'dogs'],
    ['{0} behind the farmer with the baker', 'child', 'children'],
    ['{0} beside the horses', 'pilot', 'pilots'],
  ] as const)('changes its form with the first noun and with nothing else: %s', async (rest, ...nouns) => {
    for (const [plural, noun] of nouns.entries()) {
      const { target } = await explain(`the ${rest.replace('{0}', noun)}`, 'gradient');
      expect(forms[plural]).toContain(target.label.trim());
    }
  });

  it('rests on that noun: it speaks for its own form and against the other one', async () => {
    for (const method of ['attn-lrp', 'gradient-x-input', 'integrated-gradients', 'occlusion']) {
      const [own, other] = [
        await explain('the dogs near the king', method),
        await explain('the dogs near the king', method, 'likes'),
      ];
      expect(own.target.label.trim()).toBe('like');
      const relevance = ({ text }: typeof own): number => text?.tokens[1].relevance ?? 0;
      expect(own.text?.tokens[1].text).toBe('dogs');
      expect(relevance(own), method).toBeGreaterThan(0);
      expect(relevance(other), method).toBeLessThan(0);
    }
  });
});
