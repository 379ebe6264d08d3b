import { type FloatArray, floatArray } from '../../graph/ndarray';
import { elementCount } from '../../graph/tensor';

/** What of a value is hidden together: all channels of one location. */
export interface Locations {
  /** Shape of the value. */
  readonly shape: readonly number[];
  /** Shape of a mask: the value's, with 1 for the channels. */
  readonly grid: readonly number[];
  readonly count: number;
  /** The axis over channels; undefined where every element is a location. */
  readonly channels: number | undefined;
}

/** Locations of a value; where it has but one (a vector of channels), its elements are hidden one by one. */
export function locationsOf(shape: readonly number[], channels: number | undefined): Locations {
  const grid = shape.map((dim, axis) => (axis === channels ? 1 : dim));
  const count = elementCount(grid);
  if (channels === undefined || count === 1) {
    return { shape, grid: shape, count: elementCount(shape), channels: undefined };
  }
  return { shape, grid, count, channels };
}

/** Flat places of a location's elements: the first, how far apart they are, and how many. */
export interface Strides {
  readonly channels: number;
  readonly stride: number;
  first(location: number): number;
}

export function stridesOf({ shape, channels }: Locations): Strides {
  if (channels === undefined) return { channels: 1, stride: 1, first: (location) => location };
  const stride = elementCount(shape.slice(channels + 1));
  const count = shape[channels];
  return {
    channels: count,
    stride,
    first: (location) => Math.floor(location / stride) * stride * count + (location % stride),
  };
}

/** One number a location, given to each of its elements. */
export function spread(values: ArrayLike<number>, locations: Locations): FloatArray {
  const { channels, stride, first } = stridesOf(locations);
  const data = new Float32Array(locations.count * channels);
  for (let location = 0; location < locations.count; location++) {
    const start = first(location);
    for (let c = 0; c < channels; c++) data[start + c * stride] = values[location];
  }
  return floatArray(data, locations.shape);
}

/** The axes along which locations have neighbours: not that of the batch, unless there is no other. */
export function neighbourAxes({ grid }: Locations): number[] {
  const extended = grid.flatMap((dim, axis) => (dim > 1 ? [axis] : []));
  const inner = extended.filter((axis) => axis > 0);
  return inner.length > 0 ? inner : extended;
}

/** Longer rows are signals, whose single elements mean nothing. */
const LONGEST_ROW = 256;

/** Whether the locations are the columns of a table or the tokens of a text, each of which counts by itself. */
export const isRow = (locations: Locations): boolean =>
  neighbourAxes(locations).length <= 1 && locations.count <= LONGEST_ROW;
