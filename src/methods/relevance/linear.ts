import { getFloat, omit } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { step } from '../../ops/common';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { type Flow, ofSign, quotient, relativeTo, stabilised } from './flow';
import type { InputPart, LinearRule, Part, Term, WeightPart } from './rules';
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
  if (node.op !== 'Gemm') return { node, weight, bias: bias || null };
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

const isConvolution = ({ node }: Layer): boolean => node.op === 'Conv' || node.op === 'ConvTranspose';

/** A bias in a shape that broadcasts against the layer's output: a convolution has one number a channel. */
function besideOutput(b: Builder, layer: Layer, bias: string): string {
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
function forward(b: Builder, layer: Layer, x: string, weight: string, bias: string | null): string {
  const { node, data } = layer;
  const operands = data === 0 ? [x, weight] : [weight, x];
  const takesBias = bias !== null && isConvolution(layer) && b.rank(bias) === 1;
  const y = b.op(node.op, takesBias ? [...operands, bias] : operands, node.attributes, node.domain);
  return bias === null || takesBias ? y : b.add(y, bias);
}

/** Wᵀ·s for another weight. */
function backward(b: Builder, { node, data, x }: Layer, weight: string, s: string): string {
  const inputs = data === 0 ? [x, weight] : [weight, x];
  const rule = ruleFor(vjp, node, b);
  const results = rule({ node: { ...node, inputs }, b, cotangents: [s], needs: (index) => index === data });
  return b.sumTo(results[data] as string, b.shape(x));
}

/** A part of a weight or bias; onnxruntime folds what depends on constants alone. */
function weightPart(b: Builder, weight: string, part: WeightPart): string {
  if (part === 'all') return weight;
  if (part === 'ones') return b.expand(b.float(1, b.dtype(weight)), b.shape(weight));
  if (part === 'positive') return b.op('Relu', [weight]);
  if (part === 'negative') return b.op('Min', [weight, b.float(0, b.dtype(weight))]);
  return b.add(weight, b.scale(weightPart(b, weight, part.raised), part.by));
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

/** Σ ± (x̃·w̃ + b̃), away from zero. */
function denominator(
  layer: Layer,
  part: Part,
  terms: readonly Term[],
  epsilon: number,
  context: LinearContext,
): string {
  const { b } = context;
  const sign = signOf(part);
  const dtype = b.dtype(layer.x);
  let offset = sign === 0 || part.outputs ? null : b.float(sign * epsilon, dtype);
  const sums = terms.map((term) => {
    let bias = term.bias && layer.bias !== null ? weightPart(b, layer.bias, term.weight) : null;
    // With a sign that is known ε is added before the sum instead of behind it: the bias takes it along.
    if (offset !== null && term.sign === 1) {
      bias = shifted(layer, bias, offset, b);
      offset = null;
    }
    const sum = forward(
      b,
      layer,
      inputPart(layer, term.input, context),
      weightPart(b, layer.weight, term.weight),
      bias,
    );
    return term.sign === 1 ? sum : b.neg(sum);
  });
  const total = sums.reduce(b.add);
  if (sign !== 0 && !part.outputs) return total;
  if (!part.outputs) return stabilised(b, total, epsilon);
  // Where the output has the sign wanted the denominator has it too; elsewhere nothing is divided.
  return part.outputs === 'positive'
    ? b.add(b.op('Relu', [total]), b.float(epsilon, dtype))
    : b.sub(b.op('Min', [total, b.float(0, dtype)]), b.float(epsilon, dtype));
}

/** The bias with ε added, in the shape that the layer takes. */
function shifted(layer: Layer, bias: string | null, offset: string, b: Builder): string {
  if (bias !== null) return b.add(bias, offset);
  return isConvolution(layer) ? b.expand(offset, [b.shape(layer.node.outputs[0])[1]]) : offset;
}

/** R_j over the denominator of a part; null where the part has no relevance to share. */
function divided(
  layer: Layer,
  flow: Flow,
  part: Part,
  terms: readonly Term[],
  rule: LinearRule,
  context: LinearContext,
): string | null {
  const { b, wires } = context;
  const [first] = terms;
  const isPlain = terms.length === 1 && !part.outputs && first.input === 'all' && first.weight === 'all';
  if (isPlain && (first.bias || layer.bias === null)) {
    return relativeTo(b, flow, layer.output, rule.stabiliser, wires);
  }
  const own = part.outputs ? ofSign(b, flow, layer.output, part.outputs === 'positive' ? 1 : -1, wires) : flow;
  return own && quotient(b, own, denominator(layer, part, terms, rule.stabiliser, context));
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
    const terms = part.terms.filter(({ input }) => input !== 'negative' || !wires.isNonNegative(x));
    const s = divided(layer, flow, part, terms, rule, context);
    if (s === null) continue;
    for (const { input, weight, bias, sign } of terms) {
      const share = part.share * sign;
      if (bias && layer.bias !== null)
        context.absorb(besideOutput(b, layer, weightPart(b, layer.bias, weight)), b.scale(s, share));
      const back = b.scale(backward(b, layer, weightPart(b, layer.weight, weight), s), share);
      if (input === 'all' || (input === 'positive' && wires.isNonNegative(x))) factors.push(back);
      else if (input === 'positive') factors.push(b.mul(back, step(b, x)));
      else if (input === 'negative') factors.push(b.mul(back, step(b, x, 0, -1)));
      else if (input === 'ones') others.push(back);
      else others.push(b.mul(inputPart(layer, input, context), back));
    }
  }
  if (others.length === 0) {
    return { of: x, factor: factors.length ? factors.reduce(b.add) : b.zerosLike(x) };
  }
  return { of: null, factor: [...factors.map((factor) => b.mul(x, factor)), ...others].reduce(b.add) };
}
