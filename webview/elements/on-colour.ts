import { rgb } from 'd3-color';
import type { ColourMap } from '../logic/colour-maps';

/** How far along a colour map words are coloured: its ends are too dark to read on, and to tell from each other. */
const REACH = 0.85;

/** The luminance on which black and white are told equally well, 4.6 : 1. */
const MIDDLE = 0.179;

/** Light of a part of an sRGB colour. */
const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

/**
 * The colour of a share of the scale, −1 to 1 or 0 to 1, and one to write on it. Shares near zero are transparent, so that
 * the theme's own background shows.
 */
export function onColour({ at, kind }: ColourMap, share: number): { background: string; colour: string } {
  const size = Math.min(1, Math.abs(share));
  const { r, g, b } = rgb(
    kind === 'diverging' ? at(0.5 + 0.5 * REACH * Math.max(-1, Math.min(1, share))) : at(REACH * size),
  );
  if (size < 0.02) return { background: 'transparent', colour: 'inherit' };
  const [red, green, blue] = [r, g, b].map((part) => linear(part / 255)) as [number, number, number];
  const bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue > MIDDLE;
  return { background: `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`, colour: bright ? '#000' : '#fff' };
}
