import type { Random } from '../sampling/random';
import { isRow, type Locations, neighbourAxes } from './locations';

/** Coarse cells along one axis, seen through a window that is shifted by less than a cell. */
interface Axis {
  readonly dim: number;
  readonly cells: number;
  /** Where each location lies among the cells, before the shift. */
  readonly scale: number;
  /** Shifts to choose from. */
  readonly shifts: number;
}

/**
 * One axis as the authors' code has it: cells of ⌈dim / s⌉ locations; the coarse grid is stretched to one cell more than
 * needed, by linear interpolation between the middles of cells, and a window of it is taken at a random place. An axis
 * without more locations than cells is not stretched.
 */
function axisOf(dim: number, wanted: number): Axis {
  if (wanted >= dim) return { dim, cells: dim, scale: 1, shifts: 1 };
  const cell = Math.ceil(dim / wanted);
  return { dim, cells: wanted, scale: wanted / ((wanted + 1) * cell), shifts: cell };
}

/** The two cells that a location lies between, and the share of the second. */
function between({ cells, scale }: Axis, position: number): readonly [number, number, number] {
  const at = Math.min(cells - 1, Math.max(0, (position + 0.5) * scale - 0.5));
  const below = Math.floor(at);
  return [below, Math.min(cells - 1, below + 1), at - below];
}

/**
 * Random masks by RISE (Petsiuk, Das, Saenko 2018): coarse grids of cells that are shown with probability p, enlarged
 * smoothly and shifted by a random part of a cell. The batch is not blurred, nor are columns and tokens.
 */
export function* riseMasks(
  locations: Locations,
  cells: number,
  probability: number,
  count: number,
  random: Random,
): Generator<Float32Array> {
  const { grid } = locations;
  const near = isRow(locations) ? [] : neighbourAxes(locations);
  const axes = grid.map((dim, axis) => axisOf(dim, near.includes(axis) ? cells : dim));
  for (let sample = 0; sample < count; sample++) {
    let values = Float64Array.from({ length: axes.reduce((product, axis) => product * axis.cells, 1) }, () =>
      Number(random.uniform() < probability),
    );
    let inner = 1;
    for (let i = axes.length - 1; i >= 0; i--) {
      const axis = axes[i];
      values = stretch(values, axis, inner, axis.shifts > 1 ? Math.floor(random.uniform() * axis.shifts) : 0);
      inner *= axis.dim;
    }
    yield Float32Array.from(values);
  }
}

/** Enlarges one axis of an array whose later axes have `inner` elements. */
function stretch(values: Float64Array, axis: Axis, inner: number, shift: number): Float64Array<ArrayBuffer> {
  const outer = values.length / (axis.cells * inner);
  const out = new Float64Array(outer * axis.dim * inner);
  for (let position = 0; position < axis.dim; position++) {
    const [below, above, share] = between(axis, position + shift);
    for (let o = 0; o < outer; o++) {
      const to = (o * axis.dim + position) * inner;
      const low = (o * axis.cells + below) * inner;
      const high = (o * axis.cells + above) * inner;
      for (let i = 0; i < inner; i++) out[to + i] = (1 - share) * values[low + i] + share * values[high + i];
    }
  }
  return out;
}
