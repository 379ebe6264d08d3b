import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/inputs/config';
import { guessSettings, requireImageInput } from '../../../src/inputs/guess';
import { readPicture } from '../../../src/inputs/image';
import { parseLabels } from '../../../src/inputs/labels';
import { readNpy } from '../../../src/inputs/npy';
import { preprocess } from '../../../src/inputs/preprocess';
import type { Interpolation } from '../../../src/inputs/resample';
import type { ImageInput, ModelSignature } from '../../../src/inputs/settings';

const CASES = path.resolve(__dirname, '../../cases');
const PHOTOGRAPHS = path.join(CASES, 'inputs/photographs');

interface Known {
  readonly size: [number, number];
  /** Label, index and probability, by the model in Python on Pillow's pixels. */
  readonly top5: [string, number, number][];
  readonly sha256: Record<Interpolation, string>;
}

const known: Record<string, Known> = JSON.parse(readFileSync(path.join(CASES, 'inputs/photographs.json'), 'utf8'));

const model: ModelSignature = {
  inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, 224, 224] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 1000], op: 'Gemm' }],
  metadata: {},
};

function inputOfConfig(): ImageInput {
  const { config } = parseConfig(readFileSync(path.join(CASES, 'configs/imagenet-lite0/model.prism.json'), 'utf8'));
  return requireImageInput(guessSettings({ model, config }), model);
}

describe('EfficientNet-Lite0 on the photographs', () => {
  const input = inputOfConfig();
  const labels = parseLabels(readFileSync(path.join(CASES, 'inputs/imagenet-labels.txt'), 'utf8'), 'labels.txt');
  let session: InferenceSession;
  beforeAll(async () => {
    session = await InferenceSession.create(path.join(CASES, 'models/imagenet-lite0/model.onnx'), {
      intraOpNumThreads: 1,
      extra: { session: { 'intra_op.allow_spinning': '0' } },
    });
  });
  afterAll(() => session.release());

  it.each(readdirSync(PHOTOGRAPHS))('%s: the top five and their scores', async (name) => {
    const { data, dims } = preprocess(await readPicture(path.join(PHOTOGRAPHS, name)), input);
    const { logits } = await session.run({ image: new Tensor('float32', data, dims) });
    const scores = softmax(logits.data as Float32Array);
    const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
    for (const [rank, [label, index, score]] of known[name].top5.entries()) {
      expect(order[rank]).toBe(index);
      expect(labels[index]).toBe(label);
      // The known scores are rounded to four digits.
      expect(Math.abs(scores[index] - score)).toBeLessThan(1e-4);
    }
  });
});

describe('the pixels that the model sees', () => {
  const names = Object.keys(known).filter((name) => name.endsWith('.png'));

  it.each(names)('%s is resized as Pillow resizes it, by every filter', async (name) => {
    const picture = await readPicture(path.join(PHOTOGRAPHS, name));
    expect([picture.width, picture.height]).toEqual(known[name].size);
    for (const [interpolation, sum] of Object.entries(known[name].sha256)) {
      const input = { ...inputOfConfig(), interpolation: interpolation as Interpolation };
      const { view } = preprocess(picture, input);
      const rgb = view.data.filter((_, i) => i % 4 !== 3);
      expect(createHash('sha256').update(rgb).digest('hex')).toBe(sum);
    }
  });

  it('chelsea.png is the tensor of the golden case to the bit', async () => {
    const golden = readNpy(readFileSync(path.join(CASES, 'golden/srd-lite0-chelsea/image.npy')));
    const { data, dims } = preprocess(await readPicture(path.join(PHOTOGRAPHS, 'chelsea.png')), inputOfConfig());
    expect(dims).toEqual(golden.shape);
    expect(Buffer.from(data.buffer).equals(Buffer.from(golden.data.buffer))).toBe(true);
  });
});

function softmax(logits: Float32Array): Float64Array {
  const top = Math.max(...logits);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
