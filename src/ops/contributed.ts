import { float, getFloat, getFloats, getInt, getInts, getString, int, omit } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Attributes, Node } from '../graph/ir';
import { castTo, shift, unsupported } from './common';
import type { Expansions } from './rule';

/** Operators that onnxruntime's own optimiser makes of common patterns. */

/** The activation that is fused behind an operator, with its parameters in the order of its attributes. */
function activated(b: Builder, node: Node, x: string, parameters: readonly number[]): string {
  const names: Readonly<Record<string, readonly string[]>> = { LeakyRelu: ['alpha'], HardSigmoid: ['alpha', 'beta'] };
  const activation = getString(node, 'activation', '');
  if (activation === '') return x;
  if (activation === 'Clip') return b.op('Clip', [x, ...parameters.map((parameter) => b.float(parameter, b.dtype(x)))]);
  const attributes: Attributes = Object.fromEntries(
    (names[activation] ?? []).flatMap((name, i) => (i < parameters.length ? [[name, float(parameters[i])]] : [])),
  );
  return b.op(activation, [x], attributes);
}

const fusedConv = (node: Node, b: Builder): readonly string[] => {
  const [x, w, bias, added] = node.inputs;
  const own = omit(node.attributes, 'activation', 'activation_params');
  const y = b.op('Conv', bias ? [x, w, bias] : [x, w], own);
  return [activated(b, node, added ? b.add(y, added) : y, getFloats(node, 'activation_params') ?? [])];
};

const fusedGemm = (node: Node, b: Builder): readonly string[] => {
  const names = ['activation', 'activation_alpha', 'activation_beta', 'activation_gamma'];
  const y = b.op('Gemm', node.inputs, omit(node.attributes, ...names));
  const parameters = names.slice(1).flatMap((name) => (name in node.attributes ? [getFloat(node, name, 0)] : []));
  return [activated(b, node, y, parameters)];
};

const fusedMatMul = (node: Node, b: Builder): readonly string[] => {
  const side = (index: number, name: string): string => {
    const value = node.inputs[index];
    const rank = b.rank(value);
    if (getInt(node, `transBatch${name}`, 0)) throw unsupported(node, `transBatch${name}`, 'it moves batch axes');
    if (!getInt(node, `trans${name}`, 0) || rank < 2) return value;
    const perm = Array.from({ length: rank }, (_, i) => i);
    return b.transpose(value, [...perm.slice(0, -2), rank - 1, rank - 2]);
  };
  return [b.scale(b.matmul(side(0, 'A'), side(1, 'B')), getFloat(node, 'alpha', 1))];
};

/** x / √(mean x² + epsilon) · scale over the last axis. */
function rootMeanSquare(b: Builder, node: Node, x: string, scale: string): string {
  const square = b.mean(b.mul(x, x), [b.rank(x) - 1]);
  const root = b.op('Sqrt', [shift(b, square, getFloat(node, 'epsilon', 1e-5))]);
  return b.mul(b.div(x, root), scale);
}

/** The sum with the skip connection, normalised; the sum itself is the fourth output. */
const skipNormalization =
  (centred: boolean) =>
  (node: Node, b: Builder): readonly string[] => {
    const [x, skip, scale] = node.inputs;
    const [shiftBy, bias] = centred ? node.inputs.slice(3) : [undefined, node.inputs[3]];
    const sum = b.add(x, skip);
    const total = bias ? b.add(sum, bias) : sum;
    if (!centred) return [rootMeanSquare(b, node, total, scale), '', '', total];
    const attributes = { axis: int(-1), epsilon: float(getFloat(node, 'epsilon', 1e-12)) };
    const inputs = shiftBy ? [total, scale, shiftBy] : [total, scale];
    const [y, mean, deviation] = b.ops('LayerNormalization', inputs, 3, attributes);
    return [y, mean, deviation, total];
  };

/** Attention over heads: q [batch, heads, length, size], k and v likewise; `bias` is added to the scores. */
function attend(b: Builder, node: Node, q: string, k: string, v: string, bias: readonly string[]): string {
  const [batch, heads, length, size] = b.shape(q);
  const scale = getFloat(node, 'scale', 0) || 1 / Math.sqrt(size);
  let scores = b.scale(b.matmul(q, b.transpose(k, [0, 1, 3, 2])), scale);
  for (const term of bias) scores = b.add(scores, term);
  if (getInt(node, 'unidirectional', 0) === 1) {
    const past = b.shape(k)[2] - length;
    const masks = Array.from({ length: length * b.shape(k)[2] }, (_, i) => {
      const [row, column] = [Math.floor(i / b.shape(k)[2]), i % b.shape(k)[2]];
      return column > row + past;
    });
    const hidden = b.bools(masks, [1, 1, length, b.shape(k)[2]]);
    scores = b.op('Where', [hidden, b.float(lowest(node), b.dtype(q)), scores]);
  }
  const mixed = b.matmul(b.op('Softmax', [scores], { axis: int(-1) }), v);
  return b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [batch, length, heads * b.shape(v)[3]]);
}

const lowest = (node: Node): number => getFloat(node, 'mask_filter_value', -10000);

/** [batch, length, heads·size] → [batch, heads, length, size]. */
function byHeads(b: Builder, x: string, heads: number): string {
  const [batch, length, width] = b.shape(x);
  return b.transpose(b.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** What a mask of kept positions, [batch, positions] or [batch, queries, positions], adds to the scores. */
function masked(b: Builder, node: Node, mask: string | undefined, like: string, positions: number): string[] {
  if (!mask) return [];
  const shape = b.shape(mask);
  if (shape.at(-1) !== positions || shape.length < 2 || shape.length > 3)
    throw unsupported(node, 'mask', `its shape [${shape}] is not [batch, positions] or [batch, queries, positions]`);
  const kept = castTo(b, mask, b.dtype(like));
  const spread = b.reshape(kept, shape.length === 2 ? [shape[0], 1, 1, shape[1]] : [shape[0], 1, shape[1], shape[2]]);
  return [b.scale(b.sub(b.float(1, b.dtype(like)), spread), lowest(node))];
}

const multiHeadAttention = (node: Node, b: Builder): readonly string[] => {
  const [query, key, value, bias, mask, scoreBias, past] = node.inputs;
  const heads = getInt(node, 'num_heads', 1);
  if (!key || !value) throw unsupported(node, 'key', 'packed inputs are not treated');
  if (past || node.outputs.slice(1).some(Boolean)) throw unsupported(node, 'past_key', 'caches are not treated');
  const widths = [query, key, value].map((x) => b.shape(x).at(-1) as number);
  let start = 0;
  const parts = [query, key, value].map((x, i) => {
    const from = start;
    start += widths[i];
    if (b.rank(x) === 4) return x;
    return byHeads(b, bias ? b.add(x, b.slice(bias, [0], [from], [start])) : x, heads);
  });
  const terms = masked(b, node, mask, query, b.shape(parts[1])[2]);
  return [attend(b, node, parts[0], parts[1], parts[2], scoreBias ? [...terms, scoreBias] : terms)];
};

const attention = (node: Node, b: Builder): readonly string[] => {
  const [x, weights, bias, mask, past, scoreBias] = node.inputs;
  const heads = getInt(node, 'num_heads', 1);
  if (past || node.outputs.slice(1).some(Boolean)) throw unsupported(node, 'past', 'caches are not treated');
  const third = b.shape(weights)[1] / 3;
  const sizes = getInts(node, 'qkv_hidden_sizes') ?? [third, third, third];
  const product = b.matmul(x, weights);
  const projected = bias ? b.add(product, bias) : product;
  const [q, k, v] = b
    .ops('Split', [projected, b.ints(sizes)], 3, { axis: int(2) })
    .map((part) => byHeads(b, part, heads));
  const terms = masked(b, node, mask, x, b.shape(k)[2]);
  return [attend(b, node, q, k, v, scoreBias ? [...terms, scoreBias] : terms)];
};

/** Of the ONNX domain in name, but made by onnxruntime. */
const simplifiedNormalization = (node: Node, b: Builder): readonly string[] => {
  const [x, scale] = node.inputs;
  const axis = getInt(node, 'axis', -1);
  if (axis !== -1 && axis !== b.rank(x) - 1) throw unsupported(node, 'axis', 'only the last axis is treated');
  return [rootMeanSquare(b, node, x, scale)];
};

/** Fused operators of onnxruntime, as what was fused. */
export const contributed: Expansions = [
  ['com.microsoft:FusedConv', fusedConv],
  ['com.microsoft:FusedGemm', fusedGemm],
  ['com.microsoft:FusedMatMul', fusedMatMul],
  ['com.microsoft:SkipLayerNormalization', skipNormalization(true)],
  ['com.microsoft:SkipSimplifiedLayerNormalization', skipNormalization(false)],
  ['com.microsoft:MultiHeadAttention', multiHeadAttention],
  ['com.microsoft:Attention', attention],
  ['SimplifiedLayerNormalization', simplifiedNormalization],
];
