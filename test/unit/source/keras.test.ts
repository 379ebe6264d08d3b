import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { importModel } from '../../../src/graph/import';
import type { Graph } from '../../../src/graph/ir';
import { readFile } from '../../../src/source/file';
import { defaultName } from '../../../src/source/keras/names';
import { ParsedFiles } from '../../../src/source/parsed';
import { Project } from '../../../src/source/project';
import { loadPython, type ParsePython } from '../../../src/source/python';
import { readProject } from '../../../src/source/read';
import { tieToSource } from '../../../src/source/tie';
import { count, type Truth } from '../../support/ties';

const folder = join(__dirname, '../../cases/source/keras');
let parse: ParsePython;
let parsed: ParsedFiles;
beforeAll(async () => {
  parse = await loadPython();
  parsed = new ParsedFiles(parse);
});

/** Both forms of names: `conv2d_1`, and with the number of a call, as in `conv2d_1_2`. */
const functional: Truth = [
  [/stem(_1)?\//, /name="stem"/],
  [/max_pooling2d/, /MaxPooling2D/],
  // The fifth in the order of making is the shortcut.
  [/conv2d_4(_1)?\//, /shortcut = layers.Conv2D/],
  [/conv2d\/|conv2d_[25]\/|\/conv2d_1\/conv|conv2d_[25]_1\//, /y = layers.Conv2D\(filters, 3, strides=stride/],
  [/conv2d_[136]\/|conv2d_(1_2|3_1|6_1)\//, /y = layers.Conv2D\(filters, 3, padding/],
  // Folded: what keeps the name of the normalisation is the convolution.
  [/batch_normalization_(1|2_1|4_1)\/batchnorm\/mul_1$/, /y = layers.Conv2D\(filters, 3, strides=stride/],
  [/batch_normalization_(1_2|3_1|5_1)\/batchnorm\/mul_1$/, /y = layers.Conv2D\(filters, 3, padding/],
  [/re_lu/, /layers.ReLU/],
  [/\/add/, /layers.Add\(\)/],
  [/activation/, /layers.Activation/],
  [/global_average/, /GlobalAveragePooling2D/],
  [/\/dense/, /layers.Dense\(10/],
  [/predictions/, /name="predictions"/],
];

const named: Truth = [
  [/conv1_relu/, /name="conv1_relu"/],
  [/conv1/, /name="conv1"/],
  [/_depthwise/, /DepthwiseConv2D\(/],
  [/_bn(_1)?\//, /BatchNormalization\(/],
  [/_relu/, /ReLU\(name=f/],
  [/_project/, /x = Conv2D\(filters/],
  [/\/pool/, /name="pool"/],
  [/logits/, /name="logits"/],
];

const sequential: Truth = [
  [/rescaling/, /Rescaling/],
  [/conv2d\/|\/conv2d_1\/(convolution|Relu)$/, /Conv2D\(6/],
  [/conv2d_1(_2)?\//, /Conv2D\(9/],
  [/max_pooling2d/, /MaxPooling2D/],
  [/leaky_re_lu/, /LeakyReLU/],
  [/flatten/, /Flatten/],
  [/dense\/|dense_1\/Tanh$|sequential_1_1\/dense_1\/MatMul$/, /Dense\(16/],
  [/dense_1(_2)?\//, /Dense\(3\)/],
];

const subclassed: Truth = [
  [/stem/, /name="stem"/],
  [/conv2d(_\d)?\//, /self.conv = /],
  [/batch_normalization.*mul_1$/, /self.conv = /],
  [/batch_normalization/, /self.norm = /],
  [/re_lu/, /self.act = /],
  [/global_average/, /self.pool = /],
  [/dense/, /self.fc = /],
];

const LAYOUT = /^(Transpose|Cast|Shape|Slice|Concat|Gather|Squeeze|Unsqueeze)$/;

/** The graph without what only rearranges. */
const computing = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.filter(({ op }) => !LAYOUT.test(op)) });

describe.each(['keras2', 'keras3'])('models as %s exports them', (form) => {
  test.each([
    ['functional', functional],
    ['named', named],
    ['sequential', sequential],
    ['subclassed', subclassed],
  ] as const)('%s', (name, truth) => {
    const graph = importModel(join(folder, `${name}.${form}.onnx`));
    // All of the models at once: which of them it is, the layers tell.
    const ties = tieToSource(graph, readProject(folder, parsed), folder);
    const files = new Set([...ties.values()].map(({ file }) => file));
    expect([...files]).toEqual([join(folder, `${name}.py`)]);
    const { all, exact, wrong } = count(computing(graph), ties, truth);
    expect(wrong).toEqual([]);
    expect(all).toBeGreaterThan(8);
    expect(exact / all).toBeGreaterThanOrEqual(0.95);
  });
});

test('layers are called after their class', () => {
  // As in Keras' own to_snake_case.
  const names = ['Conv2D', 'ReLU', 'GlobalAveragePooling2D', 'BatchNormalization', 'PReLU', 'Dense', 'LSTM'];
  expect(names.map(defaultName)).toEqual([
    'conv2d',
    're_lu',
    'global_average_pooling2d',
    'batch_normalization',
    'p_re_lu',
    'dense',
    'lstm',
  ]);
});

describe('what is not certain is not tied', () => {
  const head = 'from tensorflow import keras\nfrom tensorflow.keras import layers\n\n';
  const names = (form: string, code: string): string[] => {
    const graph = computing(importModel(join(folder, `sequential.${form}.onnx`)));
    const text = head + code;
    const ties = tieToSource(graph, new Project([readFile('/code/a.py', text, parse(text))]), '/code/m.onnx');
    return graph.nodes.map(({ outputs, name }) => {
      const tie = ties.get(outputs[0]);
      const line = tie ? text.split('\n')[tie.line - 1].trim() : '?';
      return `${name.split('/').at(-2)} ${tie?.certainty === 'exact' ? line : '?'}`;
    });
  };
  const model = (...lines: string[]): string =>
    ['def build(x, flag):', ...lines.map((line) => `    x = ${line}(x)`), '    return x', ''].join('\n');
  const lines = [
    'keras.Sequential([layers.Rescaling(1)])',
    'layers.Conv2D(6, 3)',
    'layers.MaxPooling2D()',
    'layers.Conv2D(9, 3)',
    'layers.LeakyReLU()',
    'layers.Flatten()',
    'layers.Dense(16)',
    'layers.Dense(3)',
  ];

  test('a layer more than the model has', () => {
    const found = names('keras2', model(...lines.slice(0, 2), 'layers.Conv2D(7, 3)', ...lines.slice(2)));
    expect(found.filter((one) => one.startsWith('conv2d'))).toEqual(['conv2d ?', 'conv2d ?', 'conv2d_1 ?']);
    expect(found).toContain('leaky_re_lu x = layers.LeakyReLU()(x)');
  });

  test('layers that have changed places', () => {
    const found = names('keras2', model(lines[0], lines[3], lines[2], lines[1], ...lines.slice(4)));
    expect(found.filter((one) => one.startsWith('conv2d'))).toEqual(['conv2d ?', 'conv2d ?', 'conv2d_1 ?']);
  });

  test('either of two branches', () => {
    const either = 'layers.LeakyReLU(0.1) if flag else layers.LeakyReLU(0.2)';
    const code = model(...lines).replace(
      '    x = layers.LeakyReLU()(x)\n',
      `    act = (\n        ${either.replace(' else', '\n        else')}\n    )\n    x = act(x)\n`,
    );
    const found = names('keras2', code);
    expect(found).toContain('leaky_re_lu ?');
    expect(found).toContain('dense_1 x = layers.Dense(3)(x)');
  });

  test('another model', () => {
    const found = names('keras3', model('layers.Conv2D(6, 3)', 'layers.Dense(3)'));
    expect(found.filter((one) => !one.endsWith(' ?'))).toEqual([]);
  });
});
