import { PrismError } from '../graph/errors';
import { elementCount } from '../graph/tensor';

/** A score as a person writes it: one element of an output, with sums over whole axes. */
export interface Score {
  /** Name of the output. */
  readonly output: string;
  /** One entry an axis, counted from the end if negative; null sums over the axis. */
  readonly index: readonly (number | null)[];
}

/**
 * Reads `OUTPUT[0,4,:,17]`: indices separated by commas, `:` for a sum over the axis. The output's name may hold brackets itself.
 *
 * @throws PrismError BAD_SCORE when the text has another form
 */
export function parseScore(text: string): Score {
  const match = /^(.+)\[([^[\]]*)\]$/s.exec(text.trim());
  const parts = match?.[2].split(',').map((part) => part.trim());
  if (!match || !parts || parts.some((part) => !/^(:|[+-]?\d+)$/.test(part))) {
    throw new PrismError(
      'BAD_SCORE',
      `${JSON.stringify(text)} is no score; write OUTPUT[0,4,:,17], with : for a sum over an axis`,
    );
  }
  return { output: match[1], index: parts.map((part) => (part === ':' ? null : Number(part))) };
}

/** A mask over positions: element (row-major) ≠ 0 counts with its value. */
export interface Region {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/**
 * The weights of a score: 1 at the elements it sums, 0 elsewhere, times the region's mask, row-major in the output's
 * shape. The mask's axes are the output's last ones; an axis of length 1 applies to all.
 *
 * @param index one entry an axis of the output; null sums over it
 * @throws PrismError TARGET_OUT_OF_RANGE, SHAPE_MISMATCH
 */
export function scoreWeights(
  shape: readonly number[],
  index: readonly (number | null)[],
  region?: Region,
): Float32Array {
  if (index.length !== shape.length) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `the score has ${index.length} indices, the output of shape [${shape}] has ${shape.length} axes`,
    );
  }
  const chosen = index.map((entry, axis) => {
    if (entry === null) return null;
    const place = entry < 0 ? entry + shape[axis] : entry;
    if (place < 0 || place >= shape[axis]) {
      throw new PrismError(
        'TARGET_OUT_OF_RANGE',
        `index ${entry} of axis ${axis} is outside the output of shape [${shape}]; it can be 0 to ${shape[axis] - 1}`,
      );
    }
    return place;
  });
  const maskAt = region ? regionReader(shape, region) : () => 1;
  const weights = new Float32Array(elementCount(shape));
  const place = new Array<number>(shape.length).fill(0);
  const fill = (axis: number, offset: number): void => {
    if (axis === shape.length) {
      weights[offset] = maskAt(place);
      return;
    }
    const only = chosen[axis];
    for (let i = only ?? 0; i < (only === null ? shape[axis] : only + 1); i++) {
      place[axis] = i;
      fill(axis + 1, offset * shape[axis] + i);
    }
  };
  fill(0, 0);
  return weights;
}

function regionReader(shape: readonly number[], region: Region): (place: readonly number[]) => number {
  const first = shape.length - region.shape.length;
  if (first < 0 || region.shape.some((dim, axis) => dim !== 1 && dim !== shape[first + axis])) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `the region of shape [${region.shape}] does not fit the last axes of the output of shape [${shape}]`,
    );
  }
  return (place) => {
    let flat = 0;
    region.shape.forEach((dim, axis) => {
      flat = flat * dim + (dim === 1 ? 0 : place[first + axis]);
    });
    return region.values[flat];
  };
}
