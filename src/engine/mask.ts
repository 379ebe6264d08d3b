import { PrismError } from '../graph/errors';
import { type FloatArray, floatArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';
import { toFloat32 } from '../inputs/elements';
import { readPicture } from '../inputs/image';
import { inputToPicture } from '../inputs/preprocess';
import type { Layout } from '../metrics/layout';
import { readArrayFile } from './arrays';
import type { Seen } from './subject';

/**
 * A mask as it lies in its file: an array, or a picture, in which every pixel that is not black counts.
 *
 * @throws PrismError FILE_NOT_FOUND, those of reading arrays and pictures
 */
async function readMask(path: string): Promise<FloatArray> {
  if (/\.npy$/i.test(path)) {
    const { dtype, shape, data } = readArrayFile(path);
    const first = shape.findIndex((dim) => dim !== 1);
    return floatArray(toFloat32(dtype, data), first < 0 ? shape : shape.slice(Math.min(first, shape.length - 1)));
  }
  const { width, height, data } = await readPicture(path);
  const counts = Float32Array.from({ length: width * height }, (_, i) =>
    data[3 * i] || data[3 * i + 1] || data[3 * i + 2] ? 1 : 0,
  );
  return floatArray(counts, [height, width]);
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** Leading axes of 1 say nothing. */
const trimmed = (shape: readonly number[]): readonly number[] => {
  const first = shape.findIndex((dim) => dim !== 1);
  return first < 0 ? [] : shape.slice(first);
};

/**
 * The evidence that a file marks, one entry a location of the input: 1 or 0. A mask of the picture's size goes the way
 * of the picture: what preprocessing cuts off is cut off, the rest is scaled by the nearest pixel.
 *
 * @param seen the picture behind the input, if there is one
 * @throws PrismError MASK_SIZE, and those of {@link readMask}
 */
export async function maskFor(path: string, layout: Layout, seen: Seen | undefined): Promise<Uint8Array> {
  const { shape, data } = await readMask(path);
  const { locations } = layout;
  if (sameShape(trimmed(shape), trimmed(locations)) && data.length === elementCount(locations)) {
    return Uint8Array.from(data, (value) => (value !== 0 ? 1 : 0));
  }
  if (seen && shape.length === 2 && locations.length === 2) {
    const { picture } = seen;
    const { original } = picture.reading;
    const sizes = [picture, original];
    if (sizes.some(({ width, height }) => shape[0] === height && shape[1] === width)) {
      return asSeen({ width: shape[1], height: shape[0], data }, locations, seen);
    }
  }
  const wanted = seen
    ? `${size(locations)} as the model's input, or ${seen.picture.reading.original.width}×${seen.picture.reading.original.height} as the picture`
    : `[${locations}], one entry a location of the input`;
  throw new PrismError('MASK_SIZE', `the mask ${path} is of size ${size(shape)}; it must be ${wanted}`, { file: path });
}

/** Width × height of what has rows and columns. */
const size = (shape: readonly number[]): string =>
  shape.length === 2 ? `${shape[1]}×${shape[0]}` : `[${shape.join(', ')}]`;

interface MaskPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** The mask's pixel under the middle of each location; nothing counts where the input shows no picture. */
function asSeen(mask: MaskPicture, [height, width]: readonly number[], { picture, geometry }: Seen): Uint8Array {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const middle = inputToPicture(geometry, { x: x + 0.5, y: y + 0.5, width: 0, height: 0 });
      const column = Math.floor((middle.x / picture.width) * mask.width);
      const row = Math.floor((middle.y / picture.height) * mask.height);
      if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) continue;
      if (mask.data[row * mask.width + column] !== 0) out[y * width + x] = 1;
    }
  }
  return out;
}
