import type { ValueInfo } from '../graph/ir';
import type { Channels, Layout, OutputKind, PrismConfig, Resize, Task, TokenizerConfig } from './config';
import { asFeatures, type Feature } from './features';
import type { Interpolation } from './resample';

/** How a picture becomes the model's input; media/prism.schema.json says what each field means. */
export interface ImageInput {
  readonly name: string;
  readonly layout: Layout;
  readonly channels: Channels;
  /** [height, width]; null: the picture's own. */
  readonly size: readonly [number, number] | null;
  readonly crop: number | null;
  readonly resize: Resize;
  readonly shorterSide: number | null;
  readonly interpolation: Interpolation;
  readonly antialias: boolean;
  readonly pad: readonly number[];
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Every field that is found out about a model, by its path in a prism.json. */
export interface Fields {
  task: Task;
  'input.name': string;
  'input.layout': Layout;
  'input.channels': Channels;
  'input.size': readonly [number, number] | null;
  'input.crop': number | null;
  'input.resize': Resize;
  'input.shorterSide': number | null;
  'input.interpolation': Interpolation;
  'input.antialias': boolean;
  'input.pad': readonly number[];
  'input.scale': number;
  'input.mean': readonly number[];
  'input.std': readonly number[];
  labels: readonly string[];
  tokenizer: TokenizerConfig;
  features: readonly Feature[];
  'output.name': string;
  'output.kind': OutputKind;
  'source.root': string;
}

export type FieldPath = keyof Fields;
export type Known = { readonly [K in FieldPath]?: Fields[K] };

/** Where a field's value comes from; `why` is for people. */
export interface Origin {
  readonly source:
    | 'prism.json'
    | 'model'
    | 'metadata'
    | 'preprocessor_config.json'
    | 'config.json'
    | 'labels file'
    | 'tokenizer file'
    | 'features file'
    | 'convention'
    | 'default';
  readonly why: string;
}

export type Layer = { readonly [K in FieldPath]?: { readonly value: Fields[K]; readonly origin: Origin } };

/** What guessing looks at: plain data, as the importer or a session gives it. */
export interface ModelSignature {
  readonly inputs: readonly ValueInfo[];
  /** `op`: the operator that makes the output, where known. */
  readonly outputs: readonly (ValueInfo & { readonly op?: string | undefined })[];
  /** metadata_props of the model. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** How a model is fed and read, complete. */
export interface Settings {
  readonly task: Task;
  /** Name of the input that is explained; undefined when a picture is wanted and no input looks like one. */
  readonly inputName: string | undefined;
  /** undefined: the model takes no picture. */
  readonly input: ImageInput | undefined;
  readonly labels: readonly string[] | undefined;
  /** How text becomes tokens; names of files as they are written. */
  readonly tokenizer: TokenizerConfig | undefined;
  /** The columns of a table, in the order of the input. */
  readonly features: readonly Feature[] | undefined;
  readonly output: { readonly name: string; readonly kind: OutputKind };
  /** As in the prism.json. */
  readonly sourceRoot: string;
  readonly origins: { readonly [K in FieldPath]?: Origin };
}

const DEFAULTS = {
  task: 'image-classification',
  'input.layout': 'NCHW',
  'input.channels': 'RGB',
  'input.size': null,
  'input.crop': null,
  'input.resize': 'stretch',
  'input.shorterSide': null,
  'input.interpolation': 'bilinear',
  'input.antialias': true,
  'input.pad': [0],
  'input.scale': 1 / 255,
  'input.mean': [0],
  'input.std': [1],
  'output.kind': 'logits',
  'source.root': '.',
} satisfies Known;

/** What is known once the defaults are laid under the rest. */
export type Complete = Known & Pick<Fields, keyof typeof DEFAULTS>;

/** Fields that make sense together only: once a layer sets one, weaker layers' guesses for the others do not apply. */
const GROUPS: readonly (readonly FieldPath[])[] = [
  ['input.scale', 'input.mean', 'input.std'],
  ['input.crop', 'input.resize', 'input.shorterSide'],
];

const defaults: Layer = layer({ source: 'default', why: 'not given' }, DEFAULTS);

/** A layer whose fields all have one origin. */
export function layer(origin: Origin, fields: Known): Layer {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([path, value]) => [path, { value, origin }])) as Layer;
}

/**
 * Lays layers over each other, strongest first. A layer may depend on what stronger ones found (a convention looks at
 * the input's size). The defaults come last.
 */
export function merge(layers: readonly ((known: Known) => Layer)[]): {
  known: Complete;
  origins: Settings['origins'];
} {
  const known: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const make of [...layers, () => defaults]) {
    const entries = Object.entries(make(known as Known));
    const settled = GROUPS.filter((group) => group.some((path) => path in known)).flat() as string[];
    for (const [path, { value, origin }] of entries) {
      if (path in known || (settled.includes(path) && origin.source !== 'default')) continue;
      known[path] = value;
      origins[path] = origin;
    }
  }
  return { known: known as unknown as Complete, origins: origins as Settings['origins'] };
}

const list = (value: number | readonly number[] | undefined): readonly number[] | undefined =>
  typeof value === 'number' ? [value] : value;

/** "1/255" as a number. */
export function parseScale(scale: number | string | undefined): number | undefined {
  if (typeof scale !== 'string') return scale;
  const [top, bottom] = scale.split('/').map(Number);
  return top! / bottom!;
}

/** The layer that a prism.json is. Labels and features named by a file are not in it: whoever reads files adds them. */
export function configLayer(config: PrismConfig): Layer {
  const { task, input = {}, output = {}, labels, tokenizer, features, source = {} } = config;
  const size = typeof input.size === 'number' ? [input.size, input.size] : input.size;
  return layer(
    { source: 'prism.json', why: 'written there' },
    {
      task,
      'input.name': input.name,
      'input.layout': input.layout,
      'input.channels': input.channels,
      'input.size': size as readonly [number, number] | null | undefined,
      'input.crop': input.crop,
      'input.resize': input.resize,
      'input.shorterSide': input.shorterSide,
      'input.interpolation': input.interpolation,
      'input.antialias': input.antialias,
      'input.pad': list(input.pad),
      'input.scale': parseScale(input.scale),
      'input.mean': list(input.mean),
      'input.std': list(input.std),
      labels: typeof labels === 'string' ? undefined : labels,
      tokenizer,
      features: features === undefined || typeof features === 'string' ? undefined : asFeatures(features),
      'output.name': output.name,
      'output.kind': output.kind,
      'source.root': source.root,
    },
  );
}

/**
 * A prism.json that says what the settings say, complete, so that nothing is left to guess.
 *
 * @param labelsFile name of the file the labels came from; without it they are written out
 * @param featuresFile the same for the names of columns
 */
export function formatConfig(settings: Settings, labelsFile?: string, featuresFile?: string): string {
  const { task, input, inputName, labels, tokenizer, features, output, sourceRoot } = settings;
  const config: PrismConfig = {
    task,
    ...(input && {
      input: {
        name: input.name,
        layout: input.layout,
        channels: input.channels,
        size: input.size,
        crop: input.crop,
        resize: input.resize,
        ...(input.resize === 'shorter-side' && { shorterSide: input.shorterSide }),
        interpolation: input.interpolation,
        ...(!input.antialias && { antialias: false }),
        ...(input.resize === 'letterbox' && { pad: input.pad }),
        scale: formatScale(input.scale),
        mean: input.mean,
        std: input.std,
      },
    }),
    ...(!input && inputName !== undefined && { input: { name: inputName } }),
    ...((labelsFile ?? labels) && { labels: labelsFile ?? labels }),
    ...(tokenizer && { tokenizer }),
    ...((featuresFile ?? features) && { features: featuresFile ?? features?.map(shortest) }),
    output,
    source: { root: sourceRoot },
  };
  return `${compactLists(JSON.stringify(config, null, 2))}\n`;
}

/** A feature of which nothing but the name is said is written as its name. */
const shortest = (feature: Feature): string | Feature => (Object.keys(feature).length === 1 ? feature.name : feature);

function formatScale(scale: number): number | string {
  const divisor = Number((1 / scale).toPrecision(12));
  return scale !== 1 && 1 / divisor === scale ? `1/${divisor}` : scale;
}

/** Lists of numbers on one line each. */
const compactLists = (json: string): string =>
  json.replace(/\[\s+([-+.\deE,\s]+?)\s+\]/g, (_, items: string) => `[${items.split(/,\s+/).join(', ')}]`);
