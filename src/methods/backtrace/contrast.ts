import { float } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { oneMinus, step } from '../../ops/common';
import { type Flow, TINY } from './flow';

/**
 * The contrast rule. A neuron has positive contributions that sum to P, negative ones that sum to −N, and a value d. Of
 * its two streams the larger one goes to the contributions that explain the sign of d, the smaller one to the others;
 * each stays in its own stream. With contributions of one sign only both streams go there. With both signs and d = 0
 * both streams are lost, and so they are where nothing contributes.
 *
 * What a stream is multiplied with is 1/P on its way to positive contributions and −1/N on its way to negative ones: the
 * sign tells the way.
 */
export interface Ways {
  /** −1/P, and 1/N where no contribution is positive: against the way of a stream meant for positive contributions. */
  readonly positive: string;
  /** −1/N, and 1/P where no contribution is negative: the way of a stream meant for negative contributions. */
  readonly negative: string;
}

/**
 * @param minusPositive −P, above zero where there are no positive contributions, and {@link TINY} on either side of zero
 * where there are none at all
 * @param minusNegative the same for −N
 */
export function waysOf(b: Builder, minusPositive: string, minusNegative: string): Ways {
  const [positive, negative] = [minusPositive, minusNegative].map((sum) => b.op('Reciprocal', [sum]));
  return {
    positive: b.op('Min', [positive, b.op('Abs', [negative])]),
    negative: b.op('Min', [negative, b.op('Abs', [positive])]),
  };
}

/** The ways where both sums are known. */
export function waysFrom(b: Builder, positive: string, negative: string): Ways {
  const tiny = b.float(TINY, b.dtype(positive));
  return waysOf(b, b.sub(tiny, positive), b.sub(tiny, negative));
}

/** What is known of relevance by the value it belongs to. */
export interface Known {
  /** It is zero where the value is. */
  readonly atZero: boolean;
  /** It is zero where the value is not positive. */
  readonly belowZero: boolean;
}

/** 1 where the stream for the decision is meant for negative contributions, 0 where it is meant for positive ones. */
export function isCrossed(b: Builder, [forIt, against]: Flow, value: string, known: Known): string {
  const more = b.sub(forIt, against);
  const decisive = known.belowZero ? more : b.mul(more, value);
  return b.dtype(decisive) === 'float32'
    ? b.op('HardSigmoid', [decisive], { alpha: float(-3e38), beta: float(1) })
    : oneMinus(b, step(b, decisive));
}

/** Above the inverse of everything that counts. */
const HUGE = 1e30;

/** Both streams over P, or over −N. */
export interface Quotients {
  readonly quotients: Flow;
  /** 1 where both are lost because the value is zero; null where that cannot be. */
  readonly undecided: string | null;
}

/** @param value d: anything of its sign */
export function quotientsOf(b: Builder, flow: Flow, ways: Ways, value: string, known: Known): Quotients {
  const [forIt, against] = flow;
  const [ahead, behind] = [b.neg(ways.positive), ways.negative];
  const crossed = b.scale(isCrossed(b, flow, value, known), HUGE);
  const own = b.op('Max', [behind, b.sub(ahead, crossed)]);
  // The other stream goes the other way, or the same where there is but one; no way is the difference of two.
  const other = b.div(b.mul(ahead, behind), own);
  const quotients = [b.mul(forIt, own), b.mul(against, other)];
  if (known.atZero) return { quotients, undecided: null };
  const both = b.mul(step(b, ahead), step(b, behind, 0, -1));
  const undecided = b.mul(both, oneMinus(b, b.op('Abs', [b.op('Sign', [value])])));
  const rest = oneMinus(b, undecided);
  return { quotients: quotients.map((quotient) => b.mul(quotient, rest)), undecided };
}
