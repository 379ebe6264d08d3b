import type { Node } from '../../graph/ir';
import { activation } from '../../ops/activation';
import type { Match, RuleTable, VjpRule } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { isLeftByCaptum, type MaxPoolRule, maximum } from './maximum';
import { groupNormalization, layerNormalization, softmax } from './normalize';
import { byGradient, middle, type RescaleRule, slope } from './pass';
import type { Paired } from './reference';

/** Functions of one element each. */
const ELEMENTWISE: readonly string[] = [
  ...activation.map(([match]) => match).filter((match) => typeof match === 'string'),
  ...'Abs Sqrt Reciprocal Exp Log Pow Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh'.split(' '),
];

/** Δout/Δin. */
const elementwise: RescaleRule =
  ({ reference }) =>
  (context) => {
    const { node, b, cotangents } = context;
    const [x] = node.inputs;
    const [y] = node.outputs;
    const carried = b.mul(cotangents[0] as string, b.sub(y, reference(y)));
    return [slope(b, x, reference(x), carried, byGradient(context)[0] as string)];
  };

/** What is linear in each operand: the mean of the gradients of both passes is each operand's Shapley share. */
const product: RescaleRule =
  ({ reference }) =>
  (context) => {
    const { node, b } = context;
    const mirrored: Node = { ...node, inputs: node.inputs.map(reference), outputs: node.outputs.map(reference) };
    const there = byGradient({ ...context, node: mirrored });
    return byGradient(context).map((here, index) => {
      const other = there[index] ?? null;
      return here === null || other === null ? null : middle(b, here, other);
    });
  };

/** x·(1/y), the product rule and the secant of 1/y put together. */
const quotient: RescaleRule =
  ({ reference }) =>
  ({ node, b, cotangents, needs }) => {
    const [x, y] = node.inputs;
    const dy = cotangents[0] as string;
    const inverse = middle(b, b.op('Reciprocal', [y]), b.op('Reciprocal', [reference(y)]));
    const toDivisor = (): string => b.neg(b.div(b.mul(dy, middle(b, x, reference(x))), b.mul(y, reference(y))));
    return [needs(0) ? b.mul(dy, inverse) : null, needs(1) ? toDivisor() : null];
  };

/**
 * The rescale rule of DeepLIFT (Shrikumar, Greenside, Kundaje 2017) as a table: multipliers Δout/Δin at nonlinear
 * functions, the gradient at linear ones. Products, quotients and normalisations of values that vary, of which the paper
 * does not speak, are taken so that contributions still sum to the difference of the outputs.
 */
export function rescaleTable(pair: Paired, maxPool: MaxPoolRule): RuleTable<string> {
  const isVarying = ([first, ...others]: readonly boolean[]): boolean => first && !others.some(Boolean);
  // Pieces of expansions have no other pass and so do not vary: the gradient stays with them.
  const rule = (
    ops: readonly string[],
    make: RescaleRule,
    fits: (varying: readonly boolean[]) => boolean = isVarying,
  ): readonly [Match, VjpRule] => {
    const keys = new Set(ops);
    const match: Match = ({ op, domain, inputs }) =>
      keys.has(domain === '' || domain === 'ai.onnx' ? op : `${domain}:${op}`) && fits(inputs.map(pair.varies));
    return [match, make(pair)];
  };
  return {
    ...vjp,
    name: 'rescale',
    rules: [
      rule(ELEMENTWISE, elementwise),
      rule(['Mul', 'MatMul', 'Gemm', 'Einsum', 'Conv'], product, (varying) => varying.filter(Boolean).length > 1),
      rule(['Div'], quotient, ([, divisor]) => divisor),
      rule(['Softmax'], softmax),
      rule(['LayerNormalization'], layerNormalization),
      rule(['InstanceNormalization', 'GroupNormalization'], groupNormalization),
      ...(maxPool === 'captum' ? [[isLeftByCaptum, byGradient] as const] : []),
      rule(['MaxPool', 'GlobalMaxPool'], maximum(maxPool === 'captum')),
      ...vjp.rules,
    ],
  };
}
