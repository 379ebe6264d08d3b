import type { Judged } from './metric';
import { sum } from './statistics';

/** Of a metric that needs a mask: the mask, which is there. */
export const maskOf = ({ mask }: Judged): Uint8Array => mask as Uint8Array;

/** Number of locations of the evidence. */
export const maskSize = (judged: Judged): number => sum(maskOf(judged));

/** Where the mask is empty nothing can be hit: no value, neither a hit nor a miss. */
export const EMPTY_MASK = 'the mask is empty';
export const ZERO_MAP = 'the map is zero everywhere';
/** Where all locations are alike, none is the highest. */
export const FLAT_MAP = 'the map is the same everywhere';
export const isFlat = ({ map }: Judged): boolean => map.every((value) => value === map[0]);

/** The sum over all locations, and over those of the mask. */
export function shares(map: Float64Array, mask: Uint8Array, weight: (value: number) => number): [number, number] {
  let [all, inside] = [0, 0];
  map.forEach((value, i) => {
    all += weight(value);
    if (mask[i]) inside += weight(value);
  });
  return [all, inside];
}
