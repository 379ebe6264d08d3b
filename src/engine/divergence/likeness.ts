import type { FloatArray } from '../../graph/ndarray';
import { elementCount } from '../../graph/tensor';
import { spearman } from '../../metrics/statistics';
import type { MapLikeness, VectorLikeness } from '../../protocol/study';
import { channelAxis } from '../maps';

/** Two vectors without length point the same way; one without points nowhere. */
function cosineOf(product: number, squaresA: number, squaresB: number): number {
  if (squaresA === 0 || squaresB === 0) return squaresA === squaresB ? 1 : 0;
  return product / Math.sqrt(squaresA * squaresB);
}

/**
 * Compares the vectors over channels of two arrays of one shape, location by location. Arrays of which nobody knows
 * channels count as one vector.
 */
export function vectorLikeness(a: FloatArray, b: FloatArray): VectorLikeness {
  const { shape } = a;
  const axis = channelAxis(shape);
  const channels = axis === undefined ? a.data.length : shape[axis];
  const inner = axis === undefined ? 1 : elementCount(shape.slice(axis + 1));
  const outer = a.data.length / (channels * inner);
  let [total, lowest, distance, length] = [0, 1, 0, 0];
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let [product, squaresA, squaresB] = [0, 0, 0];
      for (let c = 0; c < channels; c++) {
        const at = (o * channels + c) * inner + i;
        const [x, y] = [a.data[at], b.data[at]];
        product += x * y;
        squaresA += x * x;
        squaresB += y * y;
        distance += (x - y) ** 2;
      }
      length += squaresA;
      const cosine = cosineOf(product, squaresA, squaresB);
      total += cosine;
      lowest = Math.min(lowest, cosine);
    }
  }
  const difference = distance === 0 ? 0 : Math.sqrt(distance / length);
  return { cosine: total / (outer * inner), lowest, difference };
}

const mass = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.abs(values[i]);
  return total;
};

/** Compares two maps of one size. */
export function mapLikeness(a: ArrayLike<number>, b: ArrayLike<number>): MapLikeness {
  const [massA, massB] = [mass(a), mass(b)];
  let moved = 0;
  for (let i = 0; i < a.length; i++) {
    moved += Math.abs((massA === 0 ? 0 : a[i] / massA) - (massB === 0 ? 0 : b[i] / massB));
  }
  return { correlation: spearman(a, b) ?? null, moved: moved / 2 };
}

/** Places that count as the strongest of a map, as a share of all. */
const STRONGEST = 0.1;

/** The share of the strongest places (by magnitude) of one map that are among the strongest of another of its size. */
export function strongestOverlap(a: ArrayLike<number>, b: ArrayLike<number>, share = STRONGEST): number {
  const count = Math.max(1, Math.round(share * a.length));
  const strongest = (values: ArrayLike<number>): Uint32Array =>
    Uint32Array.from({ length: values.length }, (_, at) => at)
      .sort((x, y) => Math.abs(values[y]) - Math.abs(values[x]))
      .subarray(0, count);
  const first = new Set(strongest(a));
  return strongest(b).filter((at) => first.has(at)).length / count;
}
