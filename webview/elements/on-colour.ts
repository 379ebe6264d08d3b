import { rgb } from 'd3-color';
import type { ColourMap } from '../logic/colour-maps';

/** How far along a colour map words are coloured: its ends are too dark to read on, and to tell from each other. */
const REACH = 0.85;

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
  const bright = 0.299 * r + 0.587 * g + 0.114 * b > 140;
  return { background: `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`, colour: bright ? '#000' : '#fff' };
}
