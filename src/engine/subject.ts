import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { isFloating } from '../graph/tensor';
import { fromFloat32, isElementType, toFloat32 } from '../inputs/elements';
import { formatShape, requireImageInput } from '../inputs/guess';
import { encodePicture, type Picture, readPicture } from '../inputs/image';
import { type Geometry, preprocess, valueRange, viewport } from '../inputs/preprocess';
import type { Range } from '../methods/method';
import type { Photograph } from '../protocol';
import { readArrayFile } from './arrays';
import { type Embedding, embeddingOf } from './embedding';
import type { Model, Specialised } from './model';
import type { Request } from './requests';
import { prepareRow, type ReadRow } from './table';
import { requirePositions, tooLong } from './tables';
import { checkVocabulary, prepareText, type ReadText, type TextGiven } from './text';

/** What a person gives to a model: a picture, a text, a row of a table, or arrays by the names of the inputs. */
export interface Given {
  readonly image?: string;
  readonly text?: string;
  readonly textFile?: string;
  /** `a=1,b=red`, or a file with `:N` or `#N` behind it. */
  readonly row?: string;
  readonly inputs?: ReadonlyMap<string, string>;
}

/** A model ready to run on what was given. */
export interface Prepared {
  readonly specialised: Specialised;
  readonly feeds: ReadonlyMap<string, NdArray>;
  /** The input that is explained. */
  readonly input: string;
  /** Its axis over channels, if it has one. */
  readonly channels: number | undefined;
  /** Where tokens become vectors, which is what methods can explain of an input of indices. */
  readonly embedding?: Embedding;
  /** The classes' names where what was given tells them: the words that a model of text can go on with. */
  readonly labels?: readonly string[];
  /** Of an output with a label for every token: whose counts. */
  readonly position?: number;
  /** What its values can be, for a picture. */
  readonly range?: Range;
  readonly seen?: Seen;
  readonly text?: ReadText;
  readonly row?: ReadRow;
}

/** The picture behind the input. */
export interface Seen {
  readonly path: string;
  readonly picture: Picture;
  readonly geometry: Geometry;
}

/** The longer side of the photograph that is shown. */
const SHOWN_SIDE = 1600;
/** Pictures up to this side are shown without loss, so that their pixels can be counted. */
const EXACT_SIDE = 512;

/**
 * Reads what was given and fixes the model to its shapes.
 *
 * @throws PrismError NO_IMAGE_INPUT, INPUT_MISSING, UNKNOWN_INPUT, INPUT_SHAPE, those of reading the files, of
 *   preprocessing, of texts and of rows
 */
export async function prepare(model: Model, given: Given, request: Request): Promise<Prepared> {
  if (given.inputs && given.inputs.size > 0) return prepareArrays(model, given.inputs, request);
  if (given.text !== undefined) return prepareTokens(model, { text: given.text }, request);
  if (given.textFile !== undefined) return prepareTokens(model, { textFile: given.textFile }, request);
  if (given.row !== undefined) return prepareFeatures(model, given.row, request);
  return preparePicture(model, given.image, request);
}

async function prepareTokens(model: Model, given: TextGiven, request: Request): Promise<Prepared> {
  request.stage('reading the text');
  const { feeds, input, read, warnings } = await request.timed('decode', () => prepareText(model, given));
  request.warnings.push(...warnings);
  let specialised: Specialised;
  try {
    specialised = await specialisedFor(model, feeds, request);
    requirePositions(specialised.graph, read.tokens.length);
  } catch (error) {
    const limit = await longestText(model, feeds, read.tokens.length);
    throw limit === undefined ? error : tooLong(read.tokens.length, limit);
  }
  const embedding = embeddingOf(specialised.graph, input);
  const small = await checkVocabulary(model, embedding?.rows);
  if (small) request.warnings.push(small);
  const { task } = model.description.settings;
  return {
    specialised,
    feeds,
    input,
    channels: undefined,
    text: read,
    ...(embedding && { embedding }),
    ...(task === 'token-classification' && { position: Math.max(0, read.tokens.findIndex(isWord)) }),
    ...(task === 'text-generation' && { labels: await tokenNames(model) }),
  };
}

const isWord = ({ kind }: ReadText['tokens'][number]): boolean => kind === 'word' || kind === 'unknown';

async function tokenNames(model: Model): Promise<string[]> {
  const tokenizer = await model.tokenizer();
  return Array.from({ length: tokenizer.size }, (_, id) => tokenizer.nameOf(id) ?? '');
}

/** How many tokens the model takes, if it takes fewer than there are. */
export async function longestText(
  model: Model,
  feeds: ReadonlyMap<string, NdArray>,
  tokens: number,
): Promise<number | undefined> {
  const takes = async (length: number): Promise<boolean> => {
    const resized = (shape: readonly number[]): readonly number[] =>
      shape.at(-1) === tokens ? [...shape.slice(0, -1), length] : shape;
    const shapes = new Map([...feeds].map(([name, { shape }]) => [name, resized(shape)]));
    try {
      requirePositions((await model.specialised(shapes)).graph, length);
      return true;
    } catch {
      return false;
    }
  };
  let [longest, shortest] = [0, tokens];
  while (shortest - longest > 1) {
    const middle = Math.floor((longest + shortest) / 2);
    if (await takes(middle)) longest = middle;
    else shortest = middle;
  }
  return longest > 0 ? longest : undefined;
}

async function prepareFeatures(model: Model, row: string, request: Request): Promise<Prepared> {
  request.stage('reading the row');
  const { model: own, feeds, input, read } = await request.timed('decode', () => prepareRow(model, row));
  return { specialised: await specialisedFor(own, feeds, request), feeds, input, channels: undefined, row: read };
}

async function preparePicture(model: Model, path: string | undefined, request: Request): Promise<Prepared> {
  const input = requireImageInput(model.description.settings, model.signature);
  if (path === undefined) {
    throw new PrismError('INPUT_MISSING', 'nothing to explain was given; name a picture, a text or a row');
  }
  const others = model.graph.inputs.filter(({ name }) => name !== input.name);
  if (others.length > 0) {
    throw new PrismError(
      'INPUT_MISSING',
      `beside the picture ${input.name} the model needs ${others.map(describeInput).join(', ')}; give every input as an array`,
      { inputs: others.map(({ name }) => name) },
    );
  }
  request.stage('reading the picture');
  const { picture, data, dims, geometry } = await request.timed('decode', async () => {
    const decoded = await readPicture(path);
    return { picture: decoded, ...preprocess(decoded, input) };
  });
  const dtype = typeOf(model.graph, input.name)?.dtype ?? 'float32';
  const feeds = new Map<string, NdArray>([[input.name, { dtype, shape: dims, data: fromFloat32(data, dtype) }]]);
  const channels = input.layout.indexOf('C');
  return {
    specialised: await specialisedFor(model, feeds, request),
    feeds,
    input: input.name,
    channels: channels < 0 ? undefined : channels,
    range: { ...valueRange(input), axis: Math.max(channels, 0) },
    seen: { path, picture, geometry },
  };
}

async function prepareArrays(model: Model, files: ReadonlyMap<string, string>, request: Request): Promise<Prepared> {
  const { inputs } = model.graph;
  for (const name of files.keys()) {
    if (inputs.some((input) => input.name === name)) continue;
    throw new PrismError(
      'UNKNOWN_INPUT',
      `the model has no input ${JSON.stringify(name)}; it has ${inputs.map(describeInput).join(', ')}`,
    );
  }
  request.stage('reading the arrays');
  const feeds = new Map<string, NdArray>();
  for (const input of inputs) {
    const file = files.get(input.name);
    if (file === undefined) {
      throw new PrismError(
        'INPUT_MISSING',
        `the model needs the input ${describeInput(input)}; give it as NAME=FILE.npy`,
        { input: input.name },
      );
    }
    feeds.set(input.name, readArray(file, input.name, model.graph));
  }
  const { settings } = model.description;
  const floating = inputs.find(({ dtype }) => isFloating(dtype)) ?? inputs[0];
  const input = inputs.find(({ name }) => name === settings.inputName)?.name ?? floating.name;
  const layout = settings.input?.name === input ? settings.input.layout.indexOf('C') : -1;
  const specialised = await specialisedFor(model, feeds, request);
  const embedding = embeddingOf(specialised.graph, input);
  return {
    specialised,
    feeds,
    input,
    channels: layout < 0 ? guessedChannels(feeds.get(input)?.shape ?? []) : layout,
    ...(embedding && { embedding }),
  };
}

/** Channels come second in an array of the rank of a picture, signal or video, and nowhere else. */
const guessedChannels = (shape: readonly number[]): number | undefined => (shape.length >= 3 ? 1 : undefined);

function readArray(file: string, name: string, graph: Graph): NdArray {
  const array = readArrayFile(file);
  const wanted = typeOf(graph, name)?.dtype ?? array.dtype;
  if (wanted === array.dtype) return array;
  // Numbers of another width are what a person means; NumPy writes float64 and int64 unless told otherwise.
  if (!isElementType(wanted)) {
    throw new PrismError('UNSUPPORTED_TYPE', `the input ${name} is of type ${wanted}, which no .npy file holds`);
  }
  return { dtype: wanted, shape: array.shape, data: fromFloat32(toFloat32(array.dtype, array.data), wanted) };
}

const describeInput = ({ name, dtype, shape }: Graph['inputs'][number]): string =>
  `${name} (${dtype} ${formatShape(shape)})`;

async function specialisedFor(
  model: Model,
  feeds: ReadonlyMap<string, NdArray>,
  request: Request,
): Promise<Specialised> {
  request.stage('preparing the model');
  const shapes = new Map([...feeds].map(([name, { shape }]) => [name, shape]));
  return request.timed('compile', () => model.specialised(shapes));
}

/** The photograph for showing. */
export async function photographOf({ path, picture, geometry }: Seen): Promise<Photograph> {
  const exact = Math.max(picture.width, picture.height) <= EXACT_SIDE;
  const encoded = await encodePicture(picture, exact ? 'png' : 'jpeg', SHOWN_SIDE);
  const { original } = picture.reading;
  const across = original.width / picture.width;
  const down = original.height / picture.height;
  const { x, y, width, height } = viewport(geometry);
  return {
    path,
    width: original.width,
    height: original.height,
    encoded,
    mime: exact ? 'image/png' : 'image/jpeg',
    viewport: { x: x * across, y: y * down, width: width * across, height: height * down },
  };
}

/**
 * A picture of an input that was given as an array: its first item, from the lowest value (black) to the highest. Three
 * channels are colours, another number of them is averaged; NaN is black.
 */
export async function pictureOfInput(path: string, { feeds, input, channels }: Prepared): Promise<Photograph> {
  const array = feeds.get(input);
  if (!array || !isElementType(array.dtype)) {
    throw new PrismError('INPUT_MISSING', `the input ${input} has no numbers to be shown`);
  }
  const values = toFloat32(array.dtype, array.data as Float32Array);
  const shape = channels === 0 ? array.shape : array.shape.slice(1);
  const last = channels !== undefined && channels === array.shape.length - 1 && shape.length >= 2;
  const planes = shape.length < 3 ? 1 : last ? shape[shape.length - 1] : shape[0];
  const sides = shape.length < 3 ? shape : last ? shape.slice(0, -1) : shape.slice(1);
  const width = sides.at(-1) ?? 1;
  const height = Math.max(
    1,
    sides.slice(0, -1).reduce((product, side) => product * side, 1),
  );
  const area = width * height;
  const at = (plane: number, place: number): number => values[last ? place * planes + plane : plane * area + place];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < planes * area; i++) {
    if (Number.isFinite(values[i])) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const data = new Uint8Array(3 * area);
  for (let place = 0; place < area; place++) {
    let mean = 0;
    for (let plane = 0; plane < planes; plane++) mean += at(plane, place) / planes;
    for (let colour = 0; colour < 3; colour++) {
      data[3 * place + colour] = Math.round(scale * ((planes === 3 ? at(colour, place) : mean) - low)) || 0;
    }
  }
  const encoded = await encodePicture({ width, height, data }, 'png', SHOWN_SIDE);
  return { path, width, height, encoded, mime: 'image/png', viewport: { x: 0, y: 0, width, height } };
}
