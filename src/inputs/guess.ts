import { PrismError } from '../graph/errors';
import type { DataType, Dim, ValueInfo } from '../graph/ir';
import type { Layout, OutputKind, PrismConfig, Task, TokenizerConfig } from './config';
import type { Feature } from './features';
import { modelConfigLayer, preprocessorLayer } from './huggingface';
import { labelsFromMetadata } from './labels';
import {
  type Complete,
  configLayer,
  type ImageInput,
  type Known,
  type Layer,
  layer,
  type ModelSignature,
  merge,
  type Settings,
} from './settings';

/** Everything that may say how a model is fed, already read and parsed; `labels` are those of a labels file. */
export interface Evidence {
  readonly model: ModelSignature;
  readonly config?: PrismConfig | undefined;
  readonly preprocessorConfig?: unknown;
  readonly modelConfig?: unknown;
  readonly labels?: readonly string[] | undefined;
  /** That of a file beside the model. */
  readonly tokenizer?: TokenizerConfig | undefined;
  /** Those of a file. */
  readonly features?: readonly Feature[] | undefined;
}

/**
 * How a model is fed and read: what the prism.json says, then what the model's inputs and outputs show, the files of
 * the Transformers library, the metadata, conventions (ImageNet's mean and standard deviation for a picture of about
 * 224 pixels), defaults. Every field carries its origin. Never fails: a model without an image-like input has no
 * `input`; see {@link requireImageInput}.
 */
export function guessSettings(evidence: Evidence): Settings {
  const { model, config, labels, tokenizer, features } = evidence;
  const { known, origins } = merge([
    () => (config ? configLayer(config) : {}),
    () => layer({ source: 'labels file', why: 'beside the model' }, { labels }),
    () => layer({ source: 'tokenizer file', why: 'beside the model' }, { tokenizer }),
    () => layer({ source: 'features file', why: 'beside the model' }, { features }),
    (found) => signatureLayer(model, found),
    () => preprocessorLayer(evidence.preprocessorConfig),
    () => modelConfigLayer(evidence.modelConfig),
    () => metadataLayer(model),
    (found) => conventionLayer(model, found),
  ]);
  const name = known['input.name'];
  const input = name !== undefined && PICTURE_TASKS.has(known.task) ? imageInput(known, name) : undefined;
  return {
    task: known.task,
    inputName: name,
    input,
    labels: known.labels,
    tokenizer: TEXT_TASKS.has(known.task) ? known.tokenizer : undefined,
    features: known.task === 'tabular' ? known.features : undefined,
    output: { name: known['output.name'] ?? '', kind: known['output.kind'] },
    sourceRoot: known['source.root'],
    origins: input ? origins : withoutInput(origins),
  };
}

const imageInput = (known: Complete, name: string): ImageInput => ({
  name,
  layout: known['input.layout'],
  channels: known['input.channels'],
  size: known['input.size'],
  crop: known['input.crop'],
  resize: known['input.resize'],
  shorterSide: known['input.shorterSide'],
  interpolation: known['input.interpolation'],
  antialias: known['input.antialias'],
  pad: known['input.pad'],
  scale: known['input.scale'],
  mean: known['input.mean'],
  std: known['input.std'],
});

const PICTURE_TASKS: ReadonlySet<Task> = new Set(['image-classification', 'segmentation', 'detection']);
const TEXT_TASKS: ReadonlySet<Task> = new Set(['text-classification', 'token-classification', 'text-generation']);

const withoutInput = (origins: Settings['origins']): Settings['origins'] =>
  Object.fromEntries(Object.entries(origins).filter(([path]) => !path.startsWith('input.') || path === 'input.name'));

/**
 * The picture input of the settings.
 *
 * @throws PrismError `NO_IMAGE_INPUT` naming the inputs there are
 */
export function requireImageInput(settings: Settings, model: ModelSignature): ImageInput {
  if (settings.input) return settings.input;
  const inputs = model.inputs.map((value) => `${value.name} (${value.dtype} ${formatShape(value.shape)})`).join(', ');
  throw new PrismError(
    'NO_IMAGE_INPUT',
    `the model takes no picture: its ${model.inputs.length === 1 ? 'input is' : 'inputs are'} ${inputs || 'none'}; ` +
      'give a tensor for each input instead, or name the picture input in a prism.json ("input": {"name": …})',
  );
}

/** A shape for people: `1×3×?×?`. */
export const formatShape = (shape: readonly Dim[] | undefined): string =>
  shape ? shape.map((dim) => dim ?? '?').join('×') || 'scalar' : 'of unknown shape';

const PICTURE_TYPES: ReadonlySet<DataType> = new Set(['float32', 'float16', 'float64', 'bfloat16', 'uint8', 'int8']);
const PICTURE_NAME = /image|img|pixel|picture|photo|input|data|^x(\.\d+)?$/i;
const NO_PICTURE_NAME = /mask|hidden|state|embed|token|noise|latent|time|prior|past|cache/i;
const SMALLEST_SIDE = 8;

const isSide = (dim: Dim): boolean => typeof dim !== 'number' || dim >= SMALLEST_SIDE;
const isColour = (dim: Dim | undefined): boolean => dim === 1 || dim === 3;

/** The layout an input has if it is a picture; undefined when it cannot be one. */
export function pictureLayout(value: ValueInfo): Layout | undefined {
  const { name, dtype, shape } = value;
  if (!PICTURE_TYPES.has(dtype) || NO_PICTURE_NAME.test(name)) return undefined;
  if (!shape) return PICTURE_NAME.test(name) ? 'NCHW' : undefined;
  const [a, b, c, d] = shape as [Dim, Dim, Dim, Dim];
  if (shape.length === 4) {
    if (isColour(b) && isSide(c) && isSide(d)) return 'NCHW';
    if (isColour(d) && isSide(b) && isSide(c)) return 'NHWC';
    // Exporters that keep no shapes: only the name can tell.
    return typeof b !== 'number' && typeof d !== 'number' && PICTURE_NAME.test(name) ? 'NCHW' : undefined;
  }
  if (shape.length === 3) {
    const sides = (first: Dim, second: Dim) => [first, second].every((dim) => typeof dim === 'number' && dim >= 16);
    if (a === 3 && sides(b, c)) return 'CHW';
    if (c === 3 && sides(a, b)) return 'HWC';
    if (b === c && typeof b === 'number' && b >= SMALLEST_SIDE && (a === 1 || typeof a !== 'number')) return 'NHW';
  }
  return undefined;
}

function signatureLayer(model: ModelSignature, found: Known): Layer {
  const pictures = model.inputs.flatMap((value) => {
    const layout = pictureLayout(value);
    return layout ? [{ value, layout }] : [];
  });
  const named = found['input.name'];
  const best = pictures.find(({ value }) => PICTURE_NAME.test(value.name)) ?? pictures[0];
  const picture = named === undefined ? best?.value : model.inputs.find((value) => value.name === named);
  const output = chooseOutput(model, found['output.name']);
  const takesPicture = picture !== undefined && pictureLayout(picture) !== undefined;
  const task = found.task ?? guessTask(model, takesPicture || named !== undefined, output, found.labels?.length);
  // What is no picture is explained too: the first input of a table or a text.
  const value = picture ?? (named === undefined && !PICTURE_TASKS.has(task) ? firstInput(model, task) : undefined);
  const layout = found['input.layout'] ?? (value && pictureLayout(value));
  return {
    ...layer(
      { source: 'model', why: value ? `input ${value.name}: ${value.dtype} ${formatShape(value.shape)}` : '' },
      value ? { 'input.name': value.name, 'input.layout': layout, ...shapeFields(value, layout) } : {},
    ),
    ...layer(
      { source: 'model', why: output ? `output ${output.name}: ${output.dtype} ${formatShape(output.shape)}` : '' },
      { task, 'output.name': output?.name },
    ),
    ...(output?.op &&
      layer({ source: 'model', why: `made by ${output.op}` }, { 'output.kind': kindOfOperator(output.op) })),
  };
}

/** Inputs that go with the tokens of a text, and are not they. */
const BESIDE_TOKENS = /mask|type|segment|position|length|past|cache/i;

/** Inputs that can hold tokens: one number a sample is, beside an array, something about the array, such as its length. */
function wholeInputs({ inputs }: ModelSignature): readonly ValueInfo[] {
  const rank = Math.max(...inputs.map(({ dtype, shape }) => (/float/.test(dtype) ? (shape?.length ?? 0) : 0)));
  return inputs.filter(
    ({ dtype, shape }) => /^int(32|64)$|string/.test(dtype) && !(rank > 1 && shape !== undefined && shape.length < 2),
  );
}

/** The input that a table or a text goes into. */
function firstInput(model: ModelSignature, task: Task): ValueInfo | undefined {
  if (!TEXT_TASKS.has(task)) return model.inputs[0];
  const whole = wholeInputs(model).filter(({ dtype, name }) => dtype !== 'string' && !BESIDE_TOKENS.test(name));
  return whole[0] ?? model.inputs[0];
}

/** Channels and size, as far as the model fixes them. */
function shapeFields(value: ValueInfo, layout: Layout | undefined): Known {
  if (!layout || value.shape?.length !== layout.length) return {};
  const dim = (axis: string): Dim => (layout.includes(axis) ? value.shape![layout.indexOf(axis)] : 1);
  const [height, width] = [dim('H'), dim('W')];
  return {
    'input.channels': dim('C') === 1 ? 'grey' : undefined,
    'input.size': typeof height === 'number' && typeof width === 'number' ? [height, width] : undefined,
    // A model that takes bytes scales them itself.
    ...(/int8$/.test(value.dtype) && { 'input.scale': 1, 'input.mean': [0], 'input.std': [1] }),
  };
}

const SCORE_NAME = /logit|prob|score|output|pred|class|softmax/i;

/** Keys and values that a language model hands on to itself. */
const CACHE_NAME = /^(present|past|cache)/i;

type Output = ModelSignature['outputs'][number];

function chooseOutput(model: ModelSignature, name: string | undefined): Output | undefined {
  if (name !== undefined) return model.outputs.find((output) => output.name === name);
  const floating = model.outputs.filter(({ dtype, name: own }) => /float/.test(dtype) && !CACHE_NAME.test(own));
  const rank = (output: Output): number => {
    const length = output.shape?.length;
    return (length === 2 ? 4 : length === 4 || length === undefined ? 2 : 0) + (SCORE_NAME.test(output.name) ? 1 : 0);
  };
  return [...floating].sort((a, b) => rank(b) - rank(a))[0] ?? model.outputs[0];
}

const DETECTION_NAME = /box|bbox|det|anchor/i;

function guessTask(
  model: ModelSignature,
  takesPicture: boolean,
  output: Output | undefined,
  labels: number | undefined,
): Task {
  const shape = output?.shape;
  if (!takesPicture) {
    const isCell = ({ shape: own }: ValueInfo): boolean => own?.length === 2 && own[1] === 1;
    if (model.inputs.length > 1 && model.inputs.every(isCell)) return 'tabular';
    if (wholeInputs(model).length === 0) return 'tabular';
    if (shape?.length !== 3 || !/logit/i.test(output?.name ?? '')) return 'text-classification';
    // One number a label: the vocabulary of a text that goes on is no list of labels.
    return labels !== undefined && shape[2] === labels ? 'token-classification' : 'text-generation';
  }
  if (model.outputs.some((value) => DETECTION_NAME.test(value.name))) return 'detection';
  if (shape?.length === 4 && !(shape[2] === 1 && shape[3] === 1)) return 'segmentation';
  return shape?.length === 3 ? 'detection' : 'image-classification';
}

/** What an output holds, by the operator that makes it. Log-probabilities are logits: their softmax is the same. */
const kindOfOperator = (op: string): OutputKind =>
  /^(Softmax|Sigmoid|HardSigmoid)$/.test(op) ? 'probabilities' : 'logits';

/**
 * What an output holds, by its values: rows of scores that lie in [0, 1] and add up to 1 are probabilities.
 *
 * @param scores rows × classes, row by row
 */
export function kindOfValues(scores: ArrayLike<number>, classes: number): OutputKind {
  if (scores.length === 0 || classes < 2) return 'logits';
  for (let start = 0; start < scores.length; start += classes) {
    let sum = 0;
    for (let i = start; i < start + classes; i++) {
      const score = scores[i];
      if (!(score >= 0 && score <= 1)) return 'logits';
      sum += score;
    }
    if (Math.abs(sum - 1) > 1e-3) return 'logits';
  }
  return 'probabilities';
}

const LABEL_KEYS = ['names', 'labels', 'classes', 'id2label', 'class_names'];

/** Metadata that exporters are known to write: Ultralytics (names, imgsz, task) and Windows ML (Image.*). */
function metadataLayer(model: ModelSignature): Layer {
  const { metadata } = model;
  const key = LABEL_KEYS.find((candidate) => metadata[candidate] && labelsFromMetadata(metadata[candidate]));
  const tasks: Record<string, Task> = {
    classify: 'image-classification',
    detect: 'detection',
    segment: 'segmentation',
  };
  const side = /^\[(\d+),\s*(\d+)\]$/.exec(metadata.imgsz ?? '');
  const ranges: Record<string, Known> = {
    NominalRange_0_255: { 'input.scale': 1, 'input.mean': [0], 'input.std': [1] },
    Normalized_0_1: { 'input.scale': 1 / 255, 'input.mean': [0], 'input.std': [1] },
    Normalized_1_1: { 'input.scale': 1 / 255, 'input.mean': [0.5], 'input.std': [0.5] },
  };
  const format = metadata['Image.BitmapPixelFormat'] ?? '';
  const from = (name: string, fields: Known): Layer => layer({ source: 'metadata', why: `metadata ${name}` }, fields);
  return {
    ...(key && from(key, { labels: labelsFromMetadata(metadata[key]) })),
    ...(side && from('imgsz', { 'input.size': [Number(side[1]), Number(side[2])] })),
    ...from('task', { task: tasks[metadata.task ?? ''] }),
    ...(metadata.author === 'Ultralytics' && from('author', ultralytics(metadata.task))),
    ...from('Image.NominalPixelRange', ranges[metadata['Image.NominalPixelRange'] ?? ''] ?? {}),
    ...from('Image.BitmapPixelFormat', {
      'input.channels': /^Bgr/i.test(format)
        ? 'BGR'
        : /^Rgb/i.test(format)
          ? 'RGB'
          : /^Gray/i.test(format)
            ? 'grey'
            : undefined,
    }),
  };
}

const ultralytics = (task: string | undefined): Known => ({
  'input.scale': 1 / 255,
  'input.mean': [0],
  'input.std': [1],
  ...(task === 'classify'
    ? { 'input.crop': 1, 'input.resize': 'stretch' }
    : { 'input.resize': 'letterbox', 'input.pad': [114] }),
});

const PHOTOGRAPH_SIDE = 160;
const USUAL_SIDE = 224;

/** What is usual for models that say nothing: see the `why` of each. */
function conventionLayer(model: ModelSignature, found: Known): Layer {
  if (found['input.name'] === undefined || (found.task && !PICTURE_TASKS.has(found.task)))
    return nameConvention(model, found);
  const size = found['input.size'] === undefined ? ([USUAL_SIDE, USUAL_SIDE] as const) : found['input.size'];
  const fixed: Layer =
    found['input.size'] === undefined
      ? layer({ source: 'convention', why: `the model fixes no size; ${USUAL_SIDE} is usual` }, { 'input.size': size })
      : {};
  const convention = CONVENTIONS.find(({ applies }) => applies(found, size));
  return {
    ...nameConvention(model, found),
    ...fixed,
    ...(convention && layer({ source: 'convention', why: convention.why }, convention.fields(size))),
  };
}

function nameConvention(model: ModelSignature, found: Known): Layer {
  const output = model.outputs.find((value) => value.name === found['output.name']);
  if (!output || !/prob|softmax/i.test(output.name)) return {};
  return layer({ source: 'convention', why: `output is called ${output.name}` }, { 'output.kind': 'probabilities' });
}

interface Convention {
  readonly why: string;
  readonly applies: (found: Known, size: readonly [number, number] | null) => boolean;
  readonly fields: (size: readonly [number, number] | null) => Known;
}

const colour = (found: Known): boolean => (found['input.channels'] ?? 'RGB') !== 'grey';
const photographic = (size: readonly [number, number] | null): boolean =>
  size !== null && Math.min(...size) >= PHOTOGRAPH_SIDE;

const CONVENTIONS: readonly Convention[] = [
  {
    why: 'detectors mostly letterbox over grey and take 0 to 1',
    applies: (found) => found.task === 'detection',
    fields: () => ({ 'input.resize': 'letterbox', 'input.pad': [114], 'input.scale': 1 / 255 }),
  },
  {
    why: 'models with channels last, from TensorFlow, mostly take −1 to 1',
    applies: (found, size) => colour(found) && photographic(size) && /C$/.test(found['input.layout'] ?? ''),
    fields: () => ({ 'input.crop': 0.875, 'input.scale': 1 / 255, 'input.mean': [0.5], 'input.std': [0.5] }),
  },
  {
    why: 'torchvision: the shorter side to 8/7 of the input, the centre of it, mean and standard deviation of ImageNet',
    applies: (found, size) => colour(found) && photographic(size) && found.task === 'image-classification',
    fields: (size) => ({
      'input.resize': 'shorter-side',
      'input.shorterSide': Math.round(Math.min(...(size ?? [USUAL_SIDE])) / 0.875),
      ...IMAGENET,
    }),
  },
  {
    why: 'mean and standard deviation of ImageNet are usual for photographs',
    applies: (found, size) => colour(found) && photographic(size),
    fields: () => IMAGENET,
  },
];

const IMAGENET: Known = {
  'input.scale': 1 / 255,
  'input.mean': [0.485, 0.456, 0.406],
  'input.std': [0.229, 0.224, 0.225],
};
