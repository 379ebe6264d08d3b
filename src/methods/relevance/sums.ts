import type { Builder } from '../../graph/builder';
import type { RuleContext } from '../../ops/rule';
import { type Flow, infiniteWhereZero, quotient, whole } from './flow';
import { asFlows, ratio, type Share, single, transposed, type Walk } from './share';

/** How sums and means, and what is linear without parameters, share relevance. */

/**
 * Everything is given in proportion to what it contributes to the output.
 *
 * @param degree of a function that is homogeneous of another degree than 1, as x² and x·y are
 */
export const contributeBy =
  (degree: number): Share =>
  (context, walk) =>
    asFlows(context, transposed(context, [walk.b.scale(ratio(context, walk), 1 / degree)]));

const LAYERS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** The layer whose bias a sum adds: a matrix product or convolution that nothing else reads, plus a constant. */
function biasOf({ node, b, needs }: RuleContext<Flow>, { wires }: Walk): { layer: number; constant: string } | null {
  if (node.op !== 'Add' || node.inputs.length !== 2 || needs(0) === needs(1)) return null;
  const layer = needs(0) ? 0 : 1;
  const constant = node.inputs[1 - layer];
  const value = node.inputs[layer];
  const producer = wires.producer(value);
  if (!producer || !LAYERS.has(producer.op) || producer.domain !== '' || wires.isComputed(constant)) return null;
  if (producer.op !== 'MatMul' && producer.inputs[2]) return null;
  if (producer.inputs.slice(0, 2).every((input) => wires.isComputed(input))) return null;
  if (b.shape(value).join() !== b.shape(node.outputs[0]).join()) return null;
  return wires.readers(value).length === 1 ? { layer, constant } : null;
}

/** The constant where something reaches it, else 0: masks are infinite where nothing does. */
export const finiteWhere = (b: Builder, constant: string, factor: string): string => {
  const zero = b.float(0, b.dtype(factor));
  return b.op('Where', [b.op('Equal', [factor, zero]), zero, constant]);
};

/** Branches of a sum by what they contribute; constants keep their share. */
export const add: Share = (context, walk) => {
  const { node, b } = context;
  const bias = biasOf(context, walk);
  if (bias) {
    walk.biases.set(node.inputs[bias.layer], { constant: bias.constant, sum: node.outputs[0] });
    return node.inputs.map((_, index) => (index === bias.layer ? single(context) : null));
  }
  if (walk.sums === 'copies') return copied(context);
  if (walk.sums === 'positive') return byPositiveParts(context, walk);
  const factors = transposed({ ...context, needs: () => true }, [ratio(context, walk)]);
  for (const [index, factor] of factors.entries())
    if (factor && !context.needs(index)) walk.absorb(finiteWhere(b, node.inputs[index], factor), factor);
  return asFlows(
    context,
    factors.map((factor, index) => (context.needs(index) ? factor : null)),
  );
};

/** Everything to every branch. */
const copied = (context: RuleContext<Flow>): (Flow | null)[] => {
  const { node, b, needs } = context;
  const all = whole(b, single(context));
  return node.inputs.map((input, index) => (needs(index) ? { of: null, factor: b.sumTo(all, b.shape(input)) } : null));
};

/** To branches by their positive parts; constants that are positive keep their share. */
const byPositiveParts: Share = (context, walk) => {
  const { node, b, needs } = context;
  const parts = node.inputs.map((input) => (walk.wires.isNonNegative(input) ? input : b.op('Relu', [input])));
  const sum = parts.reduce(b.add);
  const flow = single(context);
  if (parts.some((part, index) => part !== node.inputs[index])) {
    const zero = b.float(0, b.dtype(sum));
    walk.absorb(b.float(1, b.dtype(sum)), b.op('Where', [b.op('Equal', [sum, zero]), whole(b, flow), zero]));
  }
  const s = quotient(b, flow, infiniteWhereZero(b, sum));
  return node.inputs.map((input, index) => {
    const factor = b.sumTo(s, b.shape(input));
    if (needs(index)) return { of: null, factor: b.mul(parts[index], factor) };
    walk.absorb(finiteWhere(b, parts[index], factor), factor);
    return null;
  });
};
