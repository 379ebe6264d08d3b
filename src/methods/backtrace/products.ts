import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { oneMinus, step } from '../../ops/common';
import { signalOf } from '../relevance/products';
import type { Wires } from '../relevance/wires';
import type { Known } from './contrast';
import { contrastProduct, transposed } from './contrastProduct';
import { type Flow, inverse, wide } from './flow';
import { type LinearContext, sizeOf } from './linear';

/** Keeps denominators of matrix products from zero, with their sign. */
const STABILISER = 1e-9;

/**
 * A product of two computed matrices: half of the relevance for each, in proportion to what every pair of elements
 * contributes. Of attention the values get half, queries and keys a quarter each.
 */
export function matrixProduct(
  node: Node,
  flow: Flow,
  context: LinearContext & { readonly wires: Wires },
  known: Known,
): readonly Flow[] {
  const { b, ledger, wires } = context;
  const factors = node.inputs.slice(0, 2).map((input) => wide(b, input));
  const product = b.op(node.op, factors, node.attributes, node.domain);
  if (flow.length === 2) {
    const signed = factors.map((x, index) => ({ x, isNonNegative: wires.isNonNegative(node.inputs[index]) }));
    return contrastProduct(node, signed, product, flow, context, known);
  }
  const dtype = b.dtype(product);
  const offset = b.op('Where', [
    b.op('Less', [product, b.float(0, dtype)]),
    b.float(-STABILISER, dtype),
    b.float(STABILISER, dtype),
  ]);
  const n = b.mul(flow[0], b.op('Reciprocal', [b.add(b.scale(product, 2), offset)]));
  ledger.keep(node, 'lost', b.mul(n, offset));
  return factors.map((factor, index) => [b.mul(factor, transposed(b, node, n, factors, index))]);
}

/** What may be done to a value without making another signal of it. */
const SCALING = new Set(['Mul', 'Div', 'Identity', 'Cast', 'Dropout', 'Neg']);

/** The value that a scaled one comes from. */
function unscaled(value: string, wires: Wires): string {
  const node = wires.producer(value);
  if (node?.domain !== '' || !SCALING.has(node.op)) return value;
  const computed = node.inputs.filter((input) => input !== '' && wires.isComputed(input));
  return computed.length === 1 && computed[0] === node.inputs[node.op === 'Div' ? 0 : node.inputs.indexOf(computed[0])]
    ? unscaled(computed[0], wires)
    : value;
}

/** Which factor an activation or normalisation written out as a product is of; null for a product of two signals. */
export function activated(b: Builder, node: Node, wires: Wires): 0 | 1 | null {
  const [x, y] = node.inputs;
  const plain = signalOf(b, node, false, wires);
  if (plain !== null) return plain;
  for (const index of [0, 1] as const) {
    const source = unscaled(node.inputs[index], wires);
    if (source === node.inputs[index]) continue;
    const found = signalOf(b, { ...node, inputs: index === 0 ? [source, y] : [x, source] }, false, wires);
    if (found === index) return index;
  }
  return null;
}

/** p = a·b of two signals: the factor that changed more on the way to the product takes more. */
export function elementProduct(node: Node, flow: Flow, { b, ledger }: LinearContext): readonly Flow[] {
  const factors = node.inputs.map((input) => wide(b, input));
  const [x, y] = node.op === 'Div' ? [factors[0], b.op('Reciprocal', [factors[1]])] : factors;
  if (flow.length === 2) {
    const sizes = [sizeOf(b, x, false), sizeOf(b, y, false)];
    const has = step(b, b.mul(sizes[0], sizes[1]));
    const each = b.mul(has, inverse(b, b.add(sizes[0], sizes[1])));
    for (const stream of flow) ledger.keep(node, 'lost', b.mul(stream, oneMinus(b, has)));
    return [0, 1].map((index) => flow.map((stream) => b.mul(stream, b.mul(sizes[1 - index], each))));
  }
  const product = b.mul(x, y);
  const distances = [b.op('Abs', [b.sub(product, x)]), b.op('Abs', [b.sub(product, y)])];
  const total = b.add(distances[0], distances[1]);
  const dtype = b.dtype(total);
  const share = b.op('Where', [
    b.op('Equal', [total, b.float(0, dtype)]),
    b.float(0.5, dtype),
    b.mul(distances[0], inverse(b, total)),
  ]);
  const first = b.mul(flow[0], share);
  return [[first], [b.sub(flow[0], first)]];
}
