import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBitmap } from '../../../src/inputs/bmp';
import { encodePicture, FULL_PIXELS, readPicture } from '../../../src/inputs/image';
import { readNpy } from '../../../src/inputs/npy';
import { codeOf, errorOf } from './support';

const CASES = path.resolve(__dirname, '../../cases/inputs');
const PICTURES = path.join(CASES, 'pictures');
const file = (name: string) => path.join(PICTURES, name);
const index: Record<string, { mode: string; frames: number }> = JSON.parse(
  readFileSync(path.join(CASES, 'pictures.json'), 'utf8'),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prism-pictures-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('pictures as Pillow reads them', () => {
  it.each(readdirSync(PICTURES))('%s', async (name) => {
    const expected = readNpy(readFileSync(path.join(CASES, 'expected', `${name}.npy`)));
    const picture = await readPicture(file(name));
    expect([picture.height, picture.width, 3]).toEqual(expected.shape);
    expect(Buffer.from(picture.data).equals(Buffer.from(expected.data.buffer))).toBe(true);
    // libvips takes an animated PNG for its first frame.
    expect(picture.reading.frames).toBe(name === 'animated.png' ? 1 : index[name].frames);
    expect(picture.reading.original).toEqual({ width: picture.width, height: picture.height });
  });

  it('are the same from bytes as from a file', async () => {
    for (const name of ['rgb.png', 'orientation-6.jpg', 'palette4.bmp']) {
      const fromBytes = await readPicture(readFileSync(file(name)));
      expect(fromBytes).toEqual(await readPicture(file(name)));
    }
  });
});

describe('how a picture was read', () => {
  it.each([
    ['rgb.png', { format: 'png', orientation: 1, notes: [] }],
    ['rgba.png', { format: 'png', channels: 4, notes: ['alpha dropped'] }],
    ['rgb16.png', { format: 'png', depth: 'ushort', notes: ['ushort samples to 8 bits'] }],
    ['orientation-6.jpg', { format: 'jpeg', orientation: 6, notes: ['turned upright (EXIF orientation 6)'] }],
    ['cmyk.jpg', { format: 'jpeg', space: 'cmyk', notes: ['CMYK to RGB without a colour profile'] }],
    ['pages.tif', { format: 'tiff', frames: 2, notes: ['first of 2 frames'] }],
    ['rgba.bmp', { format: 'bmp', channels: 4, notes: ['alpha dropped'] }],
  ])('%s', async (name, expected) => {
    expect((await readPicture(file(name))).reading).toMatchObject(expected);
  });
});

describe('what Pillow reads otherwise', () => {
  it('a colour profile is ignored, as Pillow does', async () => {
    const plain = await readPicture(file('rgb.png'));
    const withProfile = path.join(folder, 'profile.png');
    await sharp(file('rgb.png')).withIccProfile('p3', { attach: true }).toFile(withProfile);
    const stored = await sharp(withProfile, { ignoreIcc: true }).raw().toBuffer();
    const picture = await readPicture(withProfile);
    expect(Buffer.from(picture.data).equals(stored)).toBe(true);
    expect(picture.data).not.toEqual(plain.data);
    expect(picture.reading.notes).toContain('colour profile ignored');
  });

  it('AVIF and SVG are read too', async () => {
    const avif = path.join(folder, 'picture.avif');
    await sharp({ create: { width: 24, height: 16, channels: 3, background: '#c04020' } })
      .avif({ lossless: true })
      .toFile(avif);
    const picture = await readPicture(avif);
    expect([picture.width, picture.height]).toEqual([24, 16]);
    for (const [i, value] of [0xc0, 0x40, 0x20].entries()) expect(Math.abs(picture.data[i] - value)).toBeLessThan(3);

    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="6" height="4"><rect width="6" height="4" fill="#123456"/></svg>';
    const drawn = await readPicture(Buffer.from(svg));
    expect([drawn.width, drawn.height, ...drawn.data.subarray(0, 3)]).toEqual([6, 4, 0x12, 0x34, 0x56]);
  });
});

describe('large pictures', () => {
  it('of 20 000 × 20 000 pixels are reduced while they are read', async () => {
    const large = path.join(folder, 'large.png');
    const quarters = Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 250, 250, 0]);
    await sharp(quarters, { raw: { width: 2, height: 2, channels: 3 } })
      .resize(20_000, 20_000, { kernel: 'nearest' })
      .png({ compressionLevel: 1 })
      .toFile(large);
    const picture = await readPicture(large);
    expect(picture.width * picture.height).toBeLessThanOrEqual(FULL_PIXELS * 1.001);
    expect(picture.width).toBe(picture.height);
    expect(picture.reading.original).toEqual({ width: 20_000, height: 20_000 });
    expect(picture.reading.notes).toEqual(['reduced to 35 % while reading']);
    const at = (x: number, y: number) => [
      ...picture.data.subarray(3 * (y * picture.width + x), 3 * (y * picture.width + x) + 3),
    ];
    const last = picture.width - 1;
    expect([at(0, 0), at(last, 0), at(0, last), at(last, last)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [250, 250, 0],
    ]);
    // The picture alone would take 1200 MB.
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1000);
  });

  it('that lie on their side are reduced upright', async () => {
    const halves = await sharp(Buffer.from([255, 0, 0, 0, 0, 255]), { raw: { width: 2, height: 1, channels: 3 } })
      .resize(10_000, 6_000, { fit: 'fill', kernel: 'nearest' })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const picture = await readPicture(halves);
    expect(picture.reading.original).toEqual({ width: 6_000, height: 10_000 });
    expect(picture.height / picture.width).toBeCloseTo(10 / 6, 3);
    expect(picture.width * picture.height).toBeLessThanOrEqual(FULL_PIXELS * 1.001);
    // Orientation 6: the stored left side is the top.
    expect(picture.data[0]).toBeGreaterThan(250);
    expect(picture.data[2]).toBeLessThan(5);
    expect(picture.data.at(-1)).toBeGreaterThan(250);
  });

  it('beyond every limit are refused by their header, before anything is decoded', async () => {
    const png = readFileSync(file('rgb.png'));
    png.writeUInt32BE(100_000, 16);
    png.writeUInt32BE(100_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const error = await errorOf(readPicture(png));
    expect(error?.code).toBe('IMAGE_TOO_LARGE');
    expect(error?.message).toMatch(/100000 × 100000 pixels, more than the 500 million/);

    const bmp = readFileSync(file('rgb.bmp'));
    bmp.writeInt32LE(20_000, 18);
    bmp.writeInt32LE(20_000, 22);
    const large = path.join(folder, 'large.bmp');
    writeFileSync(large, bmp);
    expect((await errorOf(readPicture(large)))?.code).toBe('IMAGE_TOO_LARGE');
  });
});

describe('what is no picture', () => {
  it.each([
    ['does not exist', 'nowhere/at/all.png', /nowhere\/at\/all\.png does not exist/],
    ['is a folder', PICTURES, /is a folder/],
  ])('a path that %s', async (_, name, message) => {
    const error = await errorOf(readPicture(name));
    expect(error?.code).toBe('IMAGE_NOT_FOUND');
    expect(error?.message).toMatch(message);
  });

  const png = readFileSync(file('rgb.png'));
  const jpeg = readFileSync(file('rgb.jpg'));
  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['text', Buffer.from('a photograph, in words')],
    ['a PNG signature alone', png.subarray(0, 8)],
    ['a truncated PNG', png.subarray(0, png.length - 200)],
    ['a truncated JPEG', jpeg.subarray(0, jpeg.length / 2)],
    ['BM alone', Buffer.from('BM')],
    ['a truncated BMP', readFileSync(file('rgb.bmp')).subarray(0, 200)],
  ])('%s', async (_, bytes) => {
    const name = path.join(folder, 'broken.png');
    writeFileSync(name, bytes);
    const error = await errorOf(readPicture(name));
    expect(error?.code).toBe('IMAGE_DECODE');
    expect(error?.message).toContain(name);
    expect(error?.message).toMatch(/PNG, JPEG, WebP, TIFF, BMP, GIF/);
  });
});

describe('bitmaps', () => {
  it('with damaged bytes decode or give IMAGE_DECODE', () => {
    const names = readdirSync(PICTURES).filter((name) => name.endsWith('.bmp'));
    const files = names.map((name) => readFileSync(file(name)));
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.nat(255), fc.nat(), (original, at, value, length) => {
        const bytes = Uint8Array.from(original.subarray(0, 20 + (length % original.length)));
        bytes[14 + (at % 600)] = value;
        expect([undefined, 'IMAGE_DECODE']).toContain(codeOf(() => decodeBitmap(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('of any size and 24 bits give back the pixels written', () => {
    const side = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(side, side, fc.boolean(), fc.infiniteStream(fc.nat(255)), (width, height, topDown, bytes) => {
        const pixels = Uint8Array.from(bytes.take(3 * width * height));
        const stride = Math.ceil((3 * width) / 4) * 4;
        const out = Buffer.alloc(54 + stride * height);
        out.write('BM');
        out.writeUInt32LE(54, 10);
        out.writeUInt32LE(40, 14);
        out.writeInt32LE(width, 18);
        out.writeInt32LE(topDown ? -height : height, 22);
        out.writeUInt16LE(24, 28);
        for (let y = 0; y < height; y++) {
          const row = 54 + (topDown ? y : height - 1 - y) * stride;
          for (let i = 0; i < 3 * width; i++) out[row + i - (i % 3) + 2 - (i % 3)] = pixels[3 * y * width + i];
        }
        expect(decodeBitmap(out)).toEqual({ width, height, bitsPerPixel: 24, data: pixels });
      }),
    );
  });
});

describe('encoding', () => {
  it.each([1, 3, 4])('%d channels to PNG and back', async (channels) => {
    const data = Uint8Array.from({ length: 5 * 4 * channels }, (_, i) => (i * 37) % 256);
    const encoded = await encodePicture({ width: 5, height: 4, data }, 'png');
    const { info, data: back } = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([5, 4]);
    const step = info.channels;
    for (let i = 0; i < 20; i++) expect(back[i * step]).toBe(data[i * channels]);
  });

  it('scales a large picture down to the longer side asked for', async () => {
    const encoded = await encodePicture({ width: 40, height: 20, data: new Uint8Array(40 * 20 * 3) }, 'jpeg', 10);
    const { format, width, height } = await sharp(encoded).metadata();
    expect([format, width, height]).toEqual(['jpeg', 10, 5]);
  });

  it('refuses data that is no picture', async () => {
    const error = await errorOf(encodePicture({ width: 3, height: 3, data: new Uint8Array(10) }, 'png'));
    expect(error?.code).toBe('IMAGE_ENCODE');
  });
});

/** The checksum of PNG chunks (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
