import type { Builder } from '../../graph/builder';
import { oneMinus, step } from '../../ops/common';
import { type Flow, inverse } from './flow';

/**
 * The contrast rule. A neuron has positive contributions that sum to P, negative ones that sum to −N, and a value d. Of
 * its two streams the larger one goes to the contributions that explain the sign of d, the smaller one to the others;
 * each stays in its own stream. With contributions of one sign only both streams go there. With both signs and d = 0
 * both streams are lost.
 */
export interface Shares {
  /** For each stream, what to multiply positive contributions with; null where there are none. */
  readonly plus: Flow;
  /** The same for the sizes of negative contributions. */
  readonly minus: Flow | null;
  /** What both streams lose. */
  readonly lost: string;
}

/**
 * @param negative null where no contribution can be negative
 * @param value d: anything of its sign
 */
export function contrastShares(
  b: Builder,
  [forIt, against]: Flow,
  positive: string,
  negative: string | null,
  value: string,
): Shares {
  const perPositive = inverse(b, positive);
  const has = step(b, positive);
  const all = b.add(forIt, against);
  if (negative === null) {
    return {
      plus: [b.mul(forIt, perPositive), b.mul(against, perPositive)],
      minus: null,
      lost: b.mul(all, oneMinus(b, has)),
    };
  }
  const perNegative = inverse(b, negative);
  const hasNegative = step(b, negative);
  const both = b.mul(has, hasNegative);
  const sign = b.mul(both, b.op('Sign', [value]));
  const decided = b.op('Abs', [sign]);
  const noNegative = oneMinus(b, hasNegative);
  const noPositive = oneMinus(b, has);
  // 1 where the stream for it goes to positive contributions and the one against to negative ones.
  const direct = step(b, b.mul(b.sub(forIt, against), sign));
  const up = b.mul(perPositive, direct);
  const down = b.mul(perNegative, direct);
  const least = (per: string, alone: string): string => b.mul(per, alone);
  const most = (per: string, alone: string): string => b.mul(per, b.add(alone, decided));
  return {
    plus: [
      b.mul(forIt, b.add(least(perPositive, noNegative), up)),
      b.mul(against, b.sub(most(perPositive, noNegative), up)),
    ],
    minus: [
      b.mul(forIt, b.sub(most(perNegative, noPositive), down)),
      b.mul(against, b.add(least(perNegative, noPositive), down)),
    ],
    lost: b.mul(all, b.add(b.mul(noPositive, noNegative), b.sub(both, decided))),
  };
}
