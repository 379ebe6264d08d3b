import { PrismError } from '../../graph/errors';
import type { Graph, ValueInfo } from '../../graph/ir';
import type { NdArray } from '../../graph/ndarray';
import { isFloating } from '../../graph/tensor';
import { fromFloat32, isElementType } from '../../inputs/elements';

/** One array of a cache: what earlier tokens left, and the output that has it with the newer ones. */
export interface CachePart {
  readonly past: ValueInfo;
  readonly present: string;
  /** The axis over tokens. */
  readonly axis: number;
}

const PAST = /past|cache/i;
const PRESENT = /present|cache/i;

/** What is left of a name without the words that tell past from present. */
const kinOf = (name: string): string =>
  name.replace(/past|present|key_values|new|updated|out(put)?|in(put)?/gi, '').replace(/[^0-9a-z]/gi, '');

/** Whether an input holds what earlier tokens left. */
export const isPast = ({ name, dtype, shape }: ValueInfo): boolean =>
  PAST.test(name) && isFloating(dtype) && (shape?.length ?? 0) >= 3;

/** The axis over tokens: the open one; of two, the second, as the first is the batch. */
function tokenAxis({ name, shape = [] }: ValueInfo): number {
  const open = shape.flatMap((dim, axis) => (typeof dim === 'number' ? [] : [axis]));
  const axis = open.at(-1);
  if (axis !== undefined && open.length <= 2) return axis;
  throw new PrismError(
    'CACHE_UNSUPPORTED',
    `the cache ${name} of shape [${shape.map((dim) => dim ?? '?').join(', ')}] does not grow with the text; export the model with a cache of open length, or without one`,
    { input: name },
  );
}

/**
 * The cache of a language model: inputs of past keys and values, and the outputs that prolong them. Empty for a model
 * without one.
 *
 * @throws PrismError CACHE_UNSUPPORTED
 */
export function cacheOf({ inputs, outputs }: Pick<Graph, 'inputs' | 'outputs'>): CachePart[] {
  const pasts = inputs.filter(isPast);
  const presents = outputs.filter(({ name }) => PRESENT.test(name));
  const byKin = new Map(presents.map(({ name }) => [kinOf(name), name]));
  return pasts.map((past, at) => {
    const present = byKin.get(kinOf(past.name)) ?? (presents.length === pasts.length ? presents[at].name : undefined);
    if (present !== undefined) return { past, present, axis: tokenAxis(past) };
    throw new PrismError(
      'CACHE_UNSUPPORTED',
      `the model reads the cache ${past.name}, but no output prolongs it; export it with its present keys and values`,
      { input: past.name },
    );
  });
}

/** The cache before the first token. Throws CACHE_UNSUPPORTED, UNSUPPORTED_TYPE. */
export function emptyCache(past: ValueInfo): NdArray {
  const axis = tokenAxis(past);
  if (!isElementType(past.dtype)) {
    throw new PrismError('UNSUPPORTED_TYPE', `the cache ${past.name} is of type ${past.dtype}`, { input: past.name });
  }
  const shape = (past.shape ?? []).map((dim, at) => (at === axis ? 0 : typeof dim === 'number' ? dim : 1));
  return { dtype: past.dtype, shape, data: fromFloat32(new Float32Array(0), past.dtype) };
}
