import { rgb } from 'd3-color';
import {
  interpolateBrBG,
  interpolateCividis,
  interpolateGreys,
  interpolateInferno,
  interpolateMagma,
  interpolatePiYG,
  interpolatePRGn,
  interpolatePuOr,
  interpolateRdBu,
  interpolateTurbo,
  interpolateViridis,
} from 'd3-scale-chromatic';

/** Where a value lies on a colour map: diverging maps take −1 to 1 with 0 in the middle, sequential ones 0 to 1. */
export type ColourMapKind = 'diverging' | 'sequential';

export interface ColourMap {
  /** Kept in the view across reloads. */
  readonly id: string;
  readonly title: string;
  readonly kind: ColourMapKind;
  /** CSS colour at t from 0 (lowest value) to 1 (highest). */
  readonly at: (t: number) => string;
}

/** Evidence for the target is the warm end, or green where there is no warm one: where d3 has it at 0, it is turned. */
const turned =
  (interpolate: (t: number) => string) =>
  (t: number): string =>
    interpolate(1 - t);

/** The first of each kind is the default. */
export const colourMaps: readonly ColourMap[] = [
  { id: 'rdbu', title: 'RdBu', kind: 'diverging', at: turned(interpolateRdBu) },
  { id: 'piyg', title: 'PiYG', kind: 'diverging', at: interpolatePiYG },
  { id: 'puor', title: 'PuOr', kind: 'diverging', at: interpolatePuOr },
  { id: 'prgn', title: 'PRGn', kind: 'diverging', at: interpolatePRGn },
  { id: 'brbg', title: 'BrBG', kind: 'diverging', at: turned(interpolateBrBG) },
  { id: 'inferno', title: 'Inferno', kind: 'sequential', at: interpolateInferno },
  { id: 'viridis', title: 'Viridis', kind: 'sequential', at: interpolateViridis },
  { id: 'magma', title: 'Magma', kind: 'sequential', at: interpolateMagma },
  { id: 'cividis', title: 'Cividis', kind: 'sequential', at: interpolateCividis },
  { id: 'turbo', title: 'Turbo', kind: 'sequential', at: interpolateTurbo },
  { id: 'greys', title: 'Greys', kind: 'sequential', at: turned(interpolateGreys) },
];

export const colourMapsOf = (kind: ColourMapKind): readonly ColourMap[] =>
  colourMaps.filter((map) => map.kind === kind);

/** The map of an id, or the default of the kind when the id is unknown or of the other kind. */
export function colourMap(id: string, kind: ColourMapKind): ColourMap {
  const candidates = colourMapsOf(kind);
  return candidates.find((map) => map.id === id) ?? candidates[0]!;
}

/** Odd, so that the middle entry of a diverging map is exactly the colour of 0. */
const steps = 1025;

/** The colours of a map as RGBA bytes, lowest value first, with the opacity of {@link alpha}. */
export function colourTable(map: ColourMap, opacity: number): Uint8ClampedArray {
  const table = new Uint8ClampedArray(4 * steps);
  for (let i = 0; i < steps; i++) {
    const t = i / (steps - 1);
    const { r, g, b } = rgb(map.at(t));
    const magnitude = map.kind === 'diverging' ? Math.abs(2 * t - 1) : t;
    table.set([r, g, b, 255 * alpha(magnitude, opacity)], 4 * i);
  }
  return table;
}

/**
 * Opacity (0 to 1) of a value whose magnitude is the share s of the scale. Below 1 the setting lets the photograph
 * through, weak values first, so that what is near zero does not veil what lies under it: from opacity⁹ at zero up to
 * the setting itself at the end of the scale. The slope at zero is finite: there is no line where the sign changes.
 */
export function alpha(s: number, opacity: number): number {
  const least = opacity ** 8;
  return opacity * (least + (1 - least) * s * (2 - s));
}

/**
 * Paints a map: one RGBA pixel a value. Values beyond ±scale take the end colours, NaN stays transparent; a scale of 0
 * (a map of zeros) gives the colour of 0 everywhere.
 */
export function paint(
  data: Float32Array,
  table: Uint8ClampedArray,
  kind: ColourMapKind,
  scale: number,
  pixels: Uint8ClampedArray,
): void {
  // Four bytes at a time, in the machine's own order on both sides.
  const colours = new Uint32Array(table.buffer, table.byteOffset, steps);
  const target = new Uint32Array(pixels.buffer, pixels.byteOffset, data.length);
  const last = steps - 1;
  const zero = kind === 'diverging' ? last / 2 : 0;
  const slope = scale > 0 ? (last - zero) / scale : 0;
  for (let i = 0; i < data.length; i++) {
    const position = zero + slope * data[i]!;
    // Comparisons with NaN are false: it takes the last branch.
    target[i] = position >= last ? colours[last]! : position <= 0 ? colours[0]! : (colours[Math.round(position)] ?? 0);
  }
}
