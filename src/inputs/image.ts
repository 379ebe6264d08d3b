import { open, readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { PrismError } from '../graph/errors';
import { bitmapSize, decodeBitmap, isBitmap } from './bmp';

// libvips keeps decoded files by name: a picture that changed on disk would be shown as it was.
sharp.cache(false);

/** Pixels that are decoded in full; a larger picture is reduced while it is read, so that it takes no more memory. */
export const FULL_PIXELS = 50_000_000;
/** Pixels of a picture that is read strip by strip, and of one that its format has decoded as a whole. */
const MAX_PIXELS = { streamed: 500_000_000, whole: 100_000_000 };
const STREAMED: ReadonlySet<string> = new Set(['jpeg', 'png', 'tiff', 'webp']);

/** How a picture was read: what a person wants to know when the model sees something else than they do. */
export interface Reading {
  readonly format: string;
  /** Size in the file, after orientation. */
  readonly original: { readonly width: number; readonly height: number };
  /** EXIF orientation that was undone; 1 is upright. */
  readonly orientation: number;
  /** Colour space and depth in the file, e.g. `srgb`, `b-w`, `cmyk`; `uchar`, `ushort`. */
  readonly space: string;
  readonly depth: string;
  /** Channels in the file, alpha included. */
  readonly channels: number;
  /** Frames or pages in the file; the first was read. */
  readonly frames: number;
  /** What was changed on the way to RGB, in words. */
  readonly notes: readonly string[];
}

/** A decoded picture: RGB, 3 bytes a pixel, row by row, upright. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly reading: Reading;
}

/**
 * Decodes a picture as PIL's `convert('RGB')` after `ImageOps.exif_transpose` does, which is what training code feeds:
 * the colour profile is ignored, alpha is dropped without blending over a background, CMYK is converted by
 * R = (1−C)(1−K), 16-bit samples keep their high byte, of an animation the first frame counts. Two differences: 16-bit
 * grey is scaled where PIL clips it to white, and transparent pixels of a GIF are black where PIL shows whatever
 * colour their palette entry has.
 *
 * PNG, JPEG, WebP, TIFF, GIF, BMP, AVIF and SVG. More than {@link FULL_PIXELS} pixels are reduced while reading.
 *
 * @param source a file name, or the bytes of a file
 * @throws PrismError `IMAGE_NOT_FOUND`, `IMAGE_DECODE`, `IMAGE_TOO_LARGE`
 */
export async function readPicture(source: string | Uint8Array): Promise<Picture> {
  const name = typeof source === 'string' ? source : 'the picture';
  if (typeof source === 'string') await expectFile(source);
  try {
    return (await isBitmapFile(source)) ? await readBitmap(source, name) : await readBySharp(source, name);
  } catch (cause) {
    if (cause instanceof PrismError && cause.code !== 'IMAGE_DECODE') throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause))
      .trim()
      .replace(/\s+/g, ' ')
      .replace(/:$/, '');
    throw new PrismError(
      'IMAGE_DECODE',
      `${name} cannot be decoded (${reason}); PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF and SVG pictures can`,
      { file: name },
      { cause },
    );
  }
}

async function expectFile(path: string): Promise<void> {
  const missing = (why: string, cause?: unknown) =>
    new PrismError('IMAGE_NOT_FOUND', `${path} ${why}`, { file: path }, { cause });
  try {
    if ((await stat(path)).isDirectory()) throw missing('is a folder; name a picture in it');
    await (await open(path, 'r')).close();
  } catch (cause) {
    if (cause instanceof PrismError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    throw missing(code === 'ENOENT' ? 'does not exist; check the path' : `cannot be opened (${code})`, cause);
  }
}

async function isBitmapFile(source: string | Uint8Array): Promise<boolean> {
  if (typeof source !== 'string') return isBitmap(source);
  const file = await open(source, 'r');
  try {
    const { buffer } = await file.read(new Uint8Array(2), 0, 2, 0);
    return isBitmap(buffer);
  } finally {
    await file.close();
  }
}

function tooLarge(name: string, width: number, height: number, limit: number, hint: string): PrismError {
  return new PrismError(
    'IMAGE_TOO_LARGE',
    `${name} has ${width} × ${height} pixels, more than the ${limit / 1e6} million that can be read; ${hint}`,
    { file: name },
  );
}

async function readBitmap(source: string | Uint8Array, name: string): Promise<Picture> {
  const head = typeof source === 'string' ? await readHead(source, 512) : source;
  const size = bitmapSize(head);
  if (size.width * size.height > MAX_PIXELS.whole) {
    throw tooLarge(name, size.width, size.height, MAX_PIXELS.whole, 'save it as PNG or JPEG, or make it smaller');
  }
  const bitmap = decodeBitmap(typeof source === 'string' ? await readFile(source) : source);
  const { width, height, bitsPerPixel } = bitmap;
  const notes = bitsPerPixel === 32 ? ['alpha dropped'] : [];
  const reading: Reading = {
    format: 'bmp',
    original: { width, height },
    orientation: 1,
    space: 'srgb',
    depth: 'uchar',
    channels: bitsPerPixel === 32 ? 4 : 3,
    frames: 1,
    notes,
  };
  const factor = reduction(width, height);
  if (factor === 1) return { width, height, data: bitmap.data, reading };
  const raw = sharp(bitmap.data, { raw: { width, height, channels: 3 } });
  const { data, info } = await reduced(raw, width, height, factor).raw().toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    data,
    reading: { ...reading, notes: [...notes, reducedNote(factor)] },
  };
}

async function readHead(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readBySharp(source: string | Uint8Array, name: string): Promise<Picture> {
  // A warning of the decoder (say, stray bytes before a JPEG marker) does not make a photograph unreadable; damage does.
  const options: SharpOptions = { failOn: 'error', ignoreIcc: true, autoOrient: true, limitInputPixels: false };
  const metadata = await sharp(source, options).metadata();
  const { width, height } = metadata.autoOrient;
  const format = metadata.format ?? 'unknown';
  const limit = STREAMED.has(format) ? MAX_PIXELS.streamed : MAX_PIXELS.whole;
  if (width * height > limit) throw tooLarge(name, width, height, limit, 'make it smaller');

  const factor = reduction(width, height);
  const cmyk = metadata.space === 'cmyk';
  const space = cmyk ? 'cmyk' : 'srgb';
  let pipeline = sharp(source, options);
  if (factor !== 1) pipeline = reduced(pipeline, width, height, factor);
  if (cmyk) pipeline = pipeline.pipelineColourspace('cmyk');
  else pipeline = pipeline.removeAlpha();
  const { data, info } = await pipeline
    .toColourspace(space)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    data: toRgb(data, info.channels, cmyk),
    reading: {
      format,
      original: { width, height },
      orientation: metadata.orientation ?? 1,
      space: metadata.space,
      depth: metadata.depth,
      channels: metadata.channels,
      frames: metadata.pages ?? 1,
      notes: notesOf(metadata, factor),
    },
  };
}

const reduction = (width: number, height: number): number => Math.min(1, Math.sqrt(FULL_PIXELS / (width * height)));

const reduced = (pipeline: Sharp, width: number, height: number, factor: number): Sharp =>
  pipeline.resize({
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
    fit: 'fill',
    kernel: 'cubic',
  });

const reducedNote = (factor: number): string => `reduced to ${(100 * factor).toFixed(0)} % while reading`;

function notesOf(metadata: Metadata, factor: number): string[] {
  const notes: [boolean, string][] = [
    [(metadata.orientation ?? 1) !== 1, `turned upright (EXIF orientation ${metadata.orientation})`],
    [metadata.hasAlpha, 'alpha dropped'],
    [metadata.space === 'cmyk', 'CMYK to RGB without a colour profile'],
    [metadata.depth !== 'uchar', `${metadata.depth} samples to 8 bits`],
    [metadata.hasProfile && metadata.space !== 'cmyk', 'colour profile ignored'],
    [(metadata.pages ?? 1) > 1, `first of ${metadata.pages} frames`],
    [factor !== 1, reducedNote(factor)],
  ];
  return notes.filter(([applies]) => applies).map(([, note]) => note);
}

function toRgb(data: Uint8Array, channels: number, cmyk: boolean): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = cmyk ? fromInk(data[4 * i + c], data[4 * i + 3]) : data[i * channels];
  }
  return rgb;
}

/** (255 − ink)(255 − black) / 255 in PIL's integer arithmetic. */
function fromInk(ink: number, black: number): number {
  const light = 255 - black;
  const product = ink * light + 128;
  return Math.max(0, light - ((product + (product >> 8)) >> 8));
}

/** Interleaved 8-bit pixels: 1 (grey), 3 (RGB) or 4 (RGBA) channels. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Encodes pixels for showing or saving; the channel count follows from the length of the data.
 *
 * @param maxSide when given, a larger picture is scaled down so that its longer side has this length
 */
export async function encodePicture(
  pixels: Pixels,
  format: 'png' | 'jpeg',
  maxSide = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const { width, height, data } = pixels;
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new PrismError('IMAGE_ENCODE', `${data.length} bytes are no picture of ${width} × ${height} pixels`);
  }
  let pipeline = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const factor = maxSide / Math.max(width, height);
  if (factor < 1) pipeline = reduced(pipeline, width, height, factor);
  return pipeline.toFormat(format, format === 'jpeg' ? { quality: 92 } : {}).toBuffer();
}
