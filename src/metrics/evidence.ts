import type { Judged } from './metric';
import { sum } from './statistics';

/** Of a metric that needs a mask: the mask, which is there. */
export const maskOf = ({ mask }: Judged): Uint8Array => mask as Uint8Array;

/** Number of locations of the evidence. */
export const maskSize = (judged: Judged): number => sum(maskOf(judged));

/** Where the mask is empty nothing can be hit: no value, neither a hit nor a miss. */
export const EMPTY_MASK = 'the mask is empty';
export const ZERO_MAP = 'the map is zero everywhere';

/** The sum over all locations, and over those of the mask. */
export function shares(map: Float64Array, mask: Uint8Array, weight: (value: number) => number): [number, number] {
  let [all, inside] = [0, 0];
  map.forEach((value, i) => {
    all += weight(value);
    if (mask[i]) inside += weight(value);
  });
  return [all, inside];
}
