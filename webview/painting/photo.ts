import type { Photograph } from '../../src/protocol';
import type { Point } from '../logic/geometry';

/** A photograph ready to be drawn. */
export interface Photo {
  readonly source: Photograph;
  readonly colour: ImageBitmap;
  /** Without colour, as a ground that does not argue with the colours of a map. */
  readonly grey: OffscreenCanvas;
  /** The pixels at the size of the encoded picture. */
  readonly pixels: ImageData;
}

/** Decodes from bytes, so that canvases that draw it stay readable. Rejects when the bytes are no picture. */
export async function decodePhoto(source: Photograph): Promise<Photo> {
  const blob = new Blob([source.encoded as Uint8Array<ArrayBuffer>], { type: source.mime });
  const colour = await createImageBitmap(blob);
  const { width, height } = colour;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(colour, 0, 0);
  const pixels = context.getImageData(0, 0, width, height);
  const grey = new OffscreenCanvas(width, height);
  const greyContext = grey.getContext('2d')!;
  greyContext.filter = 'grayscale(1)';
  greyContext.drawImage(colour, 0, 0);
  return { source, colour, grey, pixels };
}

/** Whether two explanations are of the same picture, so that it need not be decoded again. */
export function samePhotograph(a: Photograph, b: Photograph): boolean {
  if (a === b) return true;
  if (a.path !== b.path || a.encoded.length !== b.encoded.length) return false;
  return a.encoded === b.encoded || a.encoded.every((byte, i) => byte === b.encoded[i]);
}

/** Red, green and blue at a point of the photograph, or undefined outside. */
export function rgbAt({ source, pixels }: Photo, point: Point): readonly [number, number, number] | undefined {
  const x = Math.floor((point.x / source.width) * pixels.width);
  const y = Math.floor((point.y / source.height) * pixels.height);
  if (x < 0 || y < 0 || x >= pixels.width || y >= pixels.height) return undefined;
  const at = 4 * (y * pixels.width + x);
  return [pixels.data[at]!, pixels.data[at + 1]!, pixels.data[at + 2]!];
}
