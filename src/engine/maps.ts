import { PrismError } from '../graph/errors';
import type { FloatArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';
import type { ScalarMap } from '../protocol';

/**
 * A map of locations as rows and columns: [h, w] as it is, one axis as a row, more axes one under the other, leading
 * ones of size 1 dropped.
 */
export function mapOfLocations({ shape, data }: FloatArray): ScalarMap {
  const width = shape.at(-1) ?? 1;
  return { width, height: data.length / width, data };
}

/** The map of a layer. Throws PFV_UNKNOWN_LAYER. */
export function layerMap(maps: ReadonlyMap<string, FloatArray> | undefined, layer: string): ScalarMap {
  const map = maps?.get(layer);
  if (map) return mapOfLocations(map);
  throw new PrismError('PFV_UNKNOWN_LAYER', `this explanation has no layer ${layer}`, { value: layer });
}

/**
 * An attribution of values with channels as one number a location: summed over channels, of a batch the first item.
 *
 * @param channels the axis over channels; undefined when there is none
 */
export function sumChannels({ shape, data }: FloatArray, channels: number | undefined): ScalarMap {
  if (channels === undefined) return mapOfLocations({ dtype: 'float32', shape, data });
  const batched = channels > 0 && shape.length > 2;
  const outer = elementCount(shape.slice(batched ? 1 : 0, channels));
  const count = shape[channels];
  const inner = elementCount(shape.slice(channels + 1));
  const sums = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      const start = (o * count + c) * inner;
      for (let i = 0; i < inner; i++) sums[o * inner + i] += data[start + i];
    }
  }
  const locations = [...shape.slice(batched ? 1 : 0, channels), ...shape.slice(channels + 1)];
  const width = locations.at(-1) ?? 1;
  return { width, height: sums.length / width, data: sums };
}

/** The axis over channels of a value nobody described: the second of an image or signal, the last of tokens. */
export function channelAxis(shape: readonly unknown[]): number | undefined {
  if (shape.length >= 4) return 1;
  return shape.length >= 2 ? shape.length - 1 : undefined;
}

/** A map as it is shown: from its smallest value on where only differences within it mean something. */
export function asShown(map: ScalarMap, relative = false): ScalarMap {
  if (!relative) return map;
  const { min } = statistics(map.data);
  return { ...map, data: map.data.map((value) => value - min) };
}

/** Sum and range of a map. */
export function statistics(data: Float32Array): { sum: number; min: number; max: number } {
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of data) {
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return data.length > 0 ? { sum, min, max } : { sum: 0, min: 0, max: 0 };
}
