import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EvaluationQuestion } from '../../src/engine/evaluation/evaluation';
import type { OptionValues } from '../../src/protocol';

const CASES = 'test/cases/models';
const SAMPLE = 'media/sample';

/** What a section of the page is about. */
export type Field = 'tabular' | 'image' | 'text';

/** A model of the benchmark, and what it is judged on. */
export interface Subject {
  readonly field: Field;
  readonly name: string;
  readonly about: string;
  /** The model's file; the others lie beside it as it wants them. */
  readonly files: Readonly<Record<string, string>>;
  readonly on: Pick<EvaluationQuestion, 'images' | 'texts' | 'rows' | 'labels'>;
  /** Inputs, from the first on. */
  readonly items: number;
  readonly metrics: readonly string[];
  readonly options: OptionValues;
  readonly methodOptions: OptionValues;
}

/** A row of the page: a method with options that are not the usual ones. */
export interface Variant {
  readonly name: string;
  readonly method: string;
  /** Without the method's name in front. */
  readonly options?: OptionValues;
}

/** The first one is what the others are held against. */
export const VARIANTS: readonly Variant[] = [
  { name: 'DLBacktrace, default', method: 'backtrace' },
  { name: 'DLBacktrace, contrast: for', method: 'backtrace', options: { mode: 'contrast' } },
  {
    name: 'DLBacktrace, contrast: for − against',
    method: 'backtrace',
    options: { mode: 'contrast', stream: 'both' },
  },
  { name: 'KernelSHAP', method: 'kernel-shap' },
  { name: 'GradientSHAP', method: 'gradient-shap' },
  { name: 'LIME', method: 'lime' },
  { name: 'Grad-CAM', method: 'grad-cam' },
  { name: 'Integrated Gradients', method: 'integrated-gradients' },
  { name: 'SmoothGrad', method: 'smoothgrad' },
  { name: 'SmoothGrad²', method: 'smoothgrad-sq' },
  { name: 'Attention Rollout', method: 'attention-rollout' },
  { name: 'AttnLRP', method: 'attn-lrp' },
  { name: 'LRP', method: 'lrp' },
  { name: 'Occlusion', method: 'occlusion' },
  { name: 'random map', method: 'random' },
];

const FAITHFUL = ['morf', 'lerf', 'faithfulness-correlation'];
const SHAPE = ['gini', 'complexity'];
const AGAIN = ['max-sensitivity', 'mprt'];
const STEADY = { 'max-sensitivity.samples': 2, 'mprt.steps': 3 };
/** Fewer draws than usual, where they would take most of the time. */
const DRAWS = {
  'lime.samples': 250,
  'kernel-shap.samples': 250,
  'smoothgrad.samples': 25,
  'smoothgrad-sq.samples': 25,
};

const planted = (name: string, about: string, model: string): Subject => ({
  field: 'image',
  name,
  about: `${about}; drawn glyphs on photographs, 64 × 64, of which it is known where the evidence is`,
  files: {
    'model.onnx': join(CASES, model),
    'model.prism.json': join(CASES, 'planted/vgg.prism.json'),
    'labels.txt': join(CASES, 'planted/labels.txt'),
  },
  on: { images: join(CASES, 'planted/pictures'), labels: join(CASES, 'planted/pictures/index.json') },
  items: 8,
  metrics: [...FAITHFUL, 'attribution-localisation', ...SHAPE, ...AGAIN],
  options: { ...STEADY, step: 128, 'max-sensitivity.radius': 0.1 },
  methodOptions: { ...DRAWS, 'gradient-shap.samples': 25 },
});

const table = (name: string, about: string, file: string): Subject => ({
  field: 'tabular',
  name,
  about,
  files: {
    'model.onnx': join(CASES, `tabular/${file}.onnx`),
    'model.prism.json': join(CASES, `tabular/${file}.prism.json`),
    [`${file}.labels.txt`]: join(CASES, `tabular/${file}.labels.txt`),
  },
  on: { rows: join(CASES, `tabular/${file}.csv`) },
  items: 20,
  metrics: [...FAITHFUL, ...SHAPE, ...AGAIN],
  options: { 'max-sensitivity.samples': 10, 'max-sensitivity.radius': 0.1 },
  methodOptions: {},
});

export const SUBJECTS: readonly Subject[] = [
  table('Wine', 'three classes, 13 standardised columns, a network of three linear layers', 'wine'),
  table('Breast cancer', 'two classes, 30 standardised columns, a network of three linear layers', 'breast_cancer'),
  planted('VGG-like', 'five convolutions, max-pooling, global average', 'planted/vgg.onnx'),
  planted('ResNet', 'bottleneck blocks, global average', 'planted/resnet.onnx'),
  planted('ViT', 'patches of 8 × 8, four layers, class token', 'vit/model.onnx'),
  {
    field: 'image',
    name: 'EfficientNet-Lite0',
    about: 'ImageNet, 224 × 224; photographs, most of which show no class of ImageNet',
    files: {
      'model.onnx': join(SAMPLE, 'imagenet/efficientnet-lite0.onnx'),
      'model.prism.json': join(SAMPLE, 'imagenet/efficientnet-lite0.prism.json'),
      'labels.txt': join(SAMPLE, 'imagenet/labels.txt'),
    },
    on: { images: join(SAMPLE, 'imagenet/photographs') },
    items: 3,
    // What explains again takes hours here where a method draws thousands of pictures.
    metrics: [...FAITHFUL, ...SHAPE],
    options: { step: 1568, subsets: 50 },
    methodOptions: { ...DRAWS, 'gradient-shap.samples': 25, 'integrated-gradients.steps': 25 },
  },
  {
    field: 'text',
    name: 'Reviews',
    about:
      'a transformer of two layers that tells praise from complaint in reviews of 10 to 34 tokens; some end on a signature that it took for a sign of complaint',
    files: Object.fromEntries(
      ['reviews.onnx', 'reviews.prism.json', 'vocabulary.txt', 'labels.txt'].map((file) => [
        file.replace('reviews.', 'model.'),
        join(SAMPLE, 'reviews', file),
      ]),
    ),
    on: { texts: join(CASES, 'reviews/reviews.csv') },
    items: 16,
    metrics: ['token-deletion', ...FAITHFUL, ...SHAPE, ...AGAIN],
    options: { ...STEADY, 'max-sensitivity.radius': 0.02 },
    methodOptions: DRAWS,
  },
];

/** Lays a model out in a folder; returns its path. */
export function laidOut({ files }: Subject, folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, from] of Object.entries(files)) copyFileSync(from, join(folder, name));
  return join(folder, 'model.onnx');
}
