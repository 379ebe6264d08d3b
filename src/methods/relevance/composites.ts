import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import {
  alphaBetaRule,
  boxRule,
  epsilonRule,
  flatRule,
  gammaRule,
  influenceRule,
  type LinearRule,
  pointwiseSectionalRule,
  relativeRule,
  sectionalRule,
  zPlusRule,
} from './rules';

/** Kinds of linear layers that composites tell apart; `window`: a convolution that sees more than one place at once. */
export type Family = 'convolution' | 'window' | 'dense' | 'any';

/** Which rule treats which layers: the first entry that fits wins. */
export interface Composite {
  /** For layers with no other layer between them and what is explained from; these come before all others. */
  readonly last?: readonly (readonly [Family, LinearRule])[];
  /** For layers with no other layer between them and the model's input. */
  readonly first: readonly (readonly [Family, LinearRule])[];
  readonly layers: readonly (readonly [Family, LinearRule])[];
}

export interface CompositeOptions {
  readonly epsilon: number;
  readonly gamma: number;
}

const CONVOLUTIONS = new Set(['Conv', 'ConvTranspose']);

function isOf(family: Family, { op, inputs }: Node, b: Builder): boolean {
  if (family === 'any') return true;
  const isConvolution = CONVOLUTIONS.has(op);
  if (family === 'window') return isConvolution && elementCount(b.shape(inputs[1]).slice(2)) > 1;
  return (family === 'convolution') === isConvolution;
}

/** Where a layer stands: whether another one lies before or behind it. */
export interface Place {
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** The rule of a layer. */
export function ruleIn(composite: Composite, node: Node, { isFirst, isLast }: Place, b: Builder): LinearRule {
  const { first, last = [], layers } = composite;
  const entries = [...(isLast ? last : []), ...(isFirst ? first : []), ...layers];
  const found = entries.find(([family]) => isOf(family, node, b));
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

/** Relative attributing propagation (Nam et al. 2020): influence on top, then relative shares, pixels apart. */
export const RELATIVE: Composite = {
  last: [['any', influenceRule]],
  first: [['convolution', boxRule]],
  layers: [['any', relativeRule]],
};

/** Relative sectional propagation (Nam, Choi, Lee 2021) below the last map. */
export const SECTIONAL: Composite = {
  first: [['convolution', boxRule]],
  layers: [
    ['window', sectionalRule],
    ['any', pointwiseSectionalRule],
  ],
};
