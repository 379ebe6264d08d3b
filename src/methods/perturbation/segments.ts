import { PrismError } from '../../graph/errors';
import type { FloatArray } from '../../graph/ndarray';
import type { OptionSpec, Options, Runtime } from '../method';
import { isRow, type Locations, locationsOf, neighbourAxes, stridesOf } from './locations';
import { superpixels } from './superpixels';

/** Locations taken together as features. */
export interface Segments {
  readonly locations: Locations;
  /** The feature of each location. */
  readonly of: Int32Array;
  /** How many features there are; they are numbered from 0. */
  readonly count: number;
}

/** Options that say what counts as one feature. */
export const segmentOptions: readonly OptionSpec[] = [
  {
    key: 'segments',
    title: 'Segments',
    help: 'What counts as one feature. auto: superpixels of a picture, single columns of a table, single tokens, blocks of anything else. Or an .npy file with a whole number for every location: equal numbers belong together.',
    type: 'file',
    default: 'auto',
    choices: ['auto'],
  },
  {
    key: 'features',
    title: 'Features',
    help: 'About how many superpixels or blocks are made when no file says what they are.',
    type: 'integer',
    default: 50,
    min: 2,
    max: 10000,
  },
];

/**
 * The features that the options ask for.
 *
 * @param channels the axis over channels, if the value has one
 * @throws PrismError SHAPE_MISMATCH when the segments of a file do not fit, BAD_OPTION when they are no whole numbers
 */
export function segmentsOf(x: FloatArray, channels: number | undefined, options: Options, runtime: Runtime): Segments {
  const locations = locationsOf(x.shape, channels);
  const file = options.segments as string;
  if (file !== 'auto') return segmentsFrom(file, x, locations, runtime);
  const wanted = options.features as number;
  if (isRow(locations) || locations.count <= wanted) return singly(locations);
  const picture = pictureOf(x, locations);
  return { locations, ...compact(picture ? superpixels(picture, wanted) : blocks(locations, wanted)) };
}

/** Every location a feature. */
const singly = (locations: Locations): Segments => ({
  locations,
  of: Int32Array.from({ length: locations.count }, (_, location) => location),
  count: locations.count,
});

function segmentsFrom(file: string, x: FloatArray, locations: Locations, runtime: Runtime): Segments {
  const { data, shape } = runtime.readArray(file);
  if (data.some((id) => !Number.isInteger(id))) {
    throw new PrismError('BAD_OPTION', `${file} holds fractions; segments are whole numbers`, { option: 'segments' });
  }
  if (data.length === locations.count) return { locations, ...compact(data) };
  // Segments may tell channels apart, too.
  if (data.length === x.data.length) return { locations: locationsOf(x.shape, undefined), ...compact(data) };
  throw new PrismError(
    'SHAPE_MISMATCH',
    `the segments of ${file} have shape [${shape}]; what is explained has locations of shape [${locations.grid}]`,
    { file },
  );
}

/** Identifiers renumbered from 0, in their own order. */
function compact(ids: ArrayLike<number>): Pick<Segments, 'of' | 'count'> {
  const used = [...new Set(Array.from(ids))].sort((a, b) => a - b);
  const place = new Map(used.map((id, index) => [id, index]));
  return { of: Int32Array.from(ids, (id) => place.get(id) as number), count: used.length };
}

/** The value as a picture: two axes of locations, and as few channels as colours have. */
function pictureOf({ data }: FloatArray, locations: Locations) {
  const axes = neighbourAxes(locations);
  const { channels, stride, first } = stridesOf(locations);
  if (axes.length !== 2 || locations.grid[0] > 1 || channels > 4) return undefined;
  const planes = Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: locations.count }, (_, location) => data[first(location) + c * stride]),
  );
  const [height, width] = axes.map((axis) => locations.grid[axis]);
  return { width, height, channels: planes };
}

/** Blocks of neighbours, about so many; they do not reach across the batch. */
function blocks(locations: Locations, wanted: number): Int32Array {
  const { grid } = locations;
  const axes = neighbourAxes(locations);
  const cells = grid.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  // Cuts the axis whose blocks are the longest for as long as there are too few of them.
  for (;;) {
    const axis = axes.reduce((longest, other) =>
      grid[other] / cells[other] > grid[longest] / cells[longest] ? other : longest,
    );
    const more = (cells.reduce((product, count) => product * count, 1) / cells[axis]) * (cells[axis] + 1);
    if (more > Math.max(wanted, 2) || cells[axis] === grid[axis]) break;
    cells[axis]++;
  }
  return Int32Array.from({ length: locations.count }, (_, location) => {
    let rest = location;
    let block = 0;
    let scale = 1;
    for (let axis = grid.length - 1; axis >= 0; axis--) {
      const at = rest % grid[axis];
      rest = Math.floor(rest / grid[axis]);
      block += scale * Math.floor((at * cells[axis]) / grid[axis]);
      scale *= cells[axis];
    }
    return block;
  });
}

/** What is known of each feature, given to each of its locations: a map, or a mask. */
export function perLocation({ of }: Segments, values: ArrayLike<number>): Float32Array {
  const out = new Float32Array(of.length);
  for (let location = 0; location < out.length; location++) out[location] = values[of[location]];
  return out;
}
