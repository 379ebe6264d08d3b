import { describe, expect, it } from 'vitest';
import type { DataType, Dim } from '../../../src/graph/ir';
import { guessSettings, kindOfValues, pictureLayout, requireImageInput } from '../../../src/inputs/guess';
import type { ModelSignature } from '../../../src/inputs/settings';
import { codeOf } from './support';

type Value = [name: string, dtype: DataType, shape: Dim[] | undefined, op?: string];

const signature = (inputs: Value[], outputs: Value[], metadata: Record<string, string> = {}): ModelSignature => ({
  inputs: inputs.map(([name, dtype, shape]) => ({ name, dtype, shape })),
  outputs: outputs.map(([name, dtype, shape, op]) => ({ name, dtype, shape, op })),
  metadata,
});

const classifier = (shape: Dim[], classes = 1000, dtype: DataType = 'float32'): ModelSignature =>
  signature([['input', dtype, shape]], [['output', 'float32', ['n', classes]]]);

describe('what looks like a picture', () => {
  it.each([
    [['image', 'float32', ['n', 3, 224, 224]], 'NCHW'],
    [['input_1', 'float32', [null, 299, 299, 3]], 'NHWC'],
    [['x', 'float16', [1, 1, 28, 28]], 'NCHW'],
    [['data', 'uint8', [1, 480, 640, 3]], 'NHWC'],
    [['pixel_values', 'float32', ['batch', 'channels', 'height', 'width']], 'NCHW'],
    [['images', 'float32', undefined], 'NCHW'],
    [['input', 'float32', [3, 512, 512]], 'CHW'],
    [['input', 'uint8', [512, 512, 3]], 'HWC'],
    [['flatten_input', 'float32', [null, 28, 28]], 'NHW'],
    [['features', 'float32', ['n', 13]], undefined],
    [['input_ids', 'int64', ['n', 'length']], undefined],
    [['hidden', 'float32', ['n', 64, 56, 56]], undefined],
    [['pixel_mask', 'float32', ['n', 1, 64, 64]], undefined],
    [['embeddings', 'float32', [1, 128, 768]], undefined],
    [['pooled', 'float32', ['n', 3, 1, 1]], undefined],
    [['sequence', 'float32', ['n', 'c', 'h', 'w']], undefined],
  ] as [Value, string | undefined][])('%j: %s', ([name, dtype, shape], layout) => {
    expect(pictureLayout({ name, dtype, shape })).toBe(layout);
  });
});

describe('a model alone', () => {
  it('of ImageNet’s size is taken for a torchvision classifier', () => {
    const { input, task, output, origins } = guessSettings({ model: classifier(['n', 3, 224, 224]) });
    expect(task).toBe('image-classification');
    expect(input).toEqual({
      name: 'input',
      layout: 'NCHW',
      channels: 'RGB',
      size: [224, 224],
      crop: null,
      resize: 'shorter-side',
      shorterSide: 256,
      interpolation: 'bilinear',
      antialias: true,
      pad: [0],
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    expect(output).toEqual({ name: 'output', kind: 'logits' });
    expect(origins['input.size']).toEqual({ source: 'model', why: 'input input: float32 n×3×224×224' });
    expect(origins['input.mean']?.source).toBe('convention');
    expect(origins['input.mean']?.why).toMatch(/ImageNet/);
    expect(origins['input.interpolation']?.source).toBe('default');
  });

  it('with channels last is taken for a TensorFlow classifier', () => {
    const { input } = guessSettings({ model: classifier([null, 224, 224, 3]) });
    expect(input).toMatchObject({ layout: 'NHWC', crop: 0.875, resize: 'stretch', mean: [0.5], std: [0.5] });
  });

  it('of one channel is grey', () => {
    const { input } = guessSettings({ model: classifier(['n', 1, 28, 28], 10) });
    expect(input).toMatchObject({ channels: 'grey', size: [28, 28], scale: 1 / 255, mean: [0], std: [1] });
  });

  it('of small pictures is not normalised', () => {
    const { input } = guessSettings({ model: classifier(['n', 3, 32, 32], 10) });
    expect(input).toMatchObject({ channels: 'RGB', resize: 'stretch', mean: [0], std: [1] });
  });

  it('of open size gets 224', () => {
    const { input, origins } = guessSettings({ model: classifier(['n', 3, 'h', 'w']) });
    expect(input?.size).toEqual([224, 224]);
    expect(origins['input.size']?.source).toBe('convention');
  });

  it('of bytes scales them itself', () => {
    const { input } = guessSettings({ model: classifier([1, 224, 224, 3], 1000, 'uint8') });
    expect(input).toMatchObject({ scale: 1, mean: [0], std: [1] });
  });

  it.each([
    ['Softmax', 'output', 'probabilities'],
    ['Sigmoid', 'output', 'probabilities'],
    ['LogSoftmax', 'output', 'logits'],
    ['Gemm', 'probabilities', 'logits'],
    [undefined, 'probabilities', 'probabilities'],
    [undefined, 'output', 'logits'],
  ])('whose output is made by %s and called %s gives %s', (op, name, kind) => {
    const model = signature([['x', 'float32', ['n', 3, 64, 64]]], [[name, 'float32', ['n', 8], op]]);
    expect(guessSettings({ model }).output.kind).toBe(kind);
  });

  it.each([
    [[['logits', 'float32', ['n', 9, 64, 64]]], 'segmentation'],
    [[['logits', 'float32', ['n', 9, 1, 1]]], 'image-classification'],
    [[['boxes', 'float32', ['n', 100, 4]]], 'detection'],
    [[['output0', 'float32', [1, 84, 8400]]], 'detection'],
    [[['out', 'float32', undefined]], 'image-classification'],
  ] as [Value[], string][])('of outputs %j does %s', (outputs, task) => {
    expect(guessSettings({ model: signature([['x', 'float32', ['n', 3, 64, 64]]], outputs) }).task).toBe(task);
  });

  it('picks the classes among several outputs', () => {
    const model = signature(
      [['x', 'float32', ['n', 3, 64, 64]]],
      [
        ['features', 'float32', ['n', 64, 8, 8]],
        ['label', 'int64', ['n']],
        ['logits', 'float32', ['n', 10]],
      ],
    );
    expect(guessSettings({ model }).output.name).toBe('logits');
  });

  it('picks the picture among several inputs', () => {
    const model = signature(
      [
        ['size', 'int64', ['n', 2]],
        ['threshold', 'float32', []],
        ['pixel_values', 'float32', ['n', 3, 64, 64]],
      ],
      [['logits', 'float32', ['n', 10]]],
    );
    expect(guessSettings({ model }).inputName).toBe('pixel_values');
  });
});

describe('a model without a picture', () => {
  const table = signature([['features', 'float32', ['n', 13]]], [['logits', 'float32', ['n', 3]]]);

  it('is a table or a text', () => {
    const text = signature([['tokens', 'int64', ['n', 'length']]], [['logits', 'float32', ['n', 5]]]);
    const language = signature([['input_ids', 'int64', ['n', 'l']]], [['logits', 'float32', ['n', 'l', 32000]]]);
    const tasks = [table, text, language].map((model) => guessSettings({ model }));
    expect(tasks.map(({ task }) => task)).toEqual(['tabular', 'text-classification', 'text-generation']);
    expect(tasks.map(({ inputName }) => inputName)).toEqual(['features', 'tokens', 'input_ids']);
    expect(tasks.map(({ input }) => input)).toEqual([undefined, undefined, undefined]);
  });

  it('is no text because lengths go with its rows', () => {
    const model = signature(
      [
        ['lengths', 'int64', ['n']],
        ['x', 'float32', ['n', 'steps', 8]],
      ],
      [['scores', 'float32', ['n', 3]]],
    );
    const beside = signature(
      [
        ['lens', 'int64', ['n']],
        ['tokens', 'int64', ['n', 'steps']],
        ['weights', 'float32', ['n', 'steps']],
      ],
      [['scores', 'float32', ['n', 3]]],
    );
    expect(guessSettings({ model }).task).toBe('tabular');
    expect(guessSettings({ model: beside })).toMatchObject({ task: 'text-classification', inputName: 'tokens' });
  });

  it('says which inputs it has when a picture is given', () => {
    const settings = guessSettings({ model: table });
    expect(codeOf(() => requireImageInput(settings, table))).toBe('NO_IMAGE_INPUT');
    expect(() => requireImageInput(settings, table)).toThrow(
      /takes no picture: its input is features \(float32 n×13\)/,
    );
  });

  it('takes one all the same when the prism.json names the input', () => {
    const model = signature([['z', 'float32', ['n', 4, 32, 32]]], [['y', 'float32', ['n', 3]]]);
    expect(codeOf(() => requireImageInput(guessSettings({ model }), model))).toBe('NO_IMAGE_INPUT');
    const config = { task: 'image-classification', input: { name: 'z', layout: 'NCHW', size: 32 } } as const;
    expect(requireImageInput(guessSettings({ model, config }), model)).toMatchObject({ name: 'z', size: [32, 32] });
  });
});

describe('what says more than the model', () => {
  const model = classifier(['n', 3, 'h', 'w'], 2);

  it('a prism.json is stronger than everything', () => {
    const { input, labels, origins } = guessSettings({
      model: classifier(['n', 3, 224, 224], 2),
      config: { input: { interpolation: 'bicubic', mean: 0.5 }, labels: ['no', 'yes'] },
      preprocessorConfig: { size: 300, resample: 0, image_mean: [1, 1, 1], image_std: [2, 2, 2] },
      modelConfig: { id2label: { 0: 'a', 1: 'b' } },
    });
    expect(input).toMatchObject({ interpolation: 'bicubic', mean: [0.5], size: [224, 224] });
    // Standard deviation belongs to the mean: the other file's is not mixed in.
    expect(input?.std).toEqual([1]);
    expect(labels).toEqual(['no', 'yes']);
    expect(origins['input.mean']?.source).toBe('prism.json');
    expect(origins['input.std']?.source).toBe('default');
  });

  it('ViT’s preprocessor_config.json', () => {
    const { input, origins } = guessSettings({
      model,
      preprocessorConfig: {
        do_normalize: true,
        do_rescale: true,
        do_resize: true,
        image_mean: [0.5, 0.5, 0.5],
        image_processor_type: 'ViTImageProcessor',
        image_std: [0.5, 0.5, 0.5],
        resample: 2,
        rescale_factor: 0.00392156862745098,
        size: { height: 384, width: 384 },
      },
    });
    expect(input).toMatchObject({
      size: [384, 384],
      resize: 'stretch',
      interpolation: 'bilinear',
      scale: 1 / 255,
      mean: [0.5, 0.5, 0.5],
    });
    expect(origins['input.size']?.source).toBe('preprocessor_config.json');
  });

  it('CLIP’s: shorter side, then the centre', () => {
    const { input } = guessSettings({
      model,
      preprocessorConfig: {
        crop_size: { height: 224, width: 224 },
        do_center_crop: true,
        do_resize: true,
        resample: 3,
        size: { shortest_edge: 256 },
        image_mean: [0.48145466, 0.4578275, 0.40821073],
        image_std: [0.26862954, 0.26130258, 0.27577711],
      },
    });
    expect(input).toMatchObject({
      size: [224, 224],
      resize: 'shorter-side',
      shorterSide: 256,
      interpolation: 'bicubic',
    });
    expect(input?.mean[0]).toBe(0.48145466);
  });

  it('ConvNeXt’s: the crop fraction gives the shorter side', () => {
    const config = (shortest_edge: number) => ({
      crop_pct: 0.875,
      size: { shortest_edge },
      image_mean: [0.5],
      image_std: [0.5],
    });
    const small = guessSettings({ model, preprocessorConfig: config(224) }).input;
    expect(small).toMatchObject({ size: [224, 224], resize: 'shorter-side', shorterSide: 256 });
    const large = guessSettings({ model, preprocessorConfig: config(384) }).input;
    expect(large).toMatchObject({ size: [384, 384], resize: 'stretch' });
  });

  it('one that does not rescale', () => {
    const { input } = guessSettings({
      model,
      preprocessorConfig: { do_rescale: false, do_normalize: false, size: 64 },
    });
    expect(input).toMatchObject({ size: [64, 64], scale: 1, mean: [0], std: [1] });
  });

  it('timm’s config.json', () => {
    const { input } = guessSettings({
      model,
      modelConfig: {
        architecture: 'resnet50',
        pretrained_cfg: {
          input_size: [3, 224, 224],
          interpolation: 'bicubic',
          crop_pct: 0.95,
          mean: [0.485, 0.456, 0.406],
          std: [0.229, 0.224, 0.225],
        },
      },
    });
    expect(input).toMatchObject({
      size: [224, 224],
      resize: 'shorter-side',
      shorterSide: 235,
      interpolation: 'bicubic',
    });
  });

  it('names of a config.json, unless they are placeholders', () => {
    const named = guessSettings({ model, modelConfig: { id2label: { 0: 'cat', 1: 'dog' } } });
    expect(named.labels).toEqual(['cat', 'dog']);
    expect(named.origins.labels?.source).toBe('config.json');
    expect(guessSettings({ model, modelConfig: { id2label: { 0: 'LABEL_0', 1: 'LABEL_1' } } }).labels).toBeUndefined();
  });

  it('Ultralytics’ metadata', () => {
    const yolo = signature([['images', 'float32', [1, 3, 'h', 'w']]], [['output0', 'float32', [1, 84, 8400]]], {
      author: 'Ultralytics',
      task: 'detect',
      imgsz: '[640, 480]',
      names: "{0: 'person', 1: 'bicycle'}",
    });
    const { input, labels, task } = guessSettings({ model: yolo });
    expect(task).toBe('detection');
    expect(labels).toEqual(['person', 'bicycle']);
    expect(input).toMatchObject({ size: [640, 480], resize: 'letterbox', pad: [114], scale: 1 / 255, mean: [0] });
  });

  it('Windows ML’s metadata', () => {
    const { input } = guessSettings({
      model: {
        ...classifier(['n', 3, 224, 224]),
        metadata: { 'Image.BitmapPixelFormat': 'Bgr8', 'Image.NominalPixelRange': 'NominalRange_0_255' },
      },
    });
    expect(input).toMatchObject({ channels: 'BGR', scale: 1, mean: [0], std: [1] });
  });

  it('nonsense in the files beside the model is passed over', () => {
    for (const junk of [null, 3, 'text', [], { size: 'big', resample: 99, image_mean: 'x' }, { size: { a: 1 } }]) {
      expect(guessSettings({ model, preprocessorConfig: junk, modelConfig: junk }).input?.size).toEqual([224, 224]);
    }
  });
});

describe('logits or probabilities by their values', () => {
  it.each([
    [[0.2, 0.3, 0.5], 3, 'probabilities'],
    [[0.2, 0.3, 0.5, 1, 0, 0], 3, 'probabilities'],
    [[0.2, 0.3, 0.5, 1, 0.5, 0], 3, 'logits'],
    [[2, -1, 0], 3, 'logits'],
    [[0.9, 0.9], 2, 'logits'],
    [[Number.NaN, 1], 2, 'logits'],
    [[1], 1, 'logits'],
    [[], 3, 'logits'],
  ])('%j of %d classes: %s', (scores, classes, kind) => {
    expect(kindOfValues(scores, classes)).toBe(kind);
  });
});
