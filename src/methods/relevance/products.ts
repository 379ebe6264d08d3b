import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import type { Wires } from './wires';

/**
 * How a product of two computed values shares relevance. Following Arras et al. 2017 (recurrent nets), Ali et al. 2022
 * and Achtibat et al. 2024 (transformers): one factor may be a gate, which says how much of the other passes.
 */

/** Bounded or normalised: what passes through one of these is a gate. Tanh is one only beside no other. */
const GATES = new Set(['Sigmoid', 'HardSigmoid', 'Softmax', 'Erf', 'Clip']);
const WEAK_GATES = new Set(['Tanh', 'Softsign']);

/** What may stand between a gate and its product: constants added or multiplied, and movement. */
const HARMLESS = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Identity',
  'Cast',
  'Dropout',
  'Where',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Expand',
  'Slice',
  'Split',
  'Gather',
]);

/** Functions of single elements. */
const ELEMENTWISE = new Set([
  ...['Sigmoid', 'HardSigmoid', 'Erf', 'Clip', 'Tanh', 'Softsign', 'Softplus', 'Relu', 'Exp', 'Abs', 'Sign'],
  ...['Sqrt', 'Reciprocal', 'Pow', 'Add', 'Sub', 'Mul', 'Div', 'Neg', 'Identity', 'Cast', 'Where', 'Greater', 'Less'],
]);

/** Statistics over axes: with these a function of single elements becomes a normaliser. */
const STATISTICS = new Set(['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceL1', 'ReduceL2', 'ReduceMax']);

const computedInputs = (node: Node, wires: Wires): string[] => [
  ...new Set(node.inputs.filter((input) => input !== '' && wires.isComputed(input))),
];

/** The strength of a value as a gate: 2 for a bounded one, 1 for one that could as well be a signal, 0 for a signal. */
function gateStrength(value: string, wires: Wires): number {
  const node = wires.producer(value);
  if (node?.domain !== '') return 0;
  if (GATES.has(node.op)) return 2;
  if (WEAK_GATES.has(node.op)) return 1;
  const computed = computedInputs(node, wires);
  return HARMLESS.has(node.op) && computed.length === 1 ? gateStrength(computed[0], wires) : 0;
}

/** True for attention weights: a Softmax, with at most movement and a guard against NaN behind it. */
export function isAttentionWeights(value: string, wires: Wires): boolean {
  const node = wires.producer(value);
  if (node?.domain !== '') return false;
  if (node.op === 'Softmax') return true;
  const computed = computedInputs(node, wires).filter((input) => input !== node.inputs[0] || node.op !== 'Where');
  return HARMLESS.has(node.op) && computed.length === 1 && isAttentionWeights(computed[0], wires);
}

/**
 * True if one factor is a function of the other's elements, or of statistics over them: x·Φ(x), x·σ(x), x/‖x‖. The
 * product is then an activation or a normalisation of x.
 */
function isFunctionOf(value: string, signal: string, wires: Wires): boolean {
  const sources = new Set([signal]);
  // A normalisation's numerator is centred; both sides go back to the same value then.
  const centred = wires.producer(signal);
  if (centred?.op === 'Sub' && centred.inputs.every((input) => wires.isComputed(input))) sources.add(centred.inputs[0]);
  const seen = new Map<string, boolean>();
  const reaches = (current: string): boolean => {
    if (sources.has(current)) return true;
    const known = seen.get(current);
    if (known !== undefined) return known;
    seen.set(current, false);
    const node = wires.producer(current);
    const computed = node ? computedInputs(node, wires) : [];
    const fits = node?.domain === '' && (ELEMENTWISE.has(node.op) || STATISTICS.has(node.op));
    const answer = fits && computed.length > 0 && computed.every(reaches);
    seen.set(current, answer);
    return answer;
  };
  return value !== signal && reaches(value);
}

/**
 * Which factor of a product is the signal that takes all relevance; null if both are.
 *
 * @param gates whether gates of other sources count; otherwise only activations and normalisations have a signal
 */
export function signalOf(b: Builder, node: Node, gates: boolean, wires: Wires): 0 | 1 | null {
  const [x, y] = node.inputs;
  if (isFunctionOf(y, x, wires)) return 0;
  if (isFunctionOf(x, y, wires)) return 1;
  if (!gates) return null;
  const size = elementCount(b.shape(node.outputs[0]));
  const strength = (value: string): number =>
    (elementCount(b.shape(value)) < size ? 4 : 0) + gateStrength(value, wires);
  const [left, right] = [strength(x), strength(y)];
  return left === right ? null : left > right ? 1 : 0;
}
