import { getFloat, getInt, getString, int, ints, omit } from '../attributes';
import { attention } from './attention';
import type { Adapter, AdapterContext } from './context';
import { batchFirst } from './upgrade';

/** x · sigmoid(alpha · x) */
const swish: Adapter = (node, c) => {
  const [x] = node.inputs;
  const alpha = getFloat(node, 'alpha', 1);
  const scaled = alpha === 1 ? x : c.op('Mul', [x, c.scalar(alpha, x)]);
  c.output(node.outputs[0], 'Mul', [x, c.op('Sigmoid', [scaled])]);
};

/** The axes from `axis` to the last one, as an input of a reduction. */
function lastAxes(x: string, axis: number, c: AdapterContext): string {
  const rank = c.rank(x);
  const first = axis < 0 ? axis : rank === undefined ? undefined : axis - rank;
  if (first !== undefined) return c.ints(Array.from({ length: -first }, (_, i) => first + i));
  return c.op('Range', [c.ints([axis], []), c.op('Size', [c.op('Shape', [x])]), c.ints([1], [])]);
}

/** x / √(mean x² + epsilon) · scale, the first part in float32 whatever the type of x. */
const rmsNormalization: Adapter = (node, c) => {
  const [x, scale] = node.inputs;
  const stash = c.dtype(x) === 'float32' ? x : c.cast(x, getInt(node, 'stash_type', 1) === 11 ? 'float64' : 'float32');
  const mean = c.op('ReduceMean', [c.op('Mul', [stash, stash]), lastAxes(x, getInt(node, 'axis', -1), c)]);
  const rms = c.op('Sqrt', [c.op('Add', [mean, c.scalar(getFloat(node, 'epsilon', 1e-5), stash)])]);
  const normal = c.op('Div', [stash, rms]);
  c.output(node.outputs[0], 'Mul', [stash === x ? normal : c.op('CastLike', [normal, x]), scale]);
};

/** Pairs of features turned by an angle that depends on the position (https://arxiv.org/abs/2104.09864). */
const rotaryEmbedding: Adapter = (node, c) => {
  const [x, cosCache, sinCache, positions] = node.inputs;
  const heads = getInt(node, 'num_heads', 0);
  const width = getInt(node, 'rotary_embedding_dim', 0);
  const interleaved = getInt(node, 'interleaved', 0) !== 0;
  const flat = c.rank(x) === 3 || (c.rank(x) === undefined && heads > 0);
  // [batch, sequence, heads, features]
  const split = flat
    ? c.op('Reshape', [x, c.ints([0, 0, heads, -1])])
    : c.op('Transpose', [x], { perm: ints([0, 2, 1, 3]) });
  const cut = (value: string, start: number, end: number, step = 1): string =>
    c.op('Slice', [value, c.ints([start]), c.ints([end]), c.ints([-1]), c.ints([step])]);
  const end = Number.MAX_SAFE_INTEGER;
  const turned = width > 0 ? cut(split, 0, width) : split;
  const angle = (cache: string): string => {
    const rows = positions ? c.op('Gather', [cache, positions], { axis: int(0) }) : cache;
    return c.op('Unsqueeze', [rows, c.ints([2])]);
  };
  const [cos, sin] = [angle(cosCache), angle(sinCache)];
  let halves: [string, string];
  if (interleaved) halves = [cut(turned, 0, end, 2), cut(turned, 1, end, 2)];
  else {
    // The caches have half as many features as are turned.
    const half = c.op('Shape', [cosCache], { start: int(-1) });
    const from = (start: string, stop: string): string => c.op('Slice', [turned, start, stop, c.ints([-1])]);
    halves = [from(c.ints([0]), half), from(half, c.ints([end]))];
  }
  const [first, second] = halves;
  const real = c.op('Sub', [c.op('Mul', [cos, first]), c.op('Mul', [sin, second])]);
  const imaginary = c.op('Add', [c.op('Mul', [sin, first]), c.op('Mul', [cos, second])]);
  const last = { axis: int(-1) };
  let rotated: string;
  if (interleaved) {
    const pair = (value: string): string => c.op('Unsqueeze', [value, c.ints([-1])]);
    const pairs = c.op('Concat', [pair(real), pair(imaginary)], last);
    rotated = c.op('Reshape', [pairs, c.op('Shape', [turned])]);
  } else rotated = c.op('Concat', [real, imaginary], last);
  const whole = width > 0 ? c.op('Concat', [rotated, cut(split, width, end)], last) : rotated;
  if (flat) c.output(node.outputs[0], 'Reshape', [whole, c.op('Shape', [x])]);
  else c.output(node.outputs[0], 'Transpose', [whole], { perm: ints([0, 2, 1, 3]) });
};

/** Writes `update` into a copy of the cache, each sample of the batch from its own place on. */
const tensorScatter: Adapter = (node, c) => {
  const [cache, update, places] = node.inputs;
  const axis = getInt(node, 'axis', -2);
  const shape = c.op('Shape', [update]);
  const at = c.ints([axis]);
  const length = c.op('Gather', [shape, at], { axis: int(0) });
  const range = c.op('Range', [c.ints([0], []), c.op('Squeeze', [length]), c.ints([1], [])]);
  const rank = c.op('Size', [shape]);
  const ones = (count: string): string => c.op('Expand', [c.ints([1]), count]);
  // Steps along `axis`, in the rank of the update: ones in front of it and behind it.
  const after = c.op('Unsqueeze', [
    axis < 0 ? c.ints([-axis - 1], []) : c.op('Sub', [rank, c.ints([axis + 1], [])]),
    c.ints([0]),
  ]);
  const column = c.op('Reshape', [range, c.op('Concat', [c.ints([-1]), ones(after)], { axis: int(0) })]);
  let index = column;
  if (places) {
    const trailing = c.op('Unsqueeze', [c.op('Sub', [rank, c.ints([1], [])]), c.ints([0])]);
    const start = c.op('Reshape', [places, c.op('Concat', [c.ints([-1]), ones(trailing)], { axis: int(0) })]);
    index = c.op('Add', [start, column]);
  }
  if (getString(node, 'mode', 'linear') === 'circular') {
    index = c.op('Mod', [index, c.op('Gather', [c.op('Shape', [cache]), c.ints([axis], [])], { axis: int(0) })]);
  }
  c.output(node.outputs[0], 'ScatterElements', [cache, c.op('Expand', [index, shape]), update], { axis: int(axis) });
};

/** Attributes that opset 21 does not have and whose default is what it does. */
const without =
  (...names: string[]): Adapter =>
  (node, c) => {
    c.keep({ ...node, attributes: omit(node.attributes, ...names) });
  };

const dequantize: Adapter = (node, c) => {
  const to = getInt(node, 'output_dtype', 0);
  const attributes = omit(node.attributes, 'output_dtype');
  if (to === 0) c.keep({ ...node, attributes });
  else c.output(node.outputs[0], 'Cast', [c.op(node.op, node.inputs, attributes)], { to: int(to) });
};

/** Operators and attributes that came after opset 21, in terms of opset 21. */
export const EXPANSIONS: ReadonlyMap<string, Adapter> = new Map<string, Adapter>([
  ['Attention', attention],
  ['Cast', without('round_mode')],
  ['CastLike', without('round_mode')],
  ['DequantizeLinear', dequantize],
  ['GRU', batchFirst],
  ['LSTM', batchFirst],
  ['QuantizeLinear', without('precision')],
  ['RMSNormalization', rmsNormalization],
  ['RNN', batchFirst],
  ['RotaryEmbedding', rotaryEmbedding],
  ['Swish', swish],
  ['TensorScatter', tensorScatter],
]);
