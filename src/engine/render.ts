import { rgb } from 'd3-color';
import { interpolateInferno, interpolateRdBu } from 'd3-scale-chromatic';
import sharp from 'sharp';
import type { Photograph, ScalarMap } from '../protocol';

/** Presentation only: raw maps of strided networks carry a checkerboard. As a share of the map's width. */
const SMOOTHING = 0.01;
/** How much of the photograph the strongest relevance hides. */
const OPACITY = 0.85;
/** The palette is pale around 0 and dark at its ends; over a photograph transparency tells sizes, colours only signs. */
const PALEST = 0.4;
const DARKEST = 0.8;
/** How much of its own colour the photograph keeps under the map. */
const SATURATION = 0.4;
/** A map without a photograph is enlarged to at least so many pixels. */
const SMALLEST_SIDE = 448;

/** A colour for each of 256 steps from −1 to 1 (signed) or 0 to 1. */
export type Palette = Uint8Array;

/** Red speaks for the score, blue against it; an unsigned map goes from black to yellow. */
export function palette(signed: boolean): Palette {
  const colours = new Uint8Array(3 * 256);
  for (let step = 0; step < 256; step++) {
    const { r, g, b } = rgb(signed ? interpolateRdBu(1 - step / 255) : interpolateInferno(step / 255));
    colours.set([r, g, b], 3 * step);
  }
  return colours;
}

/** The largest absolute value; 1 for a map of zeros, so that it can be divided by. */
export function scaleOf({ data }: ScalarMap): number {
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  return largest || 1;
}

/** Place of a value, as a share of the scale, in a palette. */
export const stepOf = (share: number, signed: boolean): number =>
  Math.round(255 * Math.min(1, Math.max(0, signed ? (share + 1) / 2 : share)));

/** The colour of a share of the scale to write on, pale for little, and whether that is dark. */
export function colourOf(share: number, signed: boolean): { background: readonly number[]; dark: boolean } {
  const colours = signed
    ? rgb(interpolateRdBu(0.5 - 0.4 * Math.max(-1, Math.min(1, share))))
    : rgb(interpolateInferno(1 - 0.6 * Math.max(0, Math.min(1, share))));
  const { r, g, b } = colours;
  return { background: [r, g, b].map(Math.round), dark: 0.299 * r + 0.587 * g + 0.114 * b < 128 };
}

/** The map smoothed by a Gaussian of a standard deviation in its own pixels; borders repeat. */
export function smooth(map: ScalarMap, sigma: number): ScalarMap {
  if (sigma < 0.25) return map;
  const reach = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const { width, height } = map;
  const pass = (data: Float32Array, length: number, at: (line: number, place: number) => number): Float32Array => {
    const out = new Float32Array(data.length);
    for (let line = 0; line < data.length / length; line++) {
      for (let place = 0; place < length; place++) {
        let sum = 0;
        for (let k = -reach; k <= reach; k++) {
          const from = Math.min(length - 1, Math.max(0, place + k));
          sum += kernel[k + reach] * data[at(line, from)];
        }
        out[at(line, place)] = sum / total;
      }
    }
    return out;
  };
  const rows = pass(map.data, width, (y, x) => y * width + x);
  return { width, height, data: pass(rows, height, (x, y) => y * width + x) };
}

/** The map's value at a place given in its pixels, interpolated between their centres. */
export function sample({ width, height, data }: ScalarMap, x: number, y: number): number {
  const left = Math.min(width - 1, Math.max(0, x - 0.5));
  const top = Math.min(height - 1, Math.max(0, y - 0.5));
  const [x0, y0] = [Math.floor(left), Math.floor(top)];
  const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
  const [across, down] = [left - x0, top - y0];
  const upper = data[y0 * width + x0] * (1 - across) + data[y0 * width + x1] * across;
  const lower = data[y1 * width + x0] * (1 - across) + data[y1 * width + x1] * across;
  return upper * (1 - down) + lower * down;
}

interface Painted {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The map over the part of the photograph that the model saw. */
async function overPhotograph(photograph: Photograph, map: ScalarMap, signed: boolean): Promise<Painted> {
  const { data, info } = await sharp(photograph.encoded)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const out = Uint8Array.from(data);
  const smoothed = smooth(map, SMOOTHING * map.width);
  const scale = scaleOf(smoothed);
  const colours = palette(signed);
  const ratio = photograph.width / width;
  const view = photograph.viewport;
  for (let y = 0; y < height; y++) {
    const row = (((y + 0.5) * ratio - view.y) / view.height) * map.height;
    if (row < 0 || row > map.height) continue;
    for (let x = 0; x < width; x++) {
      const column = (((x + 0.5) * ratio - view.x) / view.width) * map.width;
      if (column < 0 || column > map.width) continue;
      const share = sample(smoothed, column, row) / scale;
      const size = Math.min(1, Math.abs(share));
      const opacity = OPACITY * size ** 0.7;
      const colour = 3 * stepOf(Math.sign(share) * (PALEST + (DARKEST - PALEST) * size), signed);
      const at = 3 * (y * width + x);
      const grey = (1 - SATURATION) * (0.299 * out[at] + 0.587 * out[at + 1] + 0.114 * out[at + 2]);
      for (let c = 0; c < 3; c++) {
        const faded = grey + SATURATION * out[at + c];
        out[at + c] = Math.round(faded * (1 - opacity) + colours[colour + c] * opacity);
      }
    }
  }
  return { width, height, data: out };
}

/** The map alone, its pixels enlarged to squares. */
function alone(map: ScalarMap, signed: boolean, smallest: number): Painted {
  const factor = Math.max(1, Math.ceil(smallest / Math.max(map.width, map.height)));
  const [width, height] = [map.width * factor, map.height * factor];
  const scale = scaleOf(map);
  const colours = palette(signed);
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = map.data[Math.floor(y / factor) * map.width + Math.floor(x / factor)];
      const colour = 3 * stepOf(value / scale, signed);
      data.set(colours.subarray(colour, colour + 3), 3 * (y * width + x));
    }
  }
  return { width, height, data };
}

interface Drawing {
  readonly photograph?: Photograph | undefined;
  readonly caption?: string;
  readonly smallest?: number;
}

/**
 * A map as a PNG file, over the photograph where there is one. Colours are centred on 0 and reach to the largest
 * absolute value.
 *
 * `caption` says what the map is of and is kept in the file's metadata; a map without a photograph is enlarged to at
 * least `smallest` pixels.
 */
export async function renderMap(map: ScalarMap, signed: boolean, drawing: Drawing = {}): Promise<Uint8Array> {
  const { photograph, caption, smallest = SMALLEST_SIDE } = drawing;
  const { width, height, data } = photograph
    ? await overPhotograph(photograph, map, signed)
    : alone(map, signed, smallest);
  const picture = sharp(data, { raw: { width, height, channels: 3 } }).png();
  return (caption ? picture.withExif({ IFD0: { ImageDescription: caption } }) : picture).toBuffer();
}
