import { crc32, deflateSync } from 'node:zlib';
import type { ScalarMap } from '../../protocol';

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
  return framed;
}

const LEAST_SIDE = 160;

/** A map as a PNG, red for what is positive and blue for what is negative, small ones enlarged without smoothing. */
export function pngOf({ width, height, data }: ScalarMap): Buffer {
  const scale = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(width, height)));
  const [columns, rows] = [width * scale, height * scale];
  const most = data.reduce((high, value) => Math.max(high, Math.abs(value)), 0) || 1;
  const pixels = Buffer.alloc(rows * (1 + 3 * columns));
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      const value = data[Math.floor(y / scale) * width + Math.floor(x / scale)] / most;
      const pale = Math.round(255 * (1 - Math.abs(value)));
      const at = y * (1 + 3 * columns) + 1 + 3 * x;
      pixels[at] = value >= 0 ? 255 : pale;
      pixels[at + 1] = pale;
      pixels[at + 2] = value >= 0 ? pale : 255;
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(columns, 0);
  head.writeUInt32BE(rows, 4);
  // Eight bits a channel, colours without opacity.
  head.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
