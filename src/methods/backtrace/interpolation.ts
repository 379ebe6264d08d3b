import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { axisMatrices, multiplyAxis, type ResizedAxis } from '../../ops/resize';
import { type LinearMap, meanMap } from './linear';

/** Cubic interpolation has weights of both signs: those of an element are products of one weight an axis. */
export function cubicMap(b: Builder, node: Node): LinearMap {
  const axes = axisMatrices(node, b);
  const through =
    (along: (part: string, axis: ResizedAxis) => string) =>
    (x: string, part: 'absolute' | 'positive' | 'negative' | 'signed'): string | null => {
      const all = (of: (matrix: string) => string): string =>
        axes.reduce((value, axis) => along(value, { ...axis, matrix: of(axis.matrix) }), x);
      if (part === 'signed') return all((matrix) => matrix);
      if (part === 'absolute') return all((matrix) => b.op('Abs', [matrix]));
      // The parts of a product of matrices by their signs: products with an even or an odd number of negative factors.
      const split = axes.reduce<readonly [string, string | null]>(
        ([even, odd], axis) => {
          const [up, down] = [b.op('Relu', [axis.matrix]), b.op('Relu', [b.neg(axis.matrix)])];
          const times = (value: string, matrix: string): string => along(value, { ...axis, matrix });
          const crossed = times(even, down);
          if (odd === null) return [times(even, up), crossed];
          return [b.add(times(even, up), times(odd, down)), b.add(crossed, times(odd, up))];
        },
        [x, null],
      );
      return split[part === 'positive' ? 0 : 1];
    };
  const forward = through((value, { axis, matrix }) => multiplyAxis(b, value, axis, b.transpose(matrix, [1, 0])));
  return {
    ...meanMap(b, node, false),
    apply(x, part, offset) {
      const sum = forward(x, part);
      return offset === undefined || sum === null ? sum : b.add(sum, offset);
    },
    back: through((value, { axis, matrix }) => multiplyAxis(b, value, axis, matrix)),
  };
}
