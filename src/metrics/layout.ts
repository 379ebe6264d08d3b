import { PrismError } from '../graph/errors';
import type { FloatArray } from '../graph/ndarray';
import { elementCount } from '../graph/tensor';

/** How the elements of an input are locations and channels: [batch of 1, …, channels, …]. */
export interface Layout {
  readonly shape: readonly number[];
  /** The axis over channels; undefined where every element is a location of its own (tables, tokens). */
  readonly channels: number | undefined;
  /** Sizes of the location axes, e.g. [height, width]. */
  readonly locations: readonly number[];
}

/** The layout of an input whose first axis is the batch, unless it is the only one or the channels. */
export function layoutOf(shape: readonly number[], channels: number | undefined): Layout {
  const batched = shape.length > 1 && channels !== 0;
  const locations = shape.filter((_, axis) => axis !== channels && !(batched && axis === 0));
  return { shape, channels, locations };
}

export const locationCount = ({ locations }: Layout): number => elementCount(locations);

/** Strides of the flat index: element (location, channel) = outer·count·inner + channel·inner + rest. */
function strides({ shape, channels }: Layout): { readonly count: number; readonly inner: number } {
  if (channels === undefined) return { count: 1, inner: elementCount(shape) };
  return { count: shape[channels], inner: elementCount(shape.slice(channels + 1)) };
}

/** The flat indices of all channels of a location. */
export function elementsOf(layout: Layout): (location: number) => Iterable<number> {
  const { count, inner } = strides(layout);
  return function* (location) {
    const first = Math.floor(location / inner) * count * inner + (location % inner);
    for (let channel = 0; channel < count; channel++) yield first + channel * inner;
  };
}

/** Every element multiplied by the factor of its location. */
export function scaleLocations(layout: Layout, input: Float32Array, factors: ArrayLike<number>): Float32Array {
  const { count, inner } = strides(layout);
  return input.map((value, i) => value * factors[Math.floor(i / (count * inner)) * inner + (i % inner)]);
}

const withoutLeadingOnes = (shape: readonly number[], rank: number): readonly number[] => {
  let first = 0;
  while (shape.length - first > rank && shape[first] === 1) first++;
  return shape.slice(first);
};

/**
 * An attribution as one number a location of the input. Channels are summed; a coarser map, as class activation maps
 * are, is interpolated linearly between the centres of its cells (the convention of `align_corners=False`).
 *
 * @param attribution in the input's shape (leading axes of 1 may be missing), or of its locations only
 * @throws PrismError MAP_SHAPE
 */
export function locationsOf({ shape, data }: FloatArray, layout: Layout): Float64Array {
  const { locations, channels } = layout;
  const full = withoutLeadingOnes(layout.shape, 0);
  if (sameShape(withoutLeadingOnes(shape, 0), full)) return sumChannels(data, layout);
  let own = withoutLeadingOnes(shape, locations.length);
  if (own.length === locations.length + 1 && own.at(-1) === 1 && channels === layout.shape.length - 1) {
    own = own.slice(0, -1);
  }
  if (own.length !== locations.length || own.some((dim, axis) => dim > locations[axis] || dim === 0)) {
    throw new PrismError(
      'MAP_SHAPE',
      `the attribution of shape [${shape}] does not fit the input of shape [${layout.shape}]; give it in the input's shape, or as a map of at most [${locations}]`,
      { shape, input: layout.shape },
    );
  }
  return enlarge(Float64Array.from(data), own, locations);
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

function sumChannels(data: Float32Array, layout: Layout): Float64Array {
  const { count, inner } = strides(layout);
  const sums = new Float64Array(locationCount(layout));
  for (let i = 0; i < data.length; i++) sums[Math.floor(i / (count * inner)) * inner + (i % inner)] += data[i];
  return sums;
}

/** Linear interpolation along one axis after the other. */
function enlarge(data: Float64Array, from: readonly number[], to: readonly number[]): Float64Array {
  let current = data;
  const shape = [...from];
  to.forEach((size, axis) => {
    if (shape[axis] === size) return;
    const inner = elementCount(shape.slice(axis + 1));
    current = enlargeAxis(current, shape[axis], size, inner);
    shape[axis] = size;
  });
  return current;
}

function enlargeAxis(data: Float64Array, length: number, size: number, inner: number): Float64Array {
  const outer = data.length / (length * inner);
  const out = new Float64Array(outer * size * inner);
  for (let place = 0; place < size; place++) {
    const at = Math.min(length - 1, Math.max(0, ((place + 0.5) * length) / size - 0.5));
    const low = Math.floor(at);
    const high = Math.min(length - 1, low + 1);
    const share = at - low;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const value =
          data[(o * length + low) * inner + i] * (1 - share) + data[(o * length + high) * inner + i] * share;
        out[(o * size + place) * inner + i] = value;
      }
    }
  }
  return out;
}

/** Locations from the highest value to the lowest; of equal ones the first comes first. */
export const descending = (map: Float64Array): Uint32Array =>
  Uint32Array.from(map.keys()).sort((a, b) => map[b] - map[a] || a - b);

/** Locations from the lowest value to the highest; of equal ones the first comes first. */
export const ascending = (map: Float64Array): Uint32Array =>
  Uint32Array.from(map.keys()).sort((a, b) => map[a] - map[b] || a - b);
