import { readFile } from 'node:fs/promises';
import { PrismError } from '../graph/errors';
import { type FloatArray, floatArray } from '../graph/ndarray';
import { toFloat32 } from '../inputs/elements';
import { readPicture } from '../inputs/image';
import { readNpy } from '../inputs/npy';

/**
 * A mask over the positions of a dense output: an array as it is, or a picture, in which every pixel that is not black
 * counts.
 *
 * @throws PrismError FILE_NOT_FOUND, those of reading arrays and pictures
 */
export async function readRegion(path: string): Promise<FloatArray> {
  if (!/\.npy$/i.test(path)) {
    const { width, height, data } = await readPicture(path);
    const mask = new Float32Array(width * height);
    for (let i = 0; i < mask.length; i++) mask[i] = data[3 * i] || data[3 * i + 1] || data[3 * i + 2] ? 1 : 0;
    return floatArray(mask, [height, width]);
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
  return floatArray(toFloat32(dtype, data), shape);
}
