import { getFloat, getInt, int, ints } from '../attributes';
import { dtypeOf } from '../onnx/dtypes';
import { bool } from '../tensor';
import type { Adapter, AdapterContext } from './context';

const heads = { perm: ints([0, 2, 1, 3]) };

/** Repeats the heads of keys or values so that there are as many as queries; each serves neighbours. */
function repeatHeads(value: string, queries: string, c: AdapterContext): string {
  const dims = (of: string, start: number, end: number): string =>
    c.op('Shape', [of], { start: int(start), end: int(end) });
  const times = c.op('Div', [dims(queries, 1, 2), dims(value, 1, 2)]);
  const grid = c.op('Concat', [dims(value, 0, 2), times, dims(value, 2, 4)], { axis: int(0) });
  const repeated = c.op('Expand', [c.op('Unsqueeze', [value, c.ints([2])]), grid]);
  const merged = c.op('Concat', [dims(value, 0, 1), dims(queries, 1, 2), dims(value, 2, 4)], { axis: int(0) });
  return c.op('Reshape', [repeated, merged]);
}

/** Which keys each query may see by its place; undefined when all. Shape [queries, keys], or [batch, 1, …] by lengths. */
function visible(
  queries: string,
  keys: string,
  past: string | undefined,
  lengths: string | undefined,
  causal: boolean,
  window: readonly [number, number],
  c: AdapterContext,
): string | undefined {
  const length = (of: string): string => c.op('Squeeze', [c.op('Shape', [of], { start: int(2), end: int(3) })]);
  const range = (count: string): string => c.op('Range', [c.ints([0], []), count, c.ints([1], [])]);
  const key = range(length(keys)); // [keys]
  const allowed: string[] = [];
  const perSample = lengths && c.op('Reshape', [lengths, c.ints([-1, 1, 1, 1])]);
  if (perSample) allowed.push(c.op('Less', [key, perSample]));
  if (causal || window.some((size) => size >= 0)) {
    let place = c.op('Unsqueeze', [range(length(queries)), c.ints([1])]); // [queries, 1]
    if (past) place = c.op('Add', [place, length(past)]);
    else if (perSample) place = c.op('Add', [place, c.op('Sub', [perSample, length(queries)])]);
    const shifted = (by: number): string => (by === 0 ? place : c.op('Add', [place, c.ints([by], [])]));
    if (causal) allowed.push(c.op('LessOrEqual', [key, place]));
    if (window[0] >= 0) allowed.push(c.op('GreaterOrEqual', [key, shifted(-window[0])]));
    if (window[1] >= 0) allowed.push(c.op('LessOrEqual', [key, shifted(window[1])]));
  }
  return allowed.length > 0 ? allowed.reduce((x, y) => c.op('And', [x, y])) : undefined;
}

/** A mask may end before the keys do; what lies behind its end is not seen. */
function paddedMask(mask: string, keys: string, c: AdapterContext): string {
  const last = c.op('Shape', [mask], { start: int(-1) });
  const missing = c.op('Sub', [c.op('Shape', [keys], { start: int(2), end: int(3) }), last]);
  // A mask of one column is one for all keys.
  const missingHere = c.op('Where', [c.op('Equal', [last, c.ints([1])]), c.ints([0]), missing]);
  const pads = c.op('Concat', [c.ints([0]), missingHere], { axis: int(0) });
  const fill =
    c.dtype(mask) === 'bool' ? c.constant(bool([false], []), 'false') : c.scalar(Number.NEGATIVE_INFINITY, mask);
  return c.op('Pad', [mask, pads, fill, c.ints([-1])]);
}

/**
 * Attention of opsets 23 to 25: softmax(scale · Q Kᵀ, soft-capped, masked) V, with heads apart or in one axis, fewer
 * key heads than query heads, and a cache of keys and values. A query that sees no key gives zeros.
 */
export const attention: Adapter = (node, c) => {
  const [queryIn, keyIn, valueIn, mask, pastKey, pastValue, lengths] = node.inputs.map((input) => input || undefined);
  const [output, presentKey, presentValue, scores] = node.outputs;
  if (!queryIn || !keyIn || !valueIn) {
    c.keep(node);
    return;
  }
  const queryHeads = getInt(node, 'q_num_heads', 0);
  const keyHeads = getInt(node, 'kv_num_heads', 0);
  const joined = queryHeads > 0 && c.rank(queryIn) !== 4;
  const apart = (value: string, count: number): string =>
    joined ? c.op('Transpose', [c.op('Reshape', [value, c.ints([0, 0, count, -1])])], heads) : value;
  const query = apart(queryIn, queryHeads);
  const extend = (value: string, past: string | undefined, present: string | undefined): string => {
    const whole = past ? c.op('Concat', [past, value], { axis: int(2) }) : value;
    if (present) c.output(present, 'Identity', [whole]);
    return whole;
  };
  let key = extend(apart(keyIn, keyHeads), pastKey, presentKey);
  let value = extend(apart(valueIn, keyHeads), pastValue, presentValue);
  const equalHeads = joined
    ? queryHeads === keyHeads
    : c.dim(query, 1) !== undefined && c.dim(query, 1) === c.dim(keyIn, 1);
  if (!equalHeads) {
    key = repeatHeads(key, query, c);
    value = repeatHeads(value, query, c);
  }

  const scale = getFloat(node, 'scale', 0);
  let factor: string;
  if (scale !== 0) factor = c.scalar(Math.sqrt(scale), query);
  else {
    const size = c.op('Squeeze', [c.op('Shape', [query], { start: int(-1) })]);
    factor = c.op('CastLike', [c.op('Sqrt', [c.op('Reciprocal', [c.op('Sqrt', [c.cast(size, 'float32')])])]), query]);
  }
  const transposed = c.op('Transpose', [key], { perm: ints([0, 1, 3, 2]) });
  let score = c.op('MatMul', [c.op('Mul', [query, factor]), c.op('Mul', [transposed, factor])]);
  const mode = getInt(node, 'qk_matmul_output_mode', 0);
  const tell = (stage: number): void => {
    if (scores && mode === stage) c.output(scores, 'Identity', [score]);
  };
  tell(0);
  const cap = getFloat(node, 'softcap', 0);
  if (cap > 0) {
    const limit = c.scalar(cap, query);
    score = c.op('Mul', [c.op('Tanh', [c.op('Div', [score, limit])]), limit]);
  }
  tell(1);
  const window = [getInt(node, 'left_window_size', -1), getInt(node, 'right_window_size', -1)] as const;
  const places = visible(query, key, pastKey, lengths, getInt(node, 'is_causal', 0) !== 0, window, c);
  const hide = (allowed: string): void => {
    score = c.op('Where', [allowed, score, c.scalar(Number.NEGATIVE_INFINITY, query)]);
  };
  if (mask) {
    const whole = c.version >= 24 ? paddedMask(mask, key, c) : mask;
    if (c.dtype(mask) === 'bool') hide(whole);
    else score = c.op('Add', [score, whole]);
  }
  if (places) hide(places);
  tell(2);
  // Only a mask or cache lengths can leave a query without any key.
  const mayBeBlind = mask !== undefined || lengths !== undefined || window.some((size) => size >= 0);
  const blind = mayBeBlind
    ? c.op('Equal', [c.op('ReduceMax', [score, c.ints([-1])]), c.scalar(Number.NEGATIVE_INFINITY, query)])
    : undefined;
  const zero = (): string => c.scalar(0, query);
  if (blind) score = c.op('Where', [blind, zero(), score]);
  const precision = getInt(node, 'softmax_precision', 0);
  const exact = precision > 0 ? c.cast(score, dtypeOf(precision, `the attention ${JSON.stringify(node.name)}`)) : score;
  score = c.op('Softmax', [exact], { axis: int(-1) });
  if (precision > 0) score = c.op('CastLike', [score, query]);
  if (blind) score = c.op('Where', [blind, zero(), score]);
  tell(3);
  if (joined) {
    const result = c.op('Transpose', [c.op('MatMul', [score, value])], heads);
    c.output(output, 'Reshape', [result, c.ints([0, 0, -1])]);
  } else c.output(output, 'MatMul', [score, value]);
};
