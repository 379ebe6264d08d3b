import { float, getFloat, getFloats, getInt, getString, int, omit, string } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Attributes, Node } from '../graph/ir';
import { shift, unsupported } from './common';
import { attentions } from './contributedAttention';
import type { Expansion, Expansions } from './rule';

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

const fusedConv: Expansion = (node, b) => {
  const [x, w, bias, added] = node.inputs;
  const own = omit(node.attributes, 'activation', 'activation_params');
  const y = b.op('Conv', bias ? [x, w, bias] : [x, w], own);
  return [activated(b, node, added ? b.add(y, added) : y, getFloats(node, 'activation_params') ?? [])];
};

const fusedGemm: Expansion = (node, b) => {
  const names = ['activation', 'activation_alpha', 'activation_beta', 'activation_gamma'];
  const y = b.op('Gemm', node.inputs, omit(node.attributes, ...names));
  const parameters = names.slice(1).flatMap((name) => (name in node.attributes ? [getFloat(node, name, 0)] : []));
  return [activated(b, node, y, parameters)];
};

const fusedMatMul: Expansion = (node, b) => {
  const side = (index: number, name: string): string => {
    const value = node.inputs[index];
    const rank = b.rank(value);
    if (rank < 2) return value;
    const axes = Array.from({ length: rank }, (_, i) => i);
    // The first axis then holds the rows, and the batch lies behind it.
    const rows = getInt(node, `transBatch${name}`, 0) ? [...axes.slice(1, -1), 0, rank - 1] : axes;
    const perm = getInt(node, `trans${name}`, 0) ? [...rows.slice(0, -2), rows[rank - 1], rows[rank - 2]] : rows;
    return b.transpose(value, perm);
  };
  return [b.scale(b.matmul(side(0, 'A'), side(1, 'B')), getFloat(node, 'alpha', 1))];
};

/** A Gelu behind the sum with an optional bias. */
const gelu =
  (approximate: 'none' | 'tanh'): Expansion =>
  (node, b) => {
    const [x, bias] = node.inputs;
    const sum = bias ? b.add(x, bias) : x;
    return [b.op('Gelu', [sum], approximate === 'tanh' ? { approximate: string(approximate) } : {})];
  };

const quickGelu: Expansion = (node, b) => {
  const [x] = node.inputs;
  return [b.mul(x, b.op('Sigmoid', [b.scale(x, getFloat(node, 'alpha', 1.702))]))];
};

/** x / √(mean x² + epsilon) · scale over the last axis. */
function rootMeanSquare(b: Builder, node: Node, x: string, scale: string): string {
  const square = b.mean(b.mul(x, x), [b.rank(x) - 1]);
  const root = b.op('Sqrt', [shift(b, square, getFloat(node, 'epsilon', 1e-5))]);
  return b.mul(b.div(x, root), scale);
}

/** True for what a plain matrix product makes. */
const isProduct = (b: Builder, value: string): boolean =>
  b.nodes.some(({ op, domain, outputs }) => domain === '' && op === 'MatMul' && outputs[0] === value);

/** x + skip + bias in the order that was fused: a bias belongs to the matrix product, if one of both is one. */
function skipSum(b: Builder, x: string, skip: string, bias: string | undefined): string {
  if (!bias) return b.add(x, skip);
  if (isProduct(b, x)) return b.add(b.add(x, bias), skip);
  return isProduct(b, skip) ? b.add(x, b.add(skip, bias)) : b.add(b.add(x, skip), bias);
}

/** The sum with the skip connection, normalised; the sum itself is the fourth output. */
const skipNormalization =
  (centred: boolean): Expansion =>
  (node, b) => {
    const [x, skip, scale] = node.inputs;
    const [shiftBy, bias] = centred ? node.inputs.slice(3) : [undefined, node.inputs[3]];
    const total = skipSum(b, x, skip, bias);
    if (!centred) return [rootMeanSquare(b, node, total, scale), '', '', total];
    const attributes = { axis: int(-1), epsilon: float(getFloat(node, 'epsilon', 1e-12)) };
    const inputs = shiftBy ? [total, scale, shiftBy] : [total, scale];
    const [y, mean, deviation] = b.ops('LayerNormalization', inputs, 3, attributes);
    return [y, mean, deviation, total];
  };

/** Of the ONNX domain in name, but made by onnxruntime. */
const simplifiedNormalization: Expansion = (node, b) => {
  const [x, scale] = node.inputs;
  const axis = getInt(node, 'axis', -1);
  if (axis !== -1 && axis !== b.rank(x) - 1) throw unsupported(node, 'axis', 'only the last axis is treated');
  return [rootMeanSquare(b, node, x, scale)];
};

/** Embeddings of words, positions and segments, added and normalised; how many words the mask keeps is the second output. */
const embedNormalization: Expansion = (node, b) => {
  const [ids, segments, words, places, kinds, scale, shiftBy, mask, positions] = node.inputs;
  const [batch, length] = b.shape(ids);
  const rows = { axis: int(0) };
  let sum = b.op('Gather', [words, ids], rows);
  sum = b.add(sum, positions ? b.op('Gather', [places, positions], rows) : b.slice(places, [0], [0], [length]));
  if (segments && kinds) sum = b.add(sum, b.op('Gather', [kinds, segments], rows));
  const attributes = { axis: int(-1), epsilon: float(getFloat(node, 'epsilon', 1e-12)) };
  const y = b.op('LayerNormalization', [sum, scale, shiftBy], attributes);
  const kept = mask ? b.sum(mask, [1], false) : b.indices(new Int32Array(batch));
  return [y, kept, sum];
};

/** Fused operators of onnxruntime, as what was fused. */
export const contributed: Expansions = [
  ['com.microsoft:FusedConv', fusedConv],
  ['com.microsoft:FusedGemm', fusedGemm],
  ['com.microsoft:FusedMatMul', fusedMatMul],
  ['com.microsoft:TransposeMatMul', fusedMatMul],
  ['com.microsoft:Gelu', gelu('none')],
  ['com.microsoft:BiasGelu', gelu('none')],
  ['com.microsoft:FastGelu', gelu('tanh')],
  ['com.microsoft:QuickGelu', quickGelu],
  ['com.microsoft:SkipLayerNormalization', skipNormalization(true)],
  ['com.microsoft:SkipSimplifiedLayerNormalization', skipNormalization(false)],
  ['com.microsoft:EmbedLayerNormalization', embedNormalization],
  ['SimplifiedLayerNormalization', simplifiedNormalization],
  ...attentions,
];
