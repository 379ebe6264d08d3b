import { readFile } from 'node:fs/promises';
import { PrismError } from '../graph/errors';
import { type FloatArray, floatArray } from '../graph/ndarray';
import { toFloat32 } from '../inputs/elements';
import { readPicture } from '../inputs/image';
import { readNpy } from '../inputs/npy';
import { viewport } from '../inputs/preprocess';
import type { Where } from '../protocol';
import type { ClassOutput } from './classes';
import type { Prepared } from './subject';

/**
 * A mask over the positions of a dense output: an array as it is, or a picture, in which every pixel that is not black
 * counts.
 *
 * @throws PrismError FILE_NOT_FOUND, EMPTY_REGION, REGION_INVALID, those of reading arrays and pictures
 */
export async function readRegion(path: string): Promise<FloatArray> {
  if (!/\.npy$/i.test(path)) {
    const { width, height, data } = await readPicture(path);
    const mask = new Float32Array(width * height);
    for (let i = 0; i < mask.length; i++) mask[i] = data[3 * i] || data[3 * i + 1] || data[3 * i + 2] ? 1 : 0;
    return counting(floatArray(mask, [height, width]), path);
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new PrismError(
      'FILE_NOT_FOUND',
      `the region ${path} cannot be read; check the path`,
      { file: path },
      { cause },
    );
  }
  const { dtype, shape, data } = readNpy(bytes, path);
  return counting(floatArray(toFloat32(dtype, data), shape), path);
}

function counting(mask: FloatArray, path: string): FloatArray {
  if (!mask.data.every(Number.isFinite)) {
    throw new PrismError('REGION_INVALID', `the region ${path} holds numbers that are not finite; save it as 0 and 1`, {
      file: path,
    });
  }
  if (mask.data.some((value) => value !== 0)) return mask;
  throw new PrismError('EMPTY_REGION', `the region ${path} covers no position; every value in it is 0`, { file: path });
}

/**
 * The positions of a dense output that count for a class, over the axes that its score sums over.
 *
 * @throws PrismError NOT_DENSE where there are no two such axes, EMPTY_REGION where none counts
 */
export function regionOf(
  where: Where,
  { name, axis, shape, labels }: ClassOutput,
  values: FloatArray,
  index: number,
  { seen }: Prepared,
): FloatArray {
  const axes = shape.flatMap((dim, at) => (at === 0 || at === axis || dim === 1 ? [] : [at]));
  if (axes.length !== 2 || (where !== 'predicted' && !seen)) {
    throw new PrismError(
      'NOT_DENSE',
      `the output ${name} is no map over the picture; explain a class without a region`,
    );
  }
  const [height, width] = axes.map((at) => shape[at]);
  const strides = shape.map((_, at) => shape.slice(at + 1).reduce((product, dim) => product * dim, 1));
  const mask = new Float32Array(height * width);
  const place = (y: number, x: number): number => y * strides[axes[0]] + x * strides[axes[1]];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = where === 'predicted' ? isHighest(place(y, x)) : isInside((x + 0.5) / width, (y + 0.5) / height);
      if (inside) mask[y * width + x] = 1;
    }
  }
  if (!mask.includes(1)) {
    const why =
      where === 'predicted' ? `${labels[index]} is nowhere the highest class` : 'the region covers no position';
    throw new PrismError('EMPTY_REGION', `${why}; choose another region or class`, { output: name });
  }
  return floatArray(mask, [height, width]);

  function isHighest(at: number): boolean {
    const own = values.data[at + index * strides[axis]];
    for (let c = 0; c < shape[axis]; c++) if (values.data[at + c * strides[axis]] > own) return false;
    return true;
  }

  /** A share of what the model saw, in the photograph. */
  function isInside(across: number, down: number): boolean {
    if (where === 'predicted' || !seen) return false;
    const view = viewport(seen.geometry);
    const { original } = seen.picture.reading;
    const x = ((view.x + across * view.width) * original.width) / seen.picture.width;
    const y = ((view.y + down * view.height) * original.height) / seen.picture.height;
    return x >= where.x && x < where.x + where.width && y >= where.y && y < where.y + where.height;
  }
}
