import type { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import type { Node } from '../graph/ir';
import { activation } from './activation';
import { composed } from './composed';
import { contributed } from './contributed';
import { control } from './control';
import { conv } from './conv';
import { einsum } from './einsum';
import { elementwise } from './elementwise';
import { gridSample } from './gridSample';
import { indexing } from './indexing';
import { linear } from './linear';
import { normalization } from './normalization';
import { pool } from './pool';
import { quantize } from './quantize';
import { recurrent } from './recurrent';
import { reduce } from './reduce';
import { resize } from './resize';
import type { Expansions, RuleTable, VjpRules } from './rule';
import { shape } from './shape';
import { softmax } from './softmax';

/** The gradient: every operator's vector-Jacobian product. One file per operator family; a new family is one line here. */
const rules: VjpRules = [
  ...activation,
  ...elementwise,
  ...conv,
  ...linear,
  ...normalization,
  ...pool,
  ...reduce,
  ...shape,
  ...indexing,
  ...softmax,
  ...resize,
  ...gridSample,
  ...einsum,
  ...quantize,
];

/** What is taken apart instead of having rules. */
const expansions: Expansions = [...recurrent, ...control, ...composed, ...contributed];

/** Adds cotangents up pairwise. */
function combine(cotangents: readonly string[], _value: string, b: Builder): string {
  return cotangents.reduce((sum, cotangent) => b.add(sum, cotangent));
}

/** Sums over broadcast axes; a cotangent that still does not fit is a rule's mistake. */
function conform(cotangent: string, value: string, node: Node, b: Builder): string {
  const wanted = b.shape(value);
  const shape = b.shape(cotangent);
  if (
    shape.length < wanted.length ||
    wanted.some((dim, axis) => dim !== 1 && dim !== shape[shape.length - wanted.length + axis])
  ) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `the rule of ${node.op} returned shape [${shape}] for ${value} of shape [${wanted}]`,
      {
        node: node.name,
        op: node.op,
      },
    );
  }
  return b.sumTo(cotangent, wanted);
}

/** The table of the ordinary gradient. */
export const vjp: RuleTable<string> = { name: 'gradient', rules, expansions, combine, conform };
