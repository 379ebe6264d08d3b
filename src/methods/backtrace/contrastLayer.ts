import type { Builder } from '../../graph/builder';
import { type Known, quotientsOf, waysFrom, waysOf } from './contrast';
import { type Flow, TINY, wide } from './flow';
import { contributions, type LinearContext, type LinearMap, sizeOf } from './linear';

/** What stays of both streams: everything where nothing contributes, and where the value is zero. */
export function keepLost(
  { b, ledger }: LinearContext,
  node: LinearMap['node'],
  flow: Flow,
  sizes: readonly string[],
  undecided: string | null,
  times = 1,
): void {
  for (const size of sizes) ledger.keep(node, 'lost', size, { factor: times * TINY });
  if (undecided !== null) ledger.keep(node, 'lost', b.mul(b.add(flow[0], flow[1]), undecided), { factor: times });
}

/**
 * Contrast mode: both streams of a linear map's output, shared out over its input.
 *
 * @param known of the relevance of the output
 */
export function shareContrast(map: LinearMap, flow: Flow, context: LinearContext, known: Known): Flow {
  const size = sizeOf(context.b, wide(context.b, map.x), map.isNonNegative);
  const sums = map.doubledSums(size);
  return sums ? byAll(map, size, sums, flow, context, known) : bySums(map, flow, context, known);
}

/**
 * With t the quotients by P or −N of a stream an input gets Σ|x|·max(±w·t, 0), which is (|x|·|W|ᵀ|t| + x·Wᵀt) / 2: two
 * products instead of four where inputs have either sign. The halves cancel: the sums are doubled.
 */
function byAll(
  map: LinearMap,
  size: string,
  [minusPositive, minusNegative]: readonly [string, string],
  flow: Flow,
  context: LinearContext,
  known: Known,
): Flow {
  const { b } = context;
  const x = wide(b, map.x);
  const ways = waysOf(b, minusPositive, minusNegative);
  const { quotients, undecided } = quotientsOf(b, flow, ways, wide(b, map.output), known);
  const sizes = quotients.map((quotient) => b.op('Abs', [quotient]));
  keepLost(context, map.node, flow, sizes, undecided);
  return quotients.map((quotient, stream) => {
    const absolute = map.back(sizes[stream], 'absolute') as string;
    const signed = map.back(quotient, 'signed') as string;
    return map.isNonNegative
      ? b.mul(x, b.op('Relu', [b.add(absolute, signed)]))
      : b.op('Relu', [b.add(b.mul(size, absolute), b.mul(x, signed))]);
  });
}

function bySums(map: LinearMap, flow: Flow, context: LinearContext, known: Known): Flow {
  const { b } = context;
  const { positive, negative, back } = contributions(map, b);
  if (negative === null) return byOneSign(map, flow, positive, back, context);
  const ways = waysFrom(b, positive, negative);
  const { quotients, undecided } = quotientsOf(b, flow, ways, wide(b, map.output), known);
  const parts = quotients.map((quotient) => ofBothSigns(b, quotient));
  keepLost(context, map.node, flow, parts.flat(), undecided);
  return parts.map(([plus, minus]) => back(plus, minus));
}

/** The quotients on their way to positive contributions, and the sizes of those on their way to negative ones. */
export const ofBothSigns = (b: Builder, quotient: string): readonly [string, string] => [
  b.op('Relu', [quotient]),
  b.op('Relu', [b.neg(quotient)]),
];

/** No contribution is negative. */
function byOneSign(
  { node }: LinearMap,
  flow: Flow,
  positive: string,
  back: (plus: string, minus: null) => string,
  context: LinearContext,
): Flow {
  const { b } = context;
  const each = b.op('Reciprocal', [b.add(positive, b.float(TINY, b.dtype(positive)))]);
  const quotients = flow.map((stream) => b.mul(stream, each));
  keepLost(context, node, flow, quotients, null);
  return quotients.map((quotient) => back(quotient, null));
}
