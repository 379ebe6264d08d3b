import type { Node } from '../../graph/ir';
import type { RuleContext } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { type Flow, flowOf, isMultipleOf, relativeTo } from './flow';
import type { LinearContext } from './linear';
import type { LinearRule } from './rules';

/** One walk's surroundings: what the operators' rules ask beside their node. */
export interface Walk extends LinearContext {
  /** The rule of a linear layer. */
  ruleOf(node: Node): LinearRule;
  /** ε of everything that is no layer: sums, means, normalisations. */
  readonly stabiliser: number;
  /**
   * `gates`: attention weights and gates are constants, all relevance goes to what they let pass. `halves`: both
   * factors of a product get half, a softmax its Taylor expansion (AttnLRP).
   */
  readonly products: 'gates' | 'halves';
  /**
   * How a sum of branches shares relevance. `contributions`: in proportion to them; `positive`: to their positive
   * parts. `copies`: it does not share, every branch gets all; batch normalisation then passes relevance on unchanged.
   */
  readonly sums: 'contributions' | 'positive' | 'copies';
  /** Outputs of matrix products and the constants that are added to them next: layers with their biases. */
  readonly biases: Map<string, { readonly constant: string; readonly sum: string }>;
}

export type Share = (context: RuleContext<Flow>, walk: Walk) => readonly (Flow | null)[];

/** The flow into a node of one output. */
export const single = ({ cotangents }: RuleContext<Flow>): Flow => cotangents[0] as Flow;

/** All to one input. */
export const to = ({ node }: RuleContext<Flow>, target: number, flow: Flow): (Flow | null)[] =>
  node.inputs.map((_, index) => (index === target ? flow : null));

/** R divided by the node's first output; ε only where there is something to divide. */
export function ratio(context: RuleContext<Flow>, { b, wires, stabiliser }: Walk): string {
  const [y] = context.node.outputs;
  const flow = single(context);
  return relativeTo(b, flow, y, isMultipleOf(flow, y, wires) ? 0 : stabiliser, wires);
}

/** The gradient's rule of the node, for cotangents that relevance was divided into. */
export function transposed(
  context: RuleContext<Flow>,
  cotangents: readonly (string | null)[],
): readonly (string | null)[] {
  const { node, b, needs } = context;
  return ruleFor(vjp, node, b)({ node, b, cotangents, needs });
}

export const asFlows = ({ node }: RuleContext<Flow>, factors: readonly (string | null)[]): (Flow | null)[] =>
  factors.map((factor, index) => (factor === null ? null : flowOf(node.inputs[index], factor)));
