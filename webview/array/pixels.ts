import type { ArrayPicture } from '../../src/protocol/array';
import { type ColourMap, colourTable, paint } from '../logic/colour-maps';

/** The values between which the colours run. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The planes as numbers. */
export function planesOf({ data, element, planes, width, height }: ArrayPicture): Float32Array[] {
  // A view of floats must begin at a multiple of four bytes.
  const values = element === 'uint8' ? data : new Float32Array(data.slice().buffer);
  const area = width * height;
  return Array.from({ length: planes }, (_, plane) =>
    Float32Array.from(values.subarray(plane * area, (plane + 1) * area)),
  );
}

/** What NaN and the infinities are shown in, where greys or a colour map leave them unseen. */
const odd = { nan: [255, 0, 255], positive: [255, 120, 0], negative: [0, 160, 255] } as const;

const oddColour = (value: number): readonly number[] | undefined => {
  if (Number.isFinite(value)) return undefined;
  if (Number.isNaN(value)) return odd.nan;
  return value > 0 ? odd.positive : odd.negative;
};

/** Three planes (a fourth is opacity, and left out) as colours, or one by a colour map. */
export function pixelsOf(
  planes: readonly Float32Array[],
  colours: ColourMap,
  { low, high }: Range,
): Uint8ClampedArray<ArrayBuffer> {
  const [first] = planes;
  const area = first?.length ?? 0;
  const pixels = new Uint8ClampedArray(4 * area);
  if (!first) return pixels;
  if (planes.length >= 3) {
    const scale = high > low ? 255 / (high - low) : 0;
    for (let i = 0; i < area; i++) {
      for (let k = 0; k < 3; k++) pixels[4 * i + k] = (planes[k]![i]! - low) * scale;
      pixels[4 * i + 3] = 255;
    }
  } else {
    const diverging = colours.kind === 'diverging';
    const shifted = diverging ? first : first.map((value) => value - low);
    const scale = diverging ? Math.max(Math.abs(low), Math.abs(high)) : high - low;
    paint(shifted, colourTable(colours, 1), colours.kind, scale, pixels);
  }
  for (let i = 0; i < area; i++) {
    const colour = planes.map((plane) => oddColour(plane[i]!)).find((found) => found !== undefined);
    if (colour) pixels.set([...colour, 255], 4 * i);
  }
  return pixels;
}
