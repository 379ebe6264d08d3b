import type { Builder } from '../../graph/builder';
import type { RuleContext, VjpRule } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import type { Paired } from './reference';

/** Where the inputs differ by less, a slope cannot be told from the differences: the gradient stands in. */
const SMALLEST = 1e-10;

/** A rule of the rescale table, given both passes. */
export type RescaleRule = (pair: Paired) => VjpRule;

/** The ordinary gradient's rule for the node. */
export const byGradient = (context: RuleContext<string>): readonly (string | null)[] =>
  ruleFor(vjp, context.node, context.b)(context);

/** What flows back from a function whose input went from `there` to `here` and whose output brings `carried` back. */
export function slope(b: Builder, here: string, there: string, carried: string, gradient: string): string {
  const change = b.sub(here, there);
  const dtype = b.dtype(here);
  // Neither is there a slope between two masks of −∞.
  const isSmall = b.op('Not', [b.op('GreaterOrEqual', [b.op('Abs', [change]), b.float(SMALLEST, dtype)])]);
  const divisor = b.op('Where', [isSmall, b.float(1, dtype), change]);
  return b.op('Where', [isSmall, gradient, b.div(carried, divisor)]);
}

/** Half the sum. */
export const middle = (b: Builder, here: string, there: string): string => b.scale(b.add(here, there), 0.5);
