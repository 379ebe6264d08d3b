import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { oneMinus, step } from '../../ops/common';
import { isCrossed, type Known, quotientsOf, waysFrom } from './contrast';
import { keepLost } from './contrastLayer';
import { type Flow, sumOf, TINY, wide } from './flow';
import type { LinearContext } from './linear';

/** What is added, or taken away. */
export interface Addend {
  readonly x: string;
  readonly isNonNegative: boolean;
  readonly isNegated: boolean;
}

/** Contrast mode: both streams of a sum, shared out over what is added; for each addend its own. */
export function addContrast(
  node: Node,
  addends: readonly Addend[],
  flow: Flow,
  context: LinearContext,
  known: Known,
): Flow[] {
  const value = wide(context.b, node.outputs[0]);
  const isPlain = addends.length === 2 && addends.every(({ isNegated }) => !isNegated);
  // What meets zeros only is lost; here nothing does.
  if (isPlain && known.atZero) return ofTwo(context.b, addends, flow, value, known);
  return ofMany(node, addends, flow, value, context, known);
}

/**
 * Of two addends one takes a part of each stream and the other one the rest: with one sign its share of both, with both
 * signs one whole stream.
 */
function ofTwo(b: Builder, [one, other]: readonly Addend[], flow: Flow, value: string, known: Known): Flow[] {
  if (one.isNonNegative && !other.isNonNegative) return ofTwo(b, [other, one], flow, value, known).reverse();
  const { forIt, against, more } = other.isNonNegative
    ? besideNonNegative(b, one.x, other.x)
    : partsOf(b, one.x, other.x);
  const change = b.mul(isCrossed(b, flow, value, known), more);
  const first = [b.mul(flow[0], b.add(forIt, change)), b.mul(flow[1], b.sub(against, change))];
  return [first, flow.map((stream, index) => b.sub(stream, first[index]))];
}

/** What the first of two addends takes of each stream where the one for the decision is meant for positive ones. */
interface Parts {
  readonly forIt: string;
  readonly against: string;
  /** How much more it takes of the stream for the decision elsewhere, and less of the other one. */
  readonly more: string;
}

function besideNonNegative(b: Builder, x: string, y: string): Parts {
  const up = b.op('Relu', [x]);
  const share = b.div(up, b.add(b.add(up, y), b.float(TINY, b.dtype(x))));
  const isNegative = step(b, x, 0, -1);
  return { forIt: share, against: b.add(share, isNegative), more: isNegative };
}

function partsOf(b: Builder, x: string, y: string): Parts {
  const differ = step(b, b.mul(x, y), 0, -1);
  const [size, other] = [b.op('Abs', [x]), b.op('Abs', [y])];
  const alone = b.div(size, b.add(b.add(size, other), b.float(TINY, b.dtype(x))));
  const share = b.mul(alone, oneMinus(b, differ));
  const isNegative = b.mul(differ, step(b, x, 0, -1));
  const isPositive = b.sub(differ, isNegative);
  return { forIt: b.add(share, isPositive), against: b.add(share, isNegative), more: b.sub(isNegative, isPositive) };
}

function ofMany(
  node: Node,
  addends: readonly Addend[],
  flow: Flow,
  value: string,
  context: LinearContext,
  known: Known,
): Flow[] {
  const { b } = context;
  const signed = addends.map(({ x, isNegated }) => (isNegated ? b.neg(x) : x));
  const positive = sumOf(
    b,
    signed.map((x) => b.op('Relu', [x])),
  );
  const negative = sumOf(
    b,
    signed.map((x) => b.op('Relu', [b.neg(x)])),
  );
  const { quotients, undecided } = quotientsOf(b, flow, waysFrom(b, positive, negative), value, known);
  keepLost(
    context,
    node,
    flow,
    quotients.map((quotient) => b.op('Abs', [quotient])),
    undecided,
  );
  // Of either sign, with the sign of the way that leads there.
  return signed.map((x) => quotients.map((quotient) => b.op('Relu', [b.mul(x, quotient)])));
}
