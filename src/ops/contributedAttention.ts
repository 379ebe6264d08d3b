import { getFloat, getInt, getInts, int } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { castTo, unsupported } from './common';
import type { Expansion, Expansions } from './rule';

/** Attention as onnxruntime's optimisers and model builders write it. */

const lowest = (node: Node): number => getFloat(node, 'mask_filter_value', -10000);

/** [batch, length, heads·size] → [batch, heads, length, size]. */
function byHeads(b: Builder, x: string, heads: number): string {
  const [batch, length, width] = b.shape(x);
  return b.transpose(b.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, length, size] → [batch, length, heads·size]. */
function together(b: Builder, x: string): string {
  const [batch, heads, length, size] = b.shape(x);
  return b.reshape(b.transpose(x, [0, 2, 1, 3]), [batch, length, heads * size]);
}

const concat = (b: Builder, values: readonly string[], axis: number): string =>
  b.op('Concat', values, { axis: int(axis) });

/** Keys and values of `heads` heads, [batch, heads, positions, size], or such a value behind what was cached of it. */
const behind = (b: Builder, past: string | undefined, x: string): string => (past ? concat(b, [past, x], 2) : x);

/** The keys that a query may not look at, [1, 1, queries, keys], by their distances. */
function hidden(b: Builder, queries: number, keys: number, isHidden: (distance: number) => boolean): string {
  const past = keys - queries;
  const masks = Array.from({ length: queries * keys }, (_, i) => isHidden(Math.floor(i / keys) + past - (i % keys)));
  return b.bools(masks, [1, 1, queries, keys]);
}

/** Attention over heads: q, k and v [batch, heads, length, size]; `bias` is added to the scores. */
function attend(b: Builder, node: Node, q: string, k: string, v: string, bias: readonly string[]): string {
  const [, , length, size] = b.shape(q);
  const positions = b.shape(k)[2];
  const scale = getFloat(node, 'scale', 0) || 1 / Math.sqrt(size);
  let scores = b.scale(b.matmul(q, b.transpose(k, [0, 1, 3, 2])), scale);
  for (const term of bias) scores = b.add(scores, term);
  if (getInt(node, 'unidirectional', 0) === 1) {
    const later = hidden(b, length, positions, (distance) => distance < 0);
    scores = b.op('Where', [later, b.float(lowest(node), b.dtype(q)), scores]);
  }
  return b.matmul(b.op('Softmax', [scores], { axis: int(-1) }), v);
}

/** Positions from `first` to before `end` of each sample, both [batch], as a mask [batch, positions]. */
function between(b: Builder, first: string | undefined, end: string, positions: number): string {
  const places = b.ints(
    Array.from({ length: positions }, (_, i) => i),
    [1, positions],
  );
  const column = (x: string): string => b.reshape(castTo(b, x, 'int64'), [b.shape(x)[0], 1]);
  const before = b.op('Less', [places, column(end)]);
  return first ? b.op('And', [before, b.op('GreaterOrEqual', [places, column(first)])]) : before;
}

/**
 * What a mask adds to the scores. It says which positions are kept, [batch, positions] or [batch, queries, positions],
 * or where those of each sample end, [batch], and where they begin, [2·batch].
 */
function masked(b: Builder, node: Node, mask: string | undefined, like: string, positions: number): string[] {
  if (!mask) return [];
  const [batch] = b.shape(like);
  const shape = b.shape(mask);
  let kept = mask;
  if (shape.length === 1 && shape[0] === batch) kept = between(b, undefined, mask, positions);
  else if (shape.length === 1 && shape[0] === 2 * batch) {
    kept = between(b, b.slice(mask, [0], [batch], [2 * batch]), b.slice(mask, [0], [0], [batch]), positions);
  }
  const [first, ...rest] = b.shape(kept);
  if (rest.at(-1) !== positions || rest.length > 2)
    throw unsupported(node, 'mask', `its shape [${shape}] is not [batch, positions] or [batch, queries, positions]`);
  const spread = b.reshape(castTo(b, kept, b.dtype(like)), [first, 1, ...(rest.length === 1 ? [1] : []), ...rest]);
  return [b.scale(b.sub(b.float(1, b.dtype(like)), spread), lowest(node))];
}

const multiHeadAttention: Expansion = (node, b) => {
  const [query, key, value, bias, mask, scoreBias, pastKey, pastValue, pastLength] = node.inputs;
  const heads = getInt(node, 'num_heads', 1);
  if (!key || !value) throw unsupported(node, 'key', 'packed inputs are not treated');
  if (pastLength || node.outputs[3]) throw unsupported(node, 'past_sequence_length', 'buffers are not treated');
  const widths = [query, key, value].map((x) => b.shape(x).at(-1) as number);
  let start = 0;
  const [q, k, v] = [query, key, value].map((x, i) => {
    const from = start;
    start += widths[i];
    if (b.rank(x) === 4) return x;
    return byHeads(b, bias ? b.add(x, b.slice(bias, [0], [from], [start])) : x, heads);
  });
  const [keys, values] = [behind(b, pastKey, k), behind(b, pastValue, v)];
  const terms = masked(b, node, mask, query, b.shape(keys)[2]);
  const mixed = attend(b, node, q, keys, values, scoreBias ? [...terms, scoreBias] : terms);
  return [together(b, mixed), keys, values];
};

const attention: Expansion = (node, b) => {
  const [x, weights, bias, mask, past, scoreBias, pastLength] = node.inputs;
  const heads = getInt(node, 'num_heads', 1);
  if (pastLength) throw unsupported(node, 'past_sequence_length', 'buffers are not treated');
  if (getInt(node, 'do_rotary', 0) === 1) throw unsupported(node, 'do_rotary', 'its angles are not inputs');
  const third = b.shape(weights)[1] / 3;
  const sizes = getInts(node, 'qkv_hidden_sizes') ?? [third, third, third];
  const product = b.matmul(x, weights);
  const projected = bias ? b.add(product, bias) : product;
  const [q, k, v] = b
    .ops('Split', [projected, b.ints(sizes)], 3, { axis: int(2) })
    .map((part) => byHeads(b, part, heads));
  // Keys and values lie one behind the other in what was cached: [2, batch, heads, positions, size].
  const cached = (index: number): string | undefined =>
    past && b.reshape(b.slice(past, [0], [index], [index + 1]), b.shape(past).slice(1));
  const [keys, values] = [behind(b, cached(0), k), behind(b, cached(1), v)];
  const terms = masked(b, node, mask, x, b.shape(keys)[2]);
  const mixed = attend(b, node, q, keys, values, scoreBias ? [...terms, scoreBias] : terms);
  if (!node.outputs[1]) return [together(b, mixed)];
  const present = [keys, values].map((value) => b.reshape(value, [1, ...b.shape(value)]));
  return [together(b, mixed), concat(b, present, 0)];
};

/**
 * Pairs of features turned by the angles given (https://arxiv.org/abs/2104.09864).
 *
 * @param x [batch, heads, length, size]
 * @param cos of the angles, and `sin`: [batch or 1, 1, length, half of the features that are turned]
 */
function rotated(b: Builder, x: string, cos: string, sin: string, interleaved: boolean): string {
  const size = b.shape(x)[3];
  const half = b.shape(cos)[3];
  const cut = (start: number, end: number, step = 1): string => b.slice(x, [3], [start], [end], [step]);
  const [first, second] = interleaved
    ? [cut(0, 2 * half, 2), cut(1, 2 * half, 2)]
    : [cut(0, half), cut(half, 2 * half)];
  const real = b.sub(b.mul(first, cos), b.mul(second, sin));
  const imaginary = b.add(b.mul(first, sin), b.mul(second, cos));
  let turned: string;
  if (interleaved) {
    const shape = b.shape(real);
    const pairs = [real, imaginary].map((part) => b.reshape(part, [...shape, 1]));
    turned = b.reshape(concat(b, pairs, 4), [...shape.slice(0, 3), 2 * half]);
  } else turned = concat(b, [real, imaginary], 3);
  return size === 2 * half ? turned : concat(b, [turned, cut(2 * half, size)], 3);
}

/** Rows of a cache of angles for positions [1] (the first one's) or [batch, length], as {@link rotated} takes them. */
function angles(b: Builder, cache: string, positions: string | undefined, length: number): string {
  const half = b.shape(cache)[1];
  const steps = b.ints(
    Array.from({ length }, (_, i) => i),
    [1, length],
  );
  let places = steps;
  if (positions) places = b.rank(positions) === 2 ? positions : b.add(b.reshape(positions, [1, 1]), steps);
  const rows = b.op('Gather', [cache, places], { axis: int(0) });
  return b.reshape(rows, [b.shape(places)[0], 1, length, half]);
}

const rotaryEmbedding: Expansion = (node, b) => {
  const [x, positions, cos, sin] = node.inputs;
  if (getInt(node, 'is_packed_batching', 0) === 1) throw unsupported(node, 'is_packed_batching', 'it is not treated');
  const isFlat = b.rank(x) === 3;
  const width = b.shape(x).at(-1) as number;
  const heads = getInt(node, 'num_heads', 0) || width / (2 * b.shape(cos)[1]);
  const whole = isFlat ? byHeads(b, x, heads) : x;
  const length = b.shape(whole)[2];
  const turned = rotated(
    b,
    whole,
    angles(b, cos, positions, length),
    angles(b, sin, positions, length),
    getInt(node, 'interleaved', 0) === 1,
  );
  return [isFlat ? together(b, turned) : turned];
};

/** Each head as often as queries share it: [batch, heads, length, size] → [batch, heads·times, length, size]. */
function repeatHeads(b: Builder, x: string, times: number): string {
  const [batch, heads, length, size] = b.shape(x);
  const spread = b.expand(b.reshape(x, [batch, heads, 1, length, size]), [batch, heads, times, length, size]);
  return b.reshape(spread, [batch, heads * times, length, size]);
}

/** Inputs of GroupQueryAttention behind those for its keys, by their places. */
const UNTREATED: Readonly<Record<number, string>> = { 11: 'head_sink', 12: 'k_scale', 13: 'v_scale' };

/** A whole text at once, without what was cached of an earlier part: queries look back, several share a head. */
const groupQueryAttention: Expansion = (node, b) => {
  const [query, key, value, pastKey, , , , cos, sin, positions, scoreBias] = node.inputs;
  const heads = getInt(node, 'num_heads', 1);
  const shared = getInt(node, 'kv_num_heads', 1);
  for (const [place, name] of Object.entries(UNTREATED)) {
    if (node.inputs[Number(place)]) throw unsupported(node, name, 'it is not treated');
  }
  if (getInt(node, 'smooth_softmax', 0) === 1) throw unsupported(node, 'smooth_softmax', 'it is not treated');
  if (node.outputs[3]) throw unsupported(node, 'output_qk', 'it is not treated');
  if (pastKey && b.shape(pastKey)[2] > 0) {
    throw unsupported(node, 'past_key', 'the text is explained as a whole: feed all of it and an empty cache');
  }
  const [, length, width] = b.shape(query);
  let parts: readonly string[];
  if (key && value) parts = [byHeads(b, query, heads), byHeads(b, key, shared), byHeads(b, value, shared)];
  else {
    const size = width / (heads + 2 * shared);
    const widths = b.ints([heads * size, shared * size, shared * size]);
    const cut = b.ops('Split', [query, widths], 3, { axis: int(2) });
    parts = cut.map((part, i) => byHeads(b, part, i === 0 ? heads : shared));
  }
  const turn = (x: string): string => {
    if (getInt(node, 'do_rotary', 0) === 0) return x;
    const interleaved = getInt(node, 'rotary_interleaved', 0) === 1;
    return rotated(b, x, angles(b, cos, positions, length), angles(b, sin, positions, length), interleaved);
  };
  const [q, k, v] = [turn(parts[0]), turn(parts[1]), parts[2]];
  const scale = getFloat(node, 'scale', 0) || 1 / Math.sqrt(b.shape(q)[3]);
  let scores = b.scale(b.matmul(q, b.transpose(repeatHeads(b, k, heads / shared), [0, 1, 3, 2])), scale);
  const cap = getFloat(node, 'softcap', 0);
  if (cap > 0) scores = b.scale(b.op('Tanh', [b.scale(scores, 1 / cap)]), cap);
  if (scoreBias) scores = b.add(scores, scoreBias);
  const window = getInt(node, 'local_window_size', -1);
  const outside = hidden(b, length, length, (distance) => distance < 0 || (window > 0 && distance >= window));
  scores = b.op('Where', [outside, b.float(-65504, b.dtype(q)), scores]);
  const mixed = b.matmul(b.op('Softmax', [scores], { axis: int(-1) }), repeatHeads(b, v, heads / shared));
  return [together(b, mixed), k, v];
};

/** Attention operators of onnxruntime's own domain. */
export const attentions: Expansions = [
  ['com.microsoft:Attention', attention],
  ['com.microsoft:MultiHeadAttention', multiHeadAttention],
  ['com.microsoft:GroupQueryAttention', groupQueryAttention],
  ['com.microsoft:RotaryEmbedding', rotaryEmbedding],
];
