import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dim } from '../../../src/graph/ir';
import { checkSettings, classCount } from '../../../src/inputs/check';
import { type PrismConfig, parseConfig } from '../../../src/inputs/config';
import { configNames, discover } from '../../../src/inputs/discover';
import { guessSettings } from '../../../src/inputs/guess';
import { describeModel } from '../../../src/inputs/load';
import type { ModelSignature } from '../../../src/inputs/settings';
import { errorOf } from './support';

const model = (input: Dim[] = ['n', 3, 64, 64], output: Dim[] = ['n', 3]): ModelSignature => ({
  inputs: [{ name: 'image', dtype: 'float32', shape: input }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: output }],
  metadata: {},
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prism-model-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text = ''): string => {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

describe('companions of a model', () => {
  it('are looked for beside it', async () => {
    const modelPath = put('net.onnx');
    const expected = {
      config: put('net.prism.json'),
      labels: put('net.labels.txt'),
      preprocessorConfig: put('preprocessor_config.json'),
      modelConfig: put('config.json'),
      samples: [put('samples/a.jpg'), put('samples/b.PNG'), put('photograph.webp')],
    };
    put('labels.txt');
    put('other.prism.json');
    put('samples/b.mask.png');
    put('samples/index.json');
    expect(await discover(modelPath)).toEqual(expected);
  });

  it('may be called after the whole file name', async () => {
    const config = put('net.onnx.prism.json');
    expect((await discover(path.join(folder, 'net.onnx'))).config).toBe(config);
    expect(configNames('/a/net.onnx')).toEqual(['net.prism.json', 'net.onnx.prism.json']);
    expect(configNames('/a/model.json')).toEqual(['model.prism.json', 'model.json.prism.json']);
  });

  it('of a checkpoint lie above it', async () => {
    const labels = put('labels.txt');
    const config = put('model.prism.json');
    expect(await discover(put('checkpoints/epoch-01.onnx'))).toMatchObject({ labels, config });
    put('second.prism.json');
    expect((await discover(put('checkpoints/epoch-01.onnx'))).config).toBeUndefined();
    expect((await discover(put('elsewhere/epoch-01.onnx'))).labels).toBeUndefined();
  });

  it('of a model that is not there are none', async () => {
    expect(await discover('/no/such/folder/net.onnx')).toEqual({
      config: undefined,
      labels: undefined,
      preprocessorConfig: undefined,
      modelConfig: undefined,
      samples: [],
    });
  });
});

describe('describing a model', () => {
  it('from its files', async () => {
    const modelPath = put('net.onnx');
    put('labels.txt', 'a\nb\nc\n');
    put('net.prism.json', '{"input": {"mean": 0.5}}');
    const { settings, labels, labelsFile, warnings } = await describeModel(modelPath, model());
    expect(settings.input).toMatchObject({ name: 'image', mean: [0.5], size: [64, 64] });
    expect(labels).toEqual(['a', 'b', 'c']);
    expect(labelsFile).toBe(path.join(folder, 'labels.txt'));
    expect(settings.origins.labels?.source).toBe('labels file');
    expect(warnings).toEqual([]);
  });

  it.each(['imagenet-lite0', 'fashion-resnet', 'planted/hans', 'vit', 'segmentation-unet', 'tabular/wine'])(
    'by the sample configuration of %s',
    async (name) => {
      const shapes: Record<string, [Dim[], Dim[]]> = {
        'imagenet-lite0': [
          ['n', 3, 224, 224],
          ['n', 1000],
        ],
        'fashion-resnet': [
          ['n', 1, 28, 28],
          ['n', 10],
        ],
        'segmentation-unet': [
          ['n', 3, 64, 64],
          ['n', 9, 64, 64],
        ],
        'tabular/wine': [
          ['n', 13],
          ['n', 3],
        ],
      };
      const [input, output] = shapes[name] ?? [
        ['n', 3, 64, 64],
        ['n', 8],
      ];
      const signature = model(input, output);
      const named = name === 'tabular/wine' ? [{ ...signature.inputs[0], name: 'features' }] : signature.inputs;
      cpSync(path.resolve(__dirname, '../../cases/configs', name), folder, { recursive: true });
      const count = output[1] as number;
      put('labels.txt', Array.from({ length: count }, (_, i) => `class ${i}`).join('\n'));
      put('features.json', JSON.stringify({ features: Array.from({ length: 13 }, (_, i) => `feature ${i}`) }));
      const { labels, warnings } = await describeModel(path.join(folder, 'model.onnx'), {
        ...signature,
        inputs: named,
      });
      expect(warnings).toEqual([]);
      expect(labels).toHaveLength(count);
      expect(labels?.at(-1)).toBe(`class ${count - 1}`);
    },
  );

  it('fewer labels than outputs: a warning, and the index for the rest', async () => {
    const config = put('net.prism.json', '{\n  "labels": ["a", "b"]\n}');
    const { labels, warnings } = await describeModel(put('net.onnx'), model());
    expect(labels).toEqual(['a', 'b', '2']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ code: 'LABELS_COUNT', file: config, line: 2, column: 13 });
    expect(warnings[0].message).toBe('there are 2 labels for 3 classes; classes from 2 on are called by their index');
  });

  it('a labels file with too few names is the one to blame', async () => {
    const labels = put('labels.txt', 'a\nb');
    const { warnings } = await describeModel(put('net.onnx'), model());
    expect(warnings[0]).toMatchObject({ code: 'LABELS_COUNT', file: labels });
  });

  it.each([
    ['malformed', '{"input": {"layout": "NCWH"}}', 'CONFIG_INVALID', /net\.prism\.json:1:22: /],
    ['not JSON', '{"input": ', 'CONFIG_INVALID', /net\.prism\.json:1:\d+: not JSON/],
    [
      'of another size',
      '{"input": {"size": 32}}',
      'CONFIG_MISMATCH',
      /:1:20: size is 32 × 32, but the model takes 64 × 64/,
    ],
    ['of another input', '{"input": {"name": "img"}}', 'CONFIG_MISMATCH', /no input 'img'; it has image/],
    ['with labels that are not there', '{"labels": "names.txt"}', 'LABELS_NOT_FOUND', /names\.txt does not exist/],
  ])('a prism.json that is %s is an error', async (_, text, code, message) => {
    put('net.prism.json', text);
    const error = await errorOf(describeModel(put('net.onnx'), model()));
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
  });

  it('a prism.json elsewhere may be named; it must be there', async () => {
    put('net.prism.json', '{"input": {"mean": 1}}');
    const other = put('configs/other.prism.json', '{"input": {"mean": 2}, "labels": "names.txt"}');
    put('configs/names.txt', 'x\ny\nz');
    const modelPath = put('net.onnx');
    const { settings, labels } = await describeModel(modelPath, model(), other);
    expect(settings.input?.mean).toEqual([2]);
    expect(labels).toEqual(['x', 'y', 'z']);
    expect((await errorOf(describeModel(modelPath, model(), path.join(folder, 'no.json'))))?.code).toBe(
      'CONFIG_NOT_FOUND',
    );
  });

  it('broken files beside the model are warnings', async () => {
    const labels = put('labels.json', '{');
    const preprocessor = put('preprocessor_config.json', 'oops');
    const { warnings, labels: names } = await describeModel(put('net.onnx'), model());
    expect(warnings.map(({ code, file }) => [code, file])).toEqual([
      ['LABELS_INVALID', labels],
      ['SIDE_FILE_INVALID', preprocessor],
    ]);
    expect(names).toEqual(['0', '1', '2']);
  });

  it('unknown fields are passed on as warnings', async () => {
    put('net.prism.json', '{"colour": 3}');
    const { warnings } = await describeModel(put('net.onnx'), model());
    expect(warnings[0].code).toBe('CONFIG_UNKNOWN_FIELD');
  });
});

describe('settings against the model', () => {
  const check = (config: PrismConfig, signature = model()) => {
    const text = JSON.stringify(config, null, 2);
    const parsed = parseConfig(text);
    const settings = guessSettings({ model: signature, config: parsed.config });
    return checkSettings(settings, signature, parsed).map(({ code, line, message }) => ({ code, line, message }));
  };

  it('agree when all is well', () => {
    expect(check({ input: { name: 'image', size: 64, mean: [1, 2, 3], std: 2 }, labels: ['a', 'b', 'c'] })).toEqual([]);
    expect(check({ input: { size: [48, 80] } }, model(['n', 3, 'h', 'w']))).toEqual([]);
  });

  it.each<[PrismConfig, ModelSignature, number, RegExp]>([
    [{ output: { name: 'scores' } }, model(), 3, /no output 'scores'; it has logits/],
    [{ input: { layout: 'CHW' } }, model(), 3, /layout CHW has 3 axes, but the input has 4/],
    [{ input: { channels: 'grey' } }, model(), 3, /channels grey are 1, but the model's input has 3/],
    [{ input: { channels: 'RGB' } }, model(['n', 1, 28, 28]), 3, /channels RGB are 3, but the model's input has 1/],
    [{ input: { mean: [1, 2] } }, model(), 3, /mean has 2 numbers for 3 channels/],
    [{ input: { std: [1, 2, 3] } }, model(['n', 1, 28, 28]), 3, /std has 3 numbers for 1 channels/],
    [{ input: { size: [64, 32] } }, model(), 3, /size is 64 × 32, but the model takes 64 × 64/],
    [{ labels: ['a', 'b', 'c', 'd'] }, model(), 2, /4 labels for 3 classes; the rest is unused/],
  ])('%j', (config, signature, line, message) => {
    const found = check(config, signature);
    expect(found).toHaveLength(1);
    expect(found[0].line).toBe(line);
    expect(found[0].message).toMatch(message);
  });

  it.each([
    [['n', 10], 'NCHW', undefined, 10],
    [[10], 'NCHW', undefined, 10],
    [['n', 'c'], 'NCHW', undefined, undefined],
    [['n', 21, 64, 64], 'NCHW', 'segmentation', 21],
    [['n', 64, 64, 21], 'NHWC', 'segmentation', 21],
    [['n', 10, 1, 1], 'NCHW', undefined, 10],
    [['n', 84, 8400], 'NCHW', 'detection', undefined],
  ] as [Dim[], 'NCHW' | 'NHWC', PrismConfig['task'], number | undefined][])(
    'an output of %j with input %s has %s classes',
    (shape, layout, task, count) => {
      const signature = model(layout === 'NHWC' ? ['n', 64, 64, 3] : ['n', 3, 64, 64], shape);
      expect(classCount(guessSettings({ model: signature, config: { task } }), signature)).toBe(count);
    },
  );
});
