import sharp from 'sharp';
import { type FloatArray, floatArray } from '../../graph/ndarray';
import { inputToPicture } from '../../inputs/preprocess';
import { methodById } from '../../methods/index';
import type { PfvExplanation } from '../../methods/method';
import type { ScalarMap } from '../../protocol';
import type { AlikePfv, PfvPlace, PfvQuery } from '../../protocol/pfv';
import type { Desk } from '../desk';
import { type Answer, outputOf, pfvOf, positionIn } from '../explain';
import { mapOfLocations } from '../maps';
import { completeOptions } from '../options';
import { type Prepared, prepare, type Seen } from '../subject';
import { flatLocation, layerNamed, layerValue, type Vectors, vectorsOf } from './vectors';

/** What is looked for in one image. */
export interface Search {
  readonly query: PfvQuery;
  readonly image: string;
  readonly count: number;
  readonly floor: number;
  readonly except?: { readonly x: number; readonly y: number };
}

/** Sides of the pictures of what a PFV has seen. */
const THUMBNAIL = 128;
/** How much of a receptive field, along either axis, may lie outside of what is shown of it. */
const TAIL = 0.05;

/**
 * A PFV as what is looked for in other images: its vector at length 1.
 *
 * @throws PrismError METHOD_WITHOUT_LAYERS, PFV_UNKNOWN_LAYER, PFV_OUT_OF_RANGE
 */
export async function queryOf(answer: Answer, { layer, x, y }: PfvPlace): Promise<PfvQuery> {
  const pfv = pfvOf(answer);
  const { channels } = layerNamed(pfv.layers, layer);
  const vectors = vectorsOf(await layerValue(answer.prepared, layer), channels);
  const location = flatLocation(positionIn(pfv, layer, x, y), vectors.locations);
  const vector = Float32Array.from({ length: vectors.channels }, (_, channel) => vectors.at(location, channel));
  const length = Math.hypot(...vector);
  return {
    model: answer.model.path,
    layer,
    channels,
    vector: vector.map((value) => (length > 0 ? value / length : 0)),
    method: answer.method.info.id,
    options: answer.options,
  };
}

/** Cosine of the query with every PFV; 0 for a PFV that is zero. */
function cosines(vectors: Vectors, query: Float32Array): FloatArray {
  const count = vectors.locations.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: count }, (_, location) => {
    let along = 0;
    let squared = 0;
    for (const [channel, part] of query.entries()) {
      const value = vectors.at(location, channel);
      along += part * value;
      squared += value * value;
    }
    return squared > 0 ? along / Math.sqrt(squared) : 0;
  });
  return floatArray(data, vectors.locations);
}

/** The highest places of a map that no neighbour exceeds, the highest first; `except` and what touches it are left out. */
function peaks(
  { width, height, data }: ScalarMap,
  count: number,
  floor: number,
  except?: { readonly x: number; readonly y: number },
): readonly { readonly x: number; readonly y: number; readonly value: number }[] {
  const found: { x: number; y: number; value: number }[] = [];
  const isPeak = (x: number, y: number, value: number): boolean => {
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        const other = data[v * width + u];
        // Of equal neighbours the first counts.
        if (other > value || (other === value && v * width + u < y * width + x)) return false;
      }
    }
    return true;
  };
  for (const [place, value] of data.entries()) {
    const [x, y] = [place % width, Math.floor(place / width)];
    if (value <= floor || (except && Math.abs(x - except.x) <= 1 && Math.abs(y - except.y) <= 1)) continue;
    // Tokens that follow each other need not be neighbours.
    if (height === 1 || isPeak(x, y, value)) found.push({ x, y, value });
  }
  return found.sort((a, b) => b.value - a.value).slice(0, count);
}

/**
 * The PFVs of an image that point the same way as the query, the likest first, each with what it has seen.
 *
 * @throws PrismError those of reading the image, PFV_UNKNOWN_LAYER where the model has the layer at other shapes only
 */
export async function alikeIn(
  { model, request }: Desk,
  { query, image, count, floor, except }: Search,
): Promise<AlikePfv[]> {
  const prepared = await prepare(model, { image }, request);
  const { seen } = prepared;
  if (!seen) return [];
  const vectors = vectorsOf(await layerValue(prepared, query.layer), query.channels);
  const found = peaks(mapOfLocations(cosines(vectors, query.vector)), count, floor, except);
  if (found.length === 0) return [];
  request.checkCancelled();
  const method = methodById(query.method);
  const { specialised, feeds, input } = prepared;
  const subject = { graph: specialised.graph, feeds, input, output: outputOf(model, prepared).name };
  const pfv = await method.open?.(subject, completeOptions(method.info, query.options), specialised.runtime);
  if (!pfv) return [];
  const alike: AlikePfv[] = [];
  for (const { x, y, value } of found) {
    request.checkCancelled();
    const picture = await pictureOf(pfv, { layer: query.layer, x, y }, prepared, seen);
    alike.push({ x, y, cosine: value, ...picture });
  }
  return alike;
}

/** The part of the photograph that a PFV has seen most of. */
async function pictureOf(
  pfv: PfvExplanation,
  { layer, x, y }: PfvPlace,
  { input }: Prepared,
  { picture, geometry }: Seen,
): Promise<Pick<AlikePfv, 'seen' | 'encoded' | 'mime'>> {
  const field = mapOfLocations(await pfv.receptiveField(layer, positionIn(pfv, layer, x, y)));
  const own = layer === input ? { x, y, width: 1, height: 1 } : extent(field);
  const box = inputToPicture(geometry, own);
  const left = Math.min(picture.width - 1, Math.max(0, Math.floor(box.x)));
  const top = Math.min(picture.height - 1, Math.max(0, Math.floor(box.y)));
  const width = Math.max(1, Math.min(picture.width, Math.ceil(box.x + box.width)) - left);
  const height = Math.max(1, Math.min(picture.height, Math.ceil(box.y + box.height)) - top);
  const encoded = await sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .extract({ left, top, width, height })
    .resize({ width: THUMBNAIL, height: THUMBNAIL, fit: 'inside', kernel: width < THUMBNAIL ? 'nearest' : 'lanczos3' })
    .jpeg({ quality: 85 })
    .toBuffer();
  const { original } = picture.reading;
  const [across, down] = [original.width / picture.width, original.height / picture.height];
  const seen = { x: left * across, y: top * down, width: width * across, height: height * down };
  return { seen, encoded, mime: 'image/jpeg' };
}

/** The rows and columns between which nearly all of a map lies, whatever its signs. */
function extent({ width, height, data }: ScalarMap): { x: number; y: number; width: number; height: number } {
  const columns = new Float64Array(width);
  const rows = new Float64Array(height);
  for (const [place, value] of data.entries()) {
    columns[place % width] += Math.abs(value);
    rows[Math.floor(place / width)] += Math.abs(value);
  }
  const [left, right] = between(columns);
  const [top, bottom] = between(rows);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** From the first to behind the last entry that is not of the tails. */
function between(sums: Float64Array): [number, number] {
  const total = sums.reduce((sum, part) => sum + part, 0);
  let [from, to] = [0, sums.length];
  for (let tail = sums[from]; from < to - 1 && tail < TAIL * total; tail += sums[from]) from++;
  for (let tail = sums[to - 1]; to > from + 1 && tail < TAIL * total; tail += sums[to - 1]) to--;
  return [from, to];
}
