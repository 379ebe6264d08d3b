import type { ScalarMap } from '../../src/protocol';
import type { Point } from './geometry';

export interface Strong extends Point {
  readonly value: number;
  /** Of the sum of all values when that is what the map distributes, else of the sum of magnitudes. */
  readonly share: number;
}

export function sums({ data }: ScalarMap): { readonly sum: number; readonly magnitude: number } {
  let sum = 0;
  let magnitude = 0;
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    sum += value;
    magnitude += Math.abs(value);
  }
  return { sum, magnitude };
}

/**
 * A value's share of a map's total. Shares of a sum that nearly cancels (a contrastive map) say nothing, so there the
 * total is the sum of magnitudes, and the share keeps the value's sign.
 */
export function share(value: number, { sum, magnitude }: { readonly sum: number; readonly magnitude: number }): number {
  const total = Math.abs(sum) > 0.1 * magnitude ? sum : magnitude;
  return total === 0 ? 0 : value / total;
}

/** The locations with the largest magnitudes, strongest first. */
export function strongest(map: ScalarMap, most: number): readonly Strong[] {
  const total = sums(map);
  const found: number[] = [];
  const strength = (index: number): number => Math.abs(map.data[index]!);
  for (let i = 0; i < map.data.length; i++) {
    const value = strength(i);
    if (!Number.isFinite(value) || value === 0) continue;
    if (found.length === most && value <= strength(found[most - 1]!)) continue;
    let at = found.length;
    while (at > 0 && strength(found[at - 1]!) < value) at--;
    found.splice(at, 0, i);
    if (found.length > most) found.pop();
  }
  return found.map((index) => {
    const value = map.data[index]!;
    return { x: index % map.width, y: Math.floor(index / map.width), value, share: share(value, total) };
  });
}
