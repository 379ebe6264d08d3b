import { describe, expect, it } from 'vitest';
import { string } from '../../../src/graph/attributes';
import { float32 } from '../../../src/graph/tensor';
import { camLayer } from '../../../src/methods/cam/layer';
import { methodById } from '../../../src/methods/index';
import type { Attribution, OptionValue, Subject } from '../../../src/methods/method';
import { loadCase, relativeError } from '../../support/cases';
import { graphOf, node, noise, value } from '../../support/graphs';
import { explainWith, subjectFor, subjectOfCase } from '../../support/perturbation';
import { run } from '../../support/run';
import { testRuntime } from '../../support/runtime';

const failure = (code: string) => expect.objectContaining({ code });

const CAMS = [
  'grad-cam',
  'grad-cam++',
  'xgrad-cam',
  'hires-cam',
  'layer-cam',
  'ablation-cam',
  'score-cam',
  'eigen-cam',
];

const explain = (
  method: string,
  subject: Subject,
  options: Readonly<Record<string, OptionValue>> = {},
): Promise<Attribution> => explainWith(methodById(method), subject, options);

async function subjectNamed(name: string, more: Partial<Subject> = {}): Promise<Subject> {
  const golden = loadCase(name);
  const { target } = golden.expect[0];
  return { ...(await subjectOfCase(golden, 'logits', Number(target), { channels: 1 })), ...more };
}

/** The gradient of the score at an inner value. */
async function slopesAt(subject: Subject, at: string): Promise<Float32Array> {
  return (await explain('gradient', { ...subject, at })).map.data;
}

/** An inner value as the model computes it. */
async function activations({ graph, feeds }: Subject, at: string): Promise<Float32Array> {
  const shown = { ...graph, outputs: [{ ...graph.types.get(at), name: at } as (typeof graph.outputs)[number]] };
  return (await run(shown, Object.fromEntries(feeds) as never))[at].data as Float32Array;
}

describe('the layer that is chosen', () => {
  it.each([
    // The activation before pooling and the head: torchvision's names.
    ['A-resnet18', '/layer4/layer4.1/relu_1/Relu_output_0', [2, 2], 0],
    ['A-vgg11_bn', '/features/features.27/Relu_output_0', [4, 4], 0],
    ['A-googlenet', '/inception5b/Concat_output_0', [2, 2], 0],
    ['A-densenet121', '/Relu_output_0', [2, 2], 0],
    ['A-convnext_tiny', '/features/features.7/features.7.2/Add_output_0', [2, 2], 0],
    ['B-efficientnet_b0', loadCase('B-efficientnet_b0').params.layer, [3, 3], 0],
    ['B-mobilenet_v2', loadCase('B-mobilenet_v2').params.layer, [3, 3], 0],
    ['B-vgg11_bn', loadCase('B-vgg11_bn').params.layer, [6, 6], 0],
    // What the last attention reads, without the class token.
    ['A-vit_b_16_reduced', '/encoder/layers/encoder_layer_3/ln_1/LayerNormalization_output_0', [4, 4], 1],
    ['srd-vit', '/blocks/blocks.3/norm1/LayerNormalization_output_0', [8, 8], 1],
    ['A-swin_t_reduced', 'permute_21', [8, 8], 0],
    // What the last layer of a dense output reads.
    ['A-unet_convtranspose', '/c1/c1.5/Relu_output_0', [64, 64], 0],
    // What all scales of a detector are made of.
    ['A-mini_yolo', '/f2/o/Mul_output_0', [16, 16], 0],
    ['A-conv3d_video', '/10/LeakyRelu_output_0', [1, 4, 4], 0],
  ] as const)('is the last map before the head: %s', async (name, layer, locations, first) => {
    const golden = loadCase(name);
    const feeds = new Map(Object.entries(golden.inputs()));
    const { graph, input } = await subjectFor(golden.graph(), feeds, { output: '', select: [] });
    const output = graph.outputs[0].name;
    expect(camLayer(graph, input, { output }, '')).toMatchObject({ value: layer, locations, first });
  });

  it('must have locations', async () => {
    const table = await subjectNamed('A-tabular_mlp');
    await expect(explain('grad-cam', table)).rejects.toThrow(failure('NO_LOCATIONS'));
    const picture = await subjectNamed('C-small_cnn');
    await expect(explain('grad-cam', picture, { layer: 'logits' })).rejects.toThrow(failure('NO_LOCATIONS'));
  });
});

describe('a map over the input', () => {
  it('is the positive part of the raw one, as onnxruntime interpolates between half pixels', async () => {
    const subject = await subjectNamed('C-small_cnn');
    const sizes = [8, 8, 32, 32];
    const resize = graphOf({
      inputs: [value('raw', [1, 1, sizes[0], sizes[1]])],
      outputs: ['large'],
      initializers: { scales: float32([1, 1, sizes[2] / sizes[0], sizes[3] / sizes[1]]) },
      nodes: [
        node('Relu', ['raw'], ['positive']),
        node('Resize', ['positive', '', 'scales'], ['large'], {
          mode: string('linear'),
          coordinate_transformation_mode: string('half_pixel'),
        }),
      ],
    });
    const runtime = testRuntime({ keep: true });
    for (const method of CAMS) {
      const raw = await explainWith(methodById(method), subject, { upsample: false }, runtime);
      const large = await explainWith(methodById(method), subject, {}, runtime);
      expect(raw.map.shape).toEqual([8, 8]);
      expect(large).toMatchObject({ of: subject.input, score: raw.score });
      expect(large.map.shape).toEqual([32, 32]);
      const expected = (await run(resize, { raw: raw.map.data })).large;
      expect(relativeError(large.map.data, expected.data)).toBeLessThan(1e-5);
    }
    await runtime.release();
  });

  it('has as many dimensions as the input has axes of locations', async () => {
    const video = await explain('grad-cam', await subjectNamed('A-conv3d_video'));
    expect(video.map.shape).toEqual([6, 32, 32]);
    const sound = await explain('grad-cam', await subjectNamed('A-conv1d_audio'));
    expect(sound.map.shape).toEqual([2048]);
  });

  it('is one of the item that the score is about', async () => {
    const golden = loadCase('F-dynamic_nhw');
    const { input } = golden.inputs();
    const select = (item: number) => ({ output: 'logits', select: [item, 1] });
    const size = input.data.length / 2;
    for (const method of ['grad-cam', 'eigen-cam', 'ablation-cam', 'score-cam']) {
      for (const item of [0, 1]) {
        const both = await subjectFor(golden.graph(), new Map([['input', input]]), select(item));
        const data = (input.data as Float32Array).slice(item * size, (item + 1) * size);
        const own = { ...input, shape: [1, ...input.shape.slice(1)], data };
        const alone = await subjectFor(golden.graph(), new Map([['input', own]]), select(0));
        const expected = (await explain(method, alone)).map;
        const { map } = await explain(method, both);
        expect(map.shape).toEqual(expected.shape);
        expect(relativeError(map.data, expected.data)).toBeLessThan(1e-4);
      }
    }
  });
});

describe('maps of tokens', () => {
  const layer = '/encoder/layers/encoder_layer_3/ln_1/LayerNormalization_output_0';
  const [tokens, channels] = [17, 192];

  it('are laid out as a grid without the class token', async () => {
    const subject = await subjectNamed('A-vit_b_16_reduced');
    const a = await activations(subject, layer);
    const g = await slopesAt(subject, layer);
    const at = (values: Float32Array, token: number, k: number): number => values[(token + 1) * channels + k];
    const grid = Array.from({ length: tokens - 1 }, (_, token) => token);
    const grad = grid.map((token) => {
      let sum = 0;
      for (let k = 0; k < channels; k++) {
        const weight = grid.reduce((total, other) => total + at(g, other, k), 0) / grid.length;
        sum += weight * at(a, token, k);
      }
      return sum;
    });
    const map = (await explain('grad-cam', subject, { upsample: false })).map;
    expect(map.shape).toEqual([4, 4]);
    expect(relativeError(map.data, grad)).toBeLessThan(1e-4);
    const hires = grid.map((token) => {
      let sum = 0;
      for (let k = 0; k < channels; k++) sum += at(a, token, k) * at(g, token, k);
      return sum;
    });
    expect(relativeError((await explain('hires-cam', subject, { upsample: false })).map.data, hires)).toBeLessThan(
      1e-4,
    );
  });

  it.each(['A-vit_b_16_reduced', 'A-swin_t_reduced'])('are not empty: %s', async (name) => {
    const subject = await subjectNamed(name);
    for (const method of CAMS.filter((id) => id !== 'ablation-cam' && id !== 'score-cam')) {
      expect((await explain(method, subject)).map.shape).toEqual([64, 64]);
      const { map } = await explain(method, subject, { upsample: false });
      expect(map.data.every((part) => part !== 0)).toBe(true);
    }
  });
});

describe('single methods', () => {
  it('Guided Grad-CAM is guided backpropagation where Grad-CAM is', async () => {
    const subject = await subjectNamed('C-small_cnn');
    const guided = (await explain('guided-backprop', subject)).map;
    const where = (await explain('grad-cam', subject)).map;
    const size = where.data.length;
    const expected = guided.data.map((part, i) => part * where.data[i % size]);
    const both = await explain('guided-grad-cam', subject);
    expect(both.map.shape).toEqual(guided.shape);
    expect(relativeError(both.map.data, expected)).toBeLessThan(1e-5);
    const raw = await explain('guided-grad-cam', subject, { upsample: false });
    expect(raw.map.data).toEqual((await explain('grad-cam', subject, { upsample: false })).map.data);
  });

  it('Ablation-CAM weighs by the share of the score lost without a channel', async () => {
    const golden = loadCase('B-vgg11_bn');
    const subject = await subjectNamed('B-vgg11_bn');
    const weights = golden.expect.find(({ what }) => what === 'ablationcam.weights')?.array().data as Float32Array;
    const a = await activations(subject, golden.params.layer as string);
    const sums = Array.from({ length: 36 }, (_, place) =>
      weights.reduce((sum, weight, k) => sum + weight * a[k * 36 + place], 0),
    );
    const { map } = await explain('ablation-cam', subject, { upsample: false });
    expect(relativeError(map.data, sums)).toBeLessThan(1e-3);
  });

  it('Eigen-CAM has the sign of the sum of all channels', async () => {
    const golden = loadCase('B-resnet50');
    const subject = await subjectNamed('B-resnet50');
    const layer = golden.params.layer as string;
    const a = await activations(subject, layer);
    const { map } = await explain('eigen-cam', subject, { layer, upsample: false });
    const sums = Array.from({ length: 25 }, (_, place) => {
      let sum = 0;
      for (let k = place; k < a.length; k += 25) sum += a[k];
      return sum;
    });
    const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((x, y) => x + y, 0) / values.length;
    const covariance = sums.reduce((sum, part, i) => sum + (part - mean(sums)) * (map.data[i] - mean(map.data)), 0);
    expect(covariance).toBeGreaterThan(0);
    expect(mean(map.data)).toBeCloseTo(0, 5);
  });

  it('Score-CAM leaves out channels that are the same everywhere', async () => {
    // Three channels: the picture, a constant, and the picture turned dark for bright.
    const graph = graphOf({
      inputs: [value('x', [1, 1, 4, 4])],
      outputs: ['y'],
      initializers: {
        kernel: float32([1, 0, -1], [3, 1, 1, 1]),
        bias: float32([0, 5, 1]),
        weights: float32([1, 1, 1, 0, 2, 0], [3, 2]),
      },
      nodes: [
        node('Conv', ['x', 'kernel', 'bias'], ['maps']),
        node('GlobalAveragePool', ['maps'], ['pooled']),
        node('Flatten', ['pooled'], ['flat']),
        node('MatMul', ['flat', 'weights'], ['y']),
      ],
    });
    const data = noise(16, 3).map((part) => (part + 1) / 2);
    const feeds = new Map([['x', { dtype: 'float32' as const, shape: [1, 1, 4, 4], data }]]);
    const subject = await subjectFor(graph, feeds, { output: 'y', select: [0, 1] });
    const low = Math.min(...data);
    const high = Math.max(...data);
    // The score is the mean of x, plus nothing of the constant: y₁ = x̄.
    const scoreOf = (mask: (share: number) => number): number =>
      data.reduce((sum, part) => sum + part * mask((part - low) / (high - low)), 0) / 16;
    const scores = [scoreOf((share) => share), scoreOf((share) => 1 - share)].map(Math.exp);
    const total = scores[0] + scores[1];
    const expected = data.map((part) => (scores[0] * part + scores[1] * (1 - part)) / total);
    const { map } = await explain('score-cam', subject, { layer: 'maps', upsample: false });
    expect(relativeError(map.data, expected)).toBeLessThan(1e-5);
  });

  it('stop when told', async () => {
    let runs = 0;
    const stopped = testRuntime({
      keep: true,
      checkCancelled: () => {
        if (++runs > 5) throw new Error('given up');
      },
    });
    const subject = await subjectNamed('B-vgg11_bn');
    await expect(explainWith(methodById('score-cam'), subject, {}, stopped)).rejects.toThrow('given up');
    const { reports } = stopped;
    expect(reports.length).toBeGreaterThan(0);
    expect(reports[0].partial?.shape).toEqual([6, 6]);
    await stopped.release();
  });
});
