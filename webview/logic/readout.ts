import type { ScalarMap } from '../../src/protocol';
import type { Point, Size } from './geometry';
import type { Translate } from './l10n';
import { number, percent, signed } from './numbers';
import { placeName } from './pfv-grid';
import { share, sums } from './strongest';

/** One fact about the place pointed at. */
export interface Reading {
  readonly label: string;
  readonly text: string;
  /** A colour to show beside the text. */
  readonly colour?: string;
}

/** What there is to say about a place. */
export interface ReadingSubject {
  /** In pixels of the photograph. */
  readonly photograph?: Point | undefined;
  readonly rgb?: readonly [number, number, number] | undefined;
  /** Location in the model's input. */
  readonly input?: Point | undefined;
  /** Location in the open layer. */
  readonly pfv?: Point | undefined;
  readonly layer?: Size | undefined;
  /** The map the value is read from, raw, and what it is called. */
  readonly map?: ScalarMap | undefined;
  readonly name: string;
}

/** The value of a map at a location, raw. */
const valueAt = (map: ScalarMap, { x, y }: Point): number => map.data[y * map.width + x]!;

export function readings(
  { photograph, rgb, input, pfv, layer, map, name }: ReadingSubject,
  t: Translate,
): readonly Reading[] {
  const facts: Reading[] = [];
  const add = (label: string, text: string): void => void facts.push({ label, text });
  if (photograph && rgb) {
    add(t('photograph'), `${Math.floor(photograph.x)}, ${Math.floor(photograph.y)}`);
    facts.push({ label: 'RGB', text: rgb.join(' '), colour: `rgb(${rgb.join(' ')})` });
  }
  if (input) add(t('input'), `${input.x}, ${input.y}`);
  if (pfv && layer) add('PFV', placeName(layer, pfv));
  const location = pfv ?? input;
  if (map && location) {
    const value = valueAt(map, location);
    add(name, signed(value, 4));
    if (pfv) add(t('share'), percent(share(value, sums(map))));
  }
  return facts;
}

/** The same as one sentence, for screen readers. */
export const sentence = (facts: readonly Reading[]): string =>
  facts.map(({ label, text }) => `${label} ${text}`).join(', ');

/** A number of input pixels. */
export const pixels = (value: number, t: Translate): string => t('{0} px', value === 0 ? '0' : number(value, 2));
