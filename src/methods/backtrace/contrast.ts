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
  /** For each stream what is lost. */
  readonly lost: Flow;
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
  const has = step(b, positive);
  const perPositive = b.mul(has, inverse(b, positive));
  if (negative === null) {
    const none = oneMinus(b, has);
    return {
      plus: [b.mul(forIt, perPositive), b.mul(against, perPositive)],
      minus: null,
      lost: [b.mul(forIt, none), b.mul(against, none)],
    };
  }
  const hasNegative = step(b, negative);
  const perNegative = b.mul(hasNegative, inverse(b, negative));
  const both = b.mul(has, hasNegative);
  const onlyPositive = b.mul(perPositive, oneMinus(b, hasNegative));
  const onlyNegative = b.mul(perNegative, oneMinus(b, has));
  const isUp = b.mul(both, step(b, value));
  const isDown = b.mul(both, step(b, value, 0, -1));
  const decided = b.add(isUp, isDown);
  const difference = b.sub(forIt, against);
  // 1 where the stream for it goes to positive contributions and the one against to negative ones.
  const direct = b.add(b.mul(isUp, step(b, difference)), b.mul(isDown, step(b, difference, 0, -1)));
  const crossed = b.sub(decided, direct);
  const none = b.sub(oneMinus(b, b.op('Max', [has, hasNegative])), b.sub(decided, both));
  const share = (stream: string, alone: string, per: string, chosen: string): string =>
    b.mul(stream, b.add(alone, b.mul(per, chosen)));
  return {
    plus: [share(forIt, onlyPositive, perPositive, direct), share(against, onlyPositive, perPositive, crossed)],
    minus: [share(forIt, onlyNegative, perNegative, crossed), share(against, onlyNegative, perNegative, direct)],
    lost: [b.mul(forIt, none), b.mul(against, none)],
  };
}
