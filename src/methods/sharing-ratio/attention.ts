import type { Node } from '../../graph/ir';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { type Demand, type Flow, type Ledger, own } from './flow';
import { channelAxisList } from './locations';

/**
 * Attention as a linear map between locations: its weights A count as constant. Source i of target j contributes
 * u = W_o·A_ji·W_v·x_i; measured against the sum z that attention and skip make, it gets ⟨u, z⟩/‖z‖², and the skip the
 * rest, with all biases.
 */

const MOVING = new Set([
  'Reshape',
  'Flatten',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Slice',
  'Gather',
  'Split',
  'Identity',
  'Cast',
  'Expand',
  'Concat',
  'Tile',
  'Dropout',
]); // prettier-ignore

/** Between the softmax and the product stand at most a dropout, a cast, a guard against NaN. */
const AFTER_SOFTMAX = new Set(['Identity', 'Cast', 'Dropout', 'Where', 'Reshape', 'Expand']);

function isSoftmax(ledger: Ledger, value: string): boolean {
  const node = ledger.producer.get(value);
  if (!node) return false;
  if (node.op === 'Softmax') return true;
  return AFTER_SOFTMAX.has(node.op) && node.inputs.some((input) => ledger.onPath(input) && isSoftmax(ledger, input));
}

/** True for the product of attention weights with values. */
export const isAttention = (ledger: Ledger, node: Node): boolean =>
  node.op === 'MatMul' && node.inputs.every((input) => ledger.onPath(input)) && isSoftmax(ledger, node.inputs[0]);

/** Inputs through which a value is linear (up to biases), all else constant; null for any other operator. */
function linearInputs(ledger: Ledger, node: Node): readonly number[] | null {
  const onPath = node.inputs.flatMap((input, index) => (ledger.onPath(input) ? [index] : []));
  if (MOVING.has(node.op)) return onPath;
  if (isAttention(ledger, node)) return [1];
  if (['MatMul', 'Gemm', 'Conv', 'Add', 'Sub', 'Mul'].includes(node.op) && onPath.length === 1) return onPath;
  return node.op === 'Div' && onPath.length === 1 && onPath[0] === 0 ? onPath : null;
}

/** The attention that a branch ends in, if nothing but linear maps stands between. */
export function attentionBehind(ledger: Ledger, branch: string): Node | null {
  const node = ledger.producer.get(branch);
  if (!node) return null;
  if (isAttention(ledger, node)) return node;
  for (const index of linearInputs(ledger, node) ?? []) {
    const found = attentionBehind(ledger, node.inputs[index]);
    if (found) return found;
  }
  return null;
}

/** The same value had all biases on its linear way been 0; stops at the first operator that is not linear. */
export function withoutBiases(ledger: Ledger, value: string, seen = new Map<string, string>()): string {
  const known = seen.get(value);
  if (known !== undefined) return known;
  const result = strip(ledger, value, seen);
  seen.set(value, result);
  return result;
}

function strip(ledger: Ledger, value: string, seen: Map<string, string>): string {
  const { b } = ledger;
  const node = ledger.producer.get(value);
  const linear = node && linearInputs(ledger, node);
  if (!node || !linear?.length) return value;
  if (node.op === 'Add' || node.op === 'Sub') {
    const data = withoutBiases(ledger, node.inputs[linear[0]], seen);
    return node.op === 'Sub' && linear[0] === 1 ? b.neg(data) : b.expand(data, b.shape(value));
  }
  let inputs = node.inputs.map((input, index) => (linear.includes(index) ? withoutBiases(ledger, input, seen) : input));
  const biased = (node.op === 'Gemm' || node.op === 'Conv') && Boolean(node.inputs[2]);
  if (!biased && inputs.every((input, index) => input === node.inputs[index])) return value;
  if (biased) inputs = inputs.slice(0, 2);
  const outputs = b.ops(node.op, inputs, node.outputs.length, node.attributes, node.domain);
  return outputs[node.outputs.indexOf(value)];
}

/** z/‖z‖²: what a branch's vectors are multiplied by to give their share. */
export function directionOf(ledger: Ledger, z: string): string {
  return ledger.safeDivide(z, ledger.dot(z, z));
}

/**
 * Takes a demand that is on its way to an attention through one linear operator: its direction as a cotangent, its
 * relevance map as the operator moves locations.
 *
 * @param move what the operator's own rule makes of a relevance map of its output, per input
 */
export function carry(
  ledger: Ledger,
  node: Node,
  demand: Demand,
  move: (relevance: string) => readonly (Flow | null)[],
): (Flow | null)[] {
  const { b } = ledger;
  const linear = linearInputs(ledger, node) ?? [];
  const cotangents = node.outputs.map((output) => (output === demand.at ? (demand.toward ?? null) : null));
  if (cotangents.every((cotangent) => cotangent === null)) return [];
  const results = ruleFor(vjp, node, b)({ node, b, cotangents, needs: (input) => linear.includes(input) });
  const moved = move(demand.relevance);
  return node.inputs.map((input, index) => {
    const toward = results[index];
    const relevance = moved[index]?.own;
    if (!linear.includes(index) || !toward || !relevance) return null;
    const onward = { ...demand, at: input, toward: b.sumTo(toward, b.shape(input)), relevance };
    return { own: null, demands: [onward], passed: [] };
  });
}

/**
 * Values whose elements add up to all relevance of a flow. The share of a demand on its way to an attention is that of
 * the value which carries it by now: locations may have been moved, cut out or given axes for heads.
 */
export const amounts = (ledger: Ledger, { own, demands, passed }: Flow): string[] => [
  ...(own ? [own] : []),
  ...demands.map(({ relevance, share, at, toward }) => {
    if (at === undefined || toward === undefined) return ledger.b.mul(relevance, share);
    return ledger.b.mul(relevance, ledger.channelSum(ledger.b.mul(withoutBiases(ledger, at), toward), at));
  }),
  ...passed.map(({ relevance }) => relevance),
];

/** Attention × values: relevance of the targets goes to the values of the sources. */
export function shareAttention(ledger: Ledger, node: Node, flow: Flow): readonly (Flow | null)[] {
  const { b } = ledger;
  const [weights, values] = node.inputs;
  const y = node.outputs[0];
  const parts: string[] = [];
  const asked = flow.demands.filter(({ toward }) => toward);
  const rest: Flow = { ...flow, demands: flow.demands.filter(({ toward }) => !toward) };
  const heads = channelAxisList(ledger.channels(y).map((channel, axis) => channel && axis < b.rank(y) - 2));
  const spread = (toward: string, source: string, relevance: string): void => {
    const rank = b.rank(source);
    const swap = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    const products = b.mul(weights, b.matmul(toward, b.transpose(source, swap)));
    const ratios = b.sum(products, heads);
    const order = Array.from({ length: b.rank(ratios) }, (_, axis) => axis);
    const [i, j] = order.splice(-2);
    parts.push(b.matmul(b.transpose(ratios, [...order, j, i]), relevance));
  };
  for (const { toward, relevance } of asked) spread(toward as string, withoutBiases(ledger, values), relevance);
  const relevance = ledger.resolve(y, rest);
  if (relevance) spread(directionOf(ledger, y), values, relevance);
  if (parts.length === 0) return [];
  const total = parts.reduce((sum, part) => b.add(sum, part));
  return [null, own(b.sumTo(total, ledger.relevanceShape(values)))];
}
