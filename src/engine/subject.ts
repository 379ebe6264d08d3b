import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { isFloating } from '../graph/tensor';
import { fromFloat32, isElementType, toFloat32 } from '../inputs/elements';
import { formatShape, requireImageInput } from '../inputs/guess';
import { encodePicture, type Picture, readPicture } from '../inputs/image';
import { type Geometry, preprocess, viewport } from '../inputs/preprocess';
import type { Photograph } from '../protocol';
import { readArrayFile } from './arrays';
import type { Model, Specialised } from './model';
import type { Request } from './requests';

/** What a person gives to a model: a picture, or arrays by the names of the inputs. */
export interface Given {
  readonly image?: string;
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
  readonly seen?: Seen;
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
 * @throws PrismError NO_IMAGE_INPUT, INPUT_MISSING, UNKNOWN_INPUT, INPUT_SHAPE, those of reading the files and of preprocessing
 */
export async function prepare(model: Model, given: Given, request: Request): Promise<Prepared> {
  return given.inputs && given.inputs.size > 0
    ? prepareArrays(model, given.inputs, request)
    : preparePicture(model, given.image, request);
}

async function preparePicture(model: Model, path: string | undefined, request: Request): Promise<Prepared> {
  const input = requireImageInput(model.description.settings, model.signature);
  if (path === undefined) {
    throw new PrismError('INPUT_MISSING', 'nothing to explain was given; name a picture');
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
  return {
    specialised: await specialisedFor(model, feeds, request),
    feeds,
    input,
    channels: layout < 0 ? guessedChannels(feeds.get(input)?.shape ?? []) : layout,
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
