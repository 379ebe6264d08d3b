import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Service } from '../../../src/engine/service';
import { BLUE, RED, Workspace } from '../../support/engine/workspace';

/** Relevance of tokens at every layer. */

const sample = (file: string): string => path.resolve('media/sample', file);
const review = { model: sample('reviews/reviews.onnx'), textFile: sample('reviews/praise-signed.txt') };

let workspace: Workspace;
let engine: Service;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Service({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

it('is the attribution of each layer, summed over what it has of each token', async () => {
  const explanation = await engine.explain({ ...review, method: 'lrp' });
  const layers = await engine.tokenLayers({ explanation: explanation.id });
  expect(layers.length).toBeGreaterThan(0);
  const tokens = explanation.text!.tokens;
  for (const { id, relevance } of layers) {
    expect(relevance).toHaveLength(tokens.length);
    // The same by the question of the command line: the attribution of that value, summed over its channels.
    const { answer } = await engine.attribute(review.model, 'lrp', { textFile: review.textFile, at: id });
    const { shape, data } = answer.attribution.map;
    const channels = data.length / tokens.length;
    expect(shape.slice(-2)).toEqual([tokens.length, channels]);
    for (const [at, value] of relevance.entries()) {
      const own = data.slice(at * channels, (at + 1) * channels);
      expect(value).toBeCloseTo(
        own.reduce((sum, part) => sum + part, 0),
        4,
      );
    }
  }
}, 60_000);

it('is refused for methods that see the input only, and for pictures', async () => {
  const { id } = await engine.explain({ ...review, method: 'gradient' });
  await expect(engine.tokenLayers({ explanation: id })).rejects.toMatchObject({ code: 'METHOD_WITHOUT_LAYERS' });
  const image = await workspace.picture('p.png', RED, BLUE);
  const picture = await engine.explain({ model: workspace.colours(), image, method: 'gradient' });
  await expect(engine.tokenLayers({ explanation: picture.id })).rejects.toMatchObject({ code: 'NO_TOKENS' });
});
