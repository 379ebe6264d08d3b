import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { type Known, quotientsOf, type Ways, waysFrom, waysOf } from './contrast';
import { keepLost, ofBothSigns } from './contrastLayer';
import { type Flow, sumOf, TINY } from './flow';
import { ABOVE_ROUNDING, isMany, type LinearContext, sizeOf } from './linear';

/** What reaches one factor of a product whose factors are given. */
export function transposed(b: Builder, node: Node, s: string, inputs: readonly string[], index: number): string {
  const moved = { ...node, inputs };
  const results = ruleFor(vjp, node, b)({ node: moved, b, cotangents: [s], needs: (input) => input === index });
  return b.sumTo(results[index] as string, b.shape(inputs[index]));
}

/** A factor of a product. */
export interface Factor {
  readonly x: string;
  readonly isNonNegative: boolean;
}

/** How half of a stream over P, or over −N, goes back to both factors. */
interface Halves {
  readonly ways: Ways;
  /** Sizes of a quotient that what is lost shows in. */
  readonly sizes: (quotient: string) => readonly string[];
  readonly back: (quotient: string, index: number) => string;
}

/** In contrast mode each factor is a layer whose weights are the other, with half of both streams. */
export function contrastProduct(
  node: Node,
  factors: readonly Factor[],
  product: string,
  flow: Flow,
  context: LinearContext,
  known: Known,
): readonly Flow[] {
  const { b } = context;
  const count = b.shape(factors[0].x).at(-1) as number;
  const isPlain = node.op === 'MatMul' && b.dtype(node.outputs[0]) === b.dtype(product);
  const { ways, sizes, back } = (isPlain && isMany(count) ? byProduct : bySigns)(b, node, factors, product);
  const { quotients, undecided } = quotientsOf(b, flow, ways, product, known);
  keepLost(context, node, flow, quotients.flatMap(sizes), undecided);
  return factors.map((_, index) => quotients.map((quotient) => back(quotient, index)));
}

/** Sums of many terms: from the product of sizes and the product. All are doubled, and doubled again for the halves. */
function byProduct(b: Builder, node: Node, factors: readonly Factor[], product: string): Halves {
  const sizes = factors.map(({ x, isNonNegative }) => sizeOf(b, x, isNonNegative));
  const sum = b.scale(b.op(node.op, sizes, node.attributes, node.domain), -2 * ABOVE_ROUNDING);
  const all = b.sub(sum, b.float(TINY, b.dtype(sum)));
  const double = b.scale(product, 2);
  const through = (quotient: string, others: readonly string[], index: number): string =>
    transposed(b, node, quotient, index === 0 ? [factors[0].x, others[1]] : [others[0], factors[1].x], index);
  const values = factors.map(({ x }) => x);
  return {
    ways: waysOf(b, b.sub(all, double), b.add(all, double)),
    sizes: (quotient) => [b.op('Abs', [quotient])],
    back(quotient, index) {
      const absolute = b.mul(sizes[index], through(b.op('Abs', [quotient]), sizes, index));
      return b.op('Relu', [b.add(absolute, b.mul(values[index], through(quotient, values, index)))]);
    },
  };
}

function bySigns(b: Builder, node: Node, factors: readonly Factor[]): Halves {
  const signs = factors.map(({ x }) => ofBothSigns(b, x));
  const times = (x: string, y: string): string => b.op(node.op, [x, y], node.attributes, node.domain);
  const [[leftUp, leftDown], [rightUp, rightDown]] = signs;
  const positive = b.add(times(leftUp, rightUp), times(leftDown, rightDown));
  const negative = b.add(times(leftUp, rightDown), times(leftDown, rightUp));
  return {
    ways: waysFrom(b, b.scale(positive, 2), b.scale(negative, 2)),
    sizes: (quotient) => ofBothSigns(b, quotient),
    back(quotient, index) {
      const [plus, minus] = ofBothSigns(b, quotient);
      const [up, down] = signs[index];
      const [otherUp, otherDown] = signs[1 - index];
      const from = (s: string, own: string, other: string): string =>
        b.mul(own, transposed(b, node, s, index === 0 ? [own, other] : [other, own], index));
      return sumOf(b, [
        from(plus, up, otherUp),
        from(plus, down, otherDown),
        from(minus, up, otherDown),
        from(minus, down, otherUp),
      ]);
    },
  };
}
