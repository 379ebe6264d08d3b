import type { Node } from '../../graph/ir';
import { alphaBetaRule, boxRule, epsilonRule, flatRule, gammaRule, type LinearRule, zPlusRule } from './rules';

/** Kinds of linear layers that composites tell apart. */
export type Family = 'convolution' | 'dense' | 'any';

/** Which rule treats which layers: the first entry that fits wins. */
export interface Composite {
  /** For layers with no other layer between them and the model's input. */
  readonly first: readonly (readonly [Family, LinearRule])[];
  readonly layers: readonly (readonly [Family, LinearRule])[];
}

export interface CompositeOptions {
  readonly epsilon: number;
  readonly gamma: number;
}

const CONVOLUTIONS = new Set(['Conv', 'ConvTranspose']);

const isOf = (family: Family, { op }: Node): boolean =>
  family === 'any' || (family === 'convolution') === CONVOLUTIONS.has(op);

/** The rule of a layer. */
export function ruleIn(composite: Composite, node: Node, isFirst: boolean): LinearRule {
  const entries = isFirst ? [...composite.first, ...composite.layers] : composite.layers;
  const found = entries.find(([family]) => isOf(family, node));
  if (!found) throw new Error(`the composite has no rule for ${node.op}`);
  return found[1];
}

/** Rules for whole networks (Montavon et al. 2019; Anders et al. 2021): ε on top, γ, z⁺ or αβ below, pixels apart. */
export const COMPOSITES = {
  epsilon: ({ epsilon }) => ({ first: [], layers: [['any', epsilonRule(epsilon)]] }),
  'epsilon-plus': ({ epsilon }) => ({
    first: [],
    layers: [
      ['convolution', zPlusRule],
      ['dense', epsilonRule(epsilon)],
    ],
  }),
  'epsilon-gamma-box': ({ epsilon, gamma }) => ({
    first: [['convolution', boxRule]],
    layers: [
      ['convolution', gammaRule(gamma)],
      ['dense', epsilonRule(epsilon)],
    ],
  }),
  'epsilon-alpha2beta1-flat': ({ epsilon }) => ({
    first: [['any', flatRule]],
    layers: [
      ['convolution', alphaBetaRule(2, 1)],
      ['dense', epsilonRule(epsilon)],
    ],
  }),
} as const satisfies Readonly<Record<string, (options: CompositeOptions) => Composite>>;

export type CompositeName = keyof typeof COMPOSITES;
