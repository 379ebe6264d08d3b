import { getFloat, omit } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { step } from '../../ops/common';
import { explicitPads } from '../../ops/conv';
import { writtenOut } from '../../ops/einsum';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { type Flow, infiniteWhereZero, ofSign, quotient, relativeTo, stabilised, whole } from './flow';
import { type InputPart, type LinearRule, type Part, STABILISER, type Term, type WeightPart } from './rules';
import type { Wires } from './wires';

/** A layer y = W·x + b in which x is computed and W and b are not. */
export interface Layer {
  readonly node: Node;
  /** Which of the node's inputs is x. */
  readonly data: number;
  readonly x: string;
  readonly weight: string;
  readonly bias: string | null;
  /** The layer's output, its bias included: what a constant that is added behind the node makes of it. */
  readonly output: string;
}

/** A node with a factor of its own (Gemm's alpha and beta) as a plain layer. */
function withoutFactors(b: Builder, node: Node, data: number): Pick<Layer, 'node' | 'weight' | 'bias'> {
  const [weight, bias = ''] = [node.inputs[1 - data], node.inputs[2]];
  if (node.op !== 'Gemm') return { node: writtenOut(explicitPads(node, b), b), weight, bias: bias || null };
  const attributes = omit(node.attributes, 'alpha', 'beta');
  return {
    node: { ...node, attributes },
    weight: b.scale(weight, getFloat(node, 'alpha', 1)),
    bias: bias ? b.scale(bias, getFloat(node, 'beta', 1)) : null,
  };
}

/**
 * The layer of a Conv, ConvTranspose, Gemm, MatMul or Einsum node of which one operand is computed.
 *
 * @param added a constant that is added to the node's output, and the sum
 */
export function layerOf(b: Builder, node: Node, data: number, added?: { constant: string; sum: string }): Layer {
  const plain = withoutFactors(b, node, data);
  return {
    ...plain,
    data,
    x: node.inputs[data],
    bias: added ? added.constant : plain.bias,
    output: added ? added.sum : node.outputs[0],
  };
}

export const isConvolution = ({ node }: Layer): boolean => node.op === 'Conv' || node.op === 'ConvTranspose';

/** A bias in a shape that broadcasts against the layer's output: a convolution has one number a channel. */
export function besideOutput(b: Builder, layer: Layer, bias: string): string {
  if (!isConvolution(layer) || b.rank(bias) !== 1) return bias;
  return b.reshape(bias, [
    b.shape(bias)[0],
    ...b
      .shape(layer.x)
      .slice(2)
      .map(() => 1),
  ]);
}

/** What the layer computes from another input and weight. */
export function forward(b: Builder, layer: Layer, x: string, weight: string, bias: string | null): string {
  const { node, data } = layer;
  const operands = data === 0 ? [x, weight] : [weight, x];
  const takesBias = bias !== null && isConvolution(layer) && b.rank(bias) === 1;
  const y = b.op(node.op, takesBias ? [...operands, bias] : operands, node.attributes, node.domain);
  return bias === null || takesBias ? y : b.add(y, bias);
}

/** Wᵀ·s for another weight. */
export function backward(b: Builder, { node, data, x }: Layer, weight: string, s: string): string {
  const inputs = data === 0 ? [x, weight] : [weight, x];
  const rule = ruleFor(vjp, node, b);
  const results = rule({ node: { ...node, inputs }, b, cotangents: [s], needs: (index) => index === data });
  return b.sumTo(results[data] as string, b.shape(x));
}

/** A part of a weight or bias; onnxruntime folds what depends on constants alone. */
function weightPart(b: Builder, weight: string, part: Exclude<WeightPart, 'evidence'>): string {
  if (part === 'all') return weight;
  if (part === 'ones') return b.expand(b.float(1, b.dtype(weight)), b.shape(weight));
  if (part === 'positive') return b.op('Relu', [weight]);
  if (part === 'negative') return b.op('Min', [weight, b.float(0, b.dtype(weight))]);
  return b.add(weight, b.scale(weightPart(b, weight, part.raised), part.by));
}

/** Σ x_i R_j over the places at which a weight connects i and j, in the weight's shape. */
function evidence(b: Builder, { node, data, weight }: Layer, x: string, relevance: string): string {
  const inputs = data === 0 ? [x, weight] : [weight, x];
  const rule = ruleFor(vjp, node, b);
  const results = rule({ node: { ...node, inputs }, b, cotangents: [relevance], needs: (index) => index === 1 - data });
  return b.sumTo(results[1 - data] as string, b.shape(weight));
}

/** The ends of the range that a layer's input can have, in a shape that broadcasts against it. */
export interface Box {
  readonly low: string;
  readonly high: string;
}

/** What a rule needs beside the layer and the relevance of its output. */
export interface LinearContext {
  readonly b: Builder;
  readonly wires: Wires;
  /** Asked only by rules with bounds. */
  box(x: string): Box;
  /** Notes relevance that ends here: `factor` in a shape that `value` broadcasts to, to be multiplied and summed. */
  absorb(value: string, factor: string): void;
}

function inputPart(layer: Layer, part: InputPart, { b, wires, box }: LinearContext): string {
  const { x } = layer;
  const spread = (value: string): string => b.expand(value, b.shape(x));
  switch (part) {
    case 'all':
      return x;
    case 'positive':
      return wires.isNonNegative(x) ? x : b.op('Relu', [x]);
    case 'negative':
      return b.op('Min', [x, b.float(0, b.dtype(x))]);
    case 'ones':
      return spread(b.float(1, b.dtype(x)));
    case 'low':
      return spread(box(x).low);
    case 'high':
      return spread(box(x).high);
  }
}

/** −1, 0 or 1: the sign that a part's denominator has whatever the input; 0 where it can have either. */
function signOf({ terms }: Part): number {
  const signs = terms.map(({ input, weight, sign }) => {
    if (input === 'ones' && weight === 'ones') return sign;
    const isSigned = (part: InputPart | WeightPart): boolean => part === 'positive' || part === 'negative';
    if (!isSigned(input) || !isSigned(weight)) return 0;
    return input === weight ? sign : -sign;
  });
  return signs.every((sign) => sign === signs[0]) ? signs[0] : 0;
}

/** What stands in for the layer's weight; `relevance` is that of its output. */
function weightOf(layer: Layer, { input, weight }: Term, relevance: string | null, context: LinearContext): string {
  if (weight !== 'evidence') return weightPart(context.b, layer.weight, weight);
  return evidence(context.b, layer, inputPart(layer, input, context), relevance as string);
}

/** Σ ± (x̃·w̃ + b̃), away from zero. */
function denominator(
  layer: Layer,
  part: Part,
  terms: readonly Term[],
  relevance: string | null,
  epsilon: number,
  context: LinearContext,
): string {
  const { b } = context;
  const sign = signOf(part);
  const dtype = b.dtype(layer.x);
  let offset = sign === 0 || part.outputs ? null : b.float(sign * epsilon, dtype);
  const sums = terms.map((term) => {
    let bias = biasOf(layer, term, b);
    // With a sign that is known ε is added before the sum instead of behind it: the bias takes it along.
    if (offset !== null && term.sign === 1) {
      bias = shifted(layer, bias, offset, b);
      offset = null;
    }
    const sum = forward(
      b,
      layer,
      inputPart(layer, term.input, context),
      weightOf(layer, term, relevance, context),
      bias,
    );
    return term.sign === 1 ? sum : b.neg(sum);
  });
  const total = sums.reduce(b.add);
  if (sign !== 0 && !part.outputs) return total;
  if (!part.outputs) return epsilon === 0 ? infiniteWhereZero(b, total) : stabilised(b, total, epsilon);
  // Where the output has the sign wanted the denominator has it too; elsewhere nothing is divided.
  return part.outputs === 'positive'
    ? b.add(b.op('Relu', [total]), b.float(epsilon, dtype))
    : b.sub(b.op('Min', [total, b.float(0, dtype)]), b.float(epsilon, dtype));
}

/** The part of the bias that a term counts. */
const biasOf = (layer: Layer, { bias, weight }: Term, b: Builder): string | null =>
  bias && layer.bias !== null && weight !== 'evidence' ? weightPart(b, layer.bias, weight) : null;

/** The bias with ε added, in the shape that the layer takes. */
function shifted(layer: Layer, bias: string | null, offset: string, b: Builder): string {
  if (bias !== null) return b.add(bias, offset);
  return isConvolution(layer) ? b.expand(offset, [b.shape(layer.node.outputs[0])[1]]) : offset;
}

/** What a part shares out of the relevance of the layer's output; null where there is none. */
function ownFlow(layer: Layer, flow: Flow, { outputs, relevance }: Part, { b, wires }: LinearContext): Flow | null {
  const own = outputs ? ofSign(b, flow, layer.output, outputs === 'positive' ? 1 : -1, wires) : flow;
  if (!own || !relevance) return own;
  const all = whole(b, own);
  return {
    of: null,
    factor: relevance === 'positive' ? b.op('Relu', [all]) : b.op('Min', [all, b.float(0, b.dtype(all))]),
  };
}

/** Relevance over the denominator of a part. */
function divided(
  layer: Layer,
  flow: Flow,
  part: Part,
  terms: readonly Term[],
  rule: LinearRule,
  context: LinearContext,
): string {
  const { b, wires } = context;
  const [first] = terms;
  const isPlain = terms.length === 1 && !part.outputs && first.input === 'all' && first.weight === 'all';
  if (isPlain && (first.bias || layer.bias === null)) {
    return relativeTo(b, flow, layer.output, rule.stabiliser, wires);
  }
  return quotient(
    b,
    flow,
    denominator(layer, part, terms, flow.of === null ? flow.factor : null, rule.stabiliser, context),
  );
}

/**
 * Notes what ε keeps: a little of everything, and all of what finds nothing to go to. Where a denominator has a sign, ε
 * is there what a bias of that size would be.
 */
function noteStabiliser(
  layer: Layer,
  flow: Flow,
  s: string,
  part: Part,
  { stabiliser }: LinearRule,
  { b, absorb }: LinearContext,
): void {
  const sign = part.outputs ? (part.outputs === 'positive' ? 1 : -1) : signOf(part);
  if (sign !== 0) {
    const epsilon = b.float(sign * stabiliser, b.dtype(s));
    const kept = isConvolution(layer) ? besideOutput(b, layer, b.expand(epsilon, [b.shape(s)[1]])) : epsilon;
    absorb(kept, b.scale(s, part.share));
  } else if (stabiliser > STABILISER) {
    absorb(b.float(1, b.dtype(s)), b.sub(whole(b, flow), b.mul(layer.output, s)));
  }
}

/** The relevance given with the difference from what came evened out or noted, as the rule says. */
function balanced(layer: Layer, came: Flow, given: Flow, { remainder }: LinearRule, context: LinearContext): Flow {
  if (!remainder) return given;
  const { b } = context;
  const [input, output] = [whole(b, given), whole(b, came)];
  const isPerItem = layer.data === 0 && isConvolution(layer);
  const total = (value: string): string =>
    b.sum(
      value,
      b.shape(value).flatMap((_, axis) => (axis === 0 && isPerItem ? [] : [axis])),
    );
  if (remainder === 'lost') {
    const difference = b.sub(b.reshape(total(output), [-1]), b.reshape(total(input), [-1]));
    context.absorb(b.float(1, b.dtype(input)), difference);
    return given;
  }
  const active = b.op('Sign', [b.op('Abs', [input])]);
  const items = b.shape(total(input));
  const count = b.op('Max', [total(active), b.float(1, b.dtype(input))]);
  const each = b.div(b.sub(total(input), b.reshape(total(output), items)), count);
  return { of: null, factor: b.sub(input, b.mul(active, each)) };
}

/**
 * Shares the relevance of a layer's output out over its input.
 *
 * @param flow relevance of `layer.output`
 * @returns relevance of `layer.x`
 */
export function shareLinear(layer: Layer, flow: Flow, rule: LinearRule, context: LinearContext): Flow {
  const { b, wires } = context;
  const { x } = layer;
  /** Factors of x, and relevance that is not proportional to it. */
  const factors: string[] = [];
  const others: string[] = [];
  for (const part of rule.parts) {
    const own = ownFlow(layer, flow, part, context);
    if (own === null) continue;
    const present = (terms: readonly Term[]): readonly Term[] =>
      terms.filter(({ input }) => input !== 'negative' || !wires.isNonNegative(x));
    const s = divided(layer, own, part, present(part.among ?? part.terms), rule, context);
    if (!rule.remainder) noteStabiliser(layer, own, s, part, rule, context);
    for (const term of present(part.terms)) {
      const { input, sign } = term;
      const share = part.share * sign;
      const bias = biasOf(layer, term, b);
      if (bias !== null) context.absorb(besideOutput(b, layer, bias), b.scale(s, share));
      const weight = weightOf(layer, term, own.of === null ? own.factor : null, context);
      const back = b.scale(backward(b, layer, weight, s), share);
      if (input === 'all' || (input === 'positive' && wires.isNonNegative(x))) factors.push(back);
      else if (input === 'positive') factors.push(b.mul(back, step(b, x)));
      else if (input === 'negative') factors.push(b.mul(back, step(b, x, 0, -1)));
      else if (input === 'ones') others.push(back);
      else others.push(b.mul(inputPart(layer, input, context), back));
    }
  }
  const given: Flow =
    others.length === 0
      ? { of: x, factor: factors.length ? factors.reduce(b.add) : b.zerosLike(x) }
      : { of: null, factor: [...factors.map((factor) => b.mul(x, factor)), ...others].reduce(b.add) };
  return balanced(layer, flow, given, rule, context);
}
