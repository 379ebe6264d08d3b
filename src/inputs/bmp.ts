import { PrismError } from '../graph/errors';

/** What a BMP file holds: RGB, 3 bytes a pixel, top row first. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly data: Uint8Array;
}

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHABITFIELDS = 6;

/** Run-length data of a few bytes may claim any size. */
const MOST_PIXELS = 100_000_000;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly dataOffset: number;
  readonly palette: readonly (readonly [number, number, number])[];
  readonly masks: readonly number[];
}

const invalid = (why: string): PrismError => new PrismError('IMAGE_DECODE', `not a readable BMP picture: ${why}`);

/** Width and height without decoding. */
export function bitmapSize(bytes: Uint8Array): { width: number; height: number } {
  const { width, height } = readHeader(bytes);
  return { width, height };
}

export const isBitmap = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

/**
 * Decodes a Windows or OS/2 bitmap of 1, 2, 4, 8, 16, 24 or 32 bits, plain, run-length encoded or with bit fields; an
 * alpha channel is dropped. The libvips that sharp ships reads no BMP, and of the packages tried none read 4-bit,
 * run-length, 16-bit and top-down files alike.
 *
 * @throws PrismError `IMAGE_DECODE`
 */
export function decodeBitmap(bytes: Uint8Array): Bitmap {
  const header = readHeader(bytes);
  const { width, height, bits, topDown } = header;
  const runs = header.compression === RLE8 || header.compression === RLE4;
  const stride = runs ? 0 : rowBytes(bytes, header);
  if (width * height > MOST_PIXELS) throw invalid(`its size is ${width} × ${height}`);
  const data = new Uint8Array(width * height * 3);
  const row = (line: number): number => (topDown ? line : height - 1 - line) * width * 3;
  if (runs) decodeRuns(bytes, header, data, row);
  else if (bits <= 8) decodeIndexed(bytes, header, data, row, stride);
  else decodeDirect(bytes, header, data, row, stride);
  return { width, height, bitsPerPixel: bits, data };
}

function readHeader(bytes: Uint8Array): Header {
  if (!isBitmap(bytes) || bytes.length < 26) throw invalid('it does not begin with a bitmap header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataOffset = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const core = headerSize === 12;
  if (!core && (headerSize < 40 || headerSize > 256)) throw invalid(`its header of ${headerSize} bytes is unknown`);
  if (bytes.length < 14 + headerSize) throw invalid('it ends inside its header');
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? RGB : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) throw invalid(`its size is ${width} × ${signedHeight}`);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw invalid(`${bits} bits a pixel are unknown`);
  const fits =
    compression === RGB ||
    (compression === RLE8 && bits === 8) ||
    (compression === RLE4 && bits === 4) ||
    ((compression === BITFIELDS || compression === ALPHABITFIELDS) && (bits === 16 || bits === 32));
  if (!fits) throw invalid(`compression ${compression} with ${bits} bits a pixel is not supported`);

  const bitfields = compression === BITFIELDS || compression === ALPHABITFIELDS;
  // A 40-byte header is followed by the masks; longer headers contain them, at the same place.
  const maskBytes = bitfields && headerSize === 40 ? (compression === BITFIELDS ? 12 : 16) : 0;
  if (bitfields && bytes.length < 66) throw invalid('it ends inside its colour masks');
  const standard = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const masks = bitfields ? [54, 58, 62].map((at) => view.getUint32(at, true)) : standard;

  const entry = core ? 3 : 4;
  const start = 14 + headerSize + maskBytes;
  const declared = core ? 0 : view.getUint32(46, true);
  const colours = bits > 8 ? 0 : Math.min(declared || 1 << bits, 1 << bits, Math.floor((bytes.length - start) / entry));
  const palette = Array.from({ length: colours }, (_, i): [number, number, number] => {
    const at = start + i * entry;
    return [bytes[at + 2], bytes[at + 1], bytes[at]];
  });
  return { width, height, topDown: signedHeight < 0, bits, compression, dataOffset, palette, masks };
}

type RowStart = (line: number) => number;

/** Bytes from row to row, which are multiples of four, once it is certain that all rows are there. */
function rowBytes(bytes: Uint8Array, { width, height, bits, dataOffset }: Header): number {
  const stride = Math.ceil((width * bits) / 32) * 4;
  // The padding of the last row may be missing.
  const needed = dataOffset + stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (bytes.length < needed) throw invalid(`it is truncated: ${bytes.length} bytes, but its pixels end at ${needed}`);
  return stride;
}

function decodeIndexed(bytes: Uint8Array, header: Header, data: Uint8Array, row: RowStart, stride: number): void {
  const { width, height, bits, dataOffset, palette } = header;
  const mask = (1 << bits) - 1;
  for (let y = 0; y < height; y++) {
    let out = row(y);
    for (let x = 0; x < width; x++, out += 3) {
      const bit = x * bits;
      const index = (bytes[dataOffset + y * stride + (bit >> 3)] >> (8 - bits - (bit & 7))) & mask;
      paint(data, out, palette[index]);
    }
  }
}

function decodeDirect(bytes: Uint8Array, header: Header, data: Uint8Array, row: RowStart, stride: number): void {
  const { width, height, bits, dataOffset, masks } = header;
  const step = bits / 8;
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { shift, top: (mask >>> shift) >>> 0 };
  });
  for (let y = 0; y < height; y++) {
    let out = row(y);
    let at = dataOffset + y * stride;
    for (let x = 0; x < width; x++, at += step, out += 3) {
      if (bits === 24) {
        data[out] = bytes[at + 2];
        data[out + 1] = bytes[at + 1];
        data[out + 2] = bytes[at];
        continue;
      }
      const high = bits === 32 ? (bytes[at + 2] << 16) | (bytes[at + 3] << 24) : 0;
      const pixel = (bytes[at] | (bytes[at + 1] << 8) | high) >>> 0;
      for (let c = 0; c < 3; c++) {
        const { shift, top } = channels[c];
        data[out + c] = top === 0 ? 0 : Math.floor((((pixel >>> shift) & top) * 255) / top);
      }
    }
  }
}

function decodeRuns(bytes: Uint8Array, header: Header, data: Uint8Array, row: RowStart): void {
  const { width, height, bits, dataOffset, palette } = header;
  let at = dataOffset;
  let x = 0;
  let y = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw invalid('it is truncated inside its run-length data');
    return byte;
  };
  const put = (index: number): void => {
    if (x < width && y < height) paint(data, row(y) + 3 * x, palette[index]);
    x++;
  };
  // Pixels that runs skip have colour 0.
  for (let i = 0; i < width * height; i++) paint(data, 3 * i, palette[0]);
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      return;
    } else if (value === 2) {
      x += next();
      y += next();
    } else {
      const start = at;
      for (let i = 0; i < value; i++) {
        if (bits === 8) put(next());
        else put(i % 2 === 0 ? next() >> 4 : bytes[at - 1] & 15);
      }
      if ((at - start) % 2 === 1) at++;
    }
  }
}

/** A colour outside the palette is black, as in other readers. */
function paint(data: Uint8Array, at: number, colour: readonly [number, number, number] | undefined): void {
  data[at] = colour?.[0] ?? 0;
  data[at + 1] = colour?.[1] ?? 0;
  data[at + 2] = colour?.[2] ?? 0;
}
