import type { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import { type Graph, type Node, wiring } from '../graph/ir';
import { toNumbers } from '../graph/tensor';
import type { RuleTable, VjpRule } from '../ops/rule';
import { vjp } from '../ops/vjp';
import { ruleFor } from '../reverse/driver';

const RECTIFIERS: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'PRelu',
  'ThresholdedRelu',
  'Elu',
  'Selu',
  'Celu',
]);

/** Activations that let positive values pass and hold negative ones back; a Clip is one when it begins at 0. */
function isRectifier(
  { op, inputs }: Node,
  initializer: (value: string) => ReturnType<Builder['initializer']>,
): boolean {
  if (RECTIFIERS.has(op)) return true;
  const low = op === 'Clip' && inputs[1] ? initializer(inputs[1]) : undefined;
  return low !== undefined && toNumbers(low)[0] === 0;
}

/** What arrives, without what is negative. */
const positive = (b: Builder, cotangent: string): string => b.op('Relu', [cotangent]);

/** 1[R > 0]·R: what the input was does not matter. */
const deconvolved: VjpRule = ({ b, cotangents: [dy] }) => [positive(b, dy as string)];

/** 1[a > 0]·1[R > 0]·R: the activation's own rule for what is positive. */
const guided: VjpRule = (context) => {
  const { node, b, cotangents, needs } = context;
  return ruleFor(
    vjp,
    node,
    b,
  )({
    ...context,
    cotangents: [positive(b, cotangents[0] as string)],
    needs: (input) => input === 0 && needs(0),
  });
};

const replaced = (name: string, rule: VjpRule): RuleTable<string> => ({
  ...vjp,
  name,
  rules: [[(node, b) => isRectifier(node, (value) => b.initializer(value)), rule], ...vjp.rules],
});

/** Guided backpropagation (Springenberg et al. 2014): the gradient with other rules at rectifiers. */
export const guidedTable = replaced('guided', guided);

/** The deconvolutional network (Zeiler, Fergus 2013) seen as a gradient with other rules at rectifiers. */
export const deconvolutionTable = replaced('deconvolution', deconvolved);

/**
 * Refuses models in which these methods would be the plain gradient.
 *
 * @throws PrismError METHOD_DOES_NOT_FIT
 */
export function requireRectifiers(graph: Graph, output: string, method: string): void {
  const { producer } = wiring(graph);
  const seen = new Set<string>();
  const stack = [output];
  while (stack.length > 0) {
    const node = producer.get(stack.pop() as string);
    if (!node || seen.has(node.outputs[0])) continue;
    if (isRectifier(node, (value) => graph.initializers.get(value))) return;
    seen.add(node.outputs[0]);
    stack.push(...node.inputs);
  }
  throw new PrismError(
    'METHOD_DOES_NOT_FIT',
    `${method} changes the gradient at rectifiers (Relu and its kin), and this model has none: it would be the plain gradient; use gradient, smoothgrad or integrated-gradients`,
    { methods: ['gradient', 'smoothgrad', 'integrated-gradients'] },
  );
}
