import { getFloat, getInt, int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { elementCount } from '../../graph/tensor';
import { fromFront } from '../../ops/common';
import { middle, type RescaleRule, slope } from './pass';

/** As the quotient of an exponential and its sum, both passes shifted alike so that neither overflows. */
export const softmax: RescaleRule =
  ({ reference }) =>
  ({ node, b, cotangents }) => {
    const [x] = node.inputs;
    const dy = cotangents[0] as string;
    const axes = [fromFront(getInt(node, 'axis', -1), b.rank(x))];
    const largest = b.op('ReduceMax', [b.op('Max', [x, reference(x)]), b.ints(axes)], { keepdims: int(1) });
    const exponential = (value: string): string => b.op('Exp', [b.sub(value, largest)]);
    const [here, there] = [exponential(x), exponential(reference(x))];
    const [sum, otherSum] = [b.sum(here, axes), b.sum(there, axes)];
    const own = b.mul(dy, middle(b, b.op('Reciprocal', [sum]), b.op('Reciprocal', [otherSum])));
    const shared = b.div(b.sum(b.mul(dy, middle(b, here, there)), axes), b.mul(sum, otherSum));
    const g = b.sub(own, shared);
    return [slope(b, x, reference(x), b.mul(g, b.sub(here, there)), b.mul(g, here))];
  };

/**
 * The standardised value as the product c·r of the centred value and r = 1/√(mean c² + ε): each factor takes the other's
 * mean of the two passes, and so do the two factors of c².
 */
function throughStandard(
  b: Builder,
  g: string,
  x: string,
  other: string,
  axes: readonly number[],
  epsilon: number,
): string {
  const parts = (value: string): { centred: string; variance: string; r: string } => {
    const centred = b.sub(value, b.mean(value, axes));
    const variance = b.mean(b.mul(centred, centred), axes);
    const r = b.op('Reciprocal', [b.op('Sqrt', [b.add(variance, b.float(epsilon, b.dtype(value)))])]);
    return { centred, variance, r };
  };
  const [here, there] = [parts(x), parts(other)];
  const meanCentred = middle(b, here.centred, there.centred);
  const toR = b.sum(b.mul(g, meanCentred), axes);
  const gradient = b.scale(b.mul(toR, b.mul(here.r, b.mul(here.r, here.r))), -0.5);
  const toVariance = slope(b, here.variance, there.variance, b.mul(toR, b.sub(here.r, there.r)), gradient);
  const count = elementCount(axes.map((axis) => b.shape(x)[axis]));
  const toCentred = b.add(b.mul(g, middle(b, here.r, there.r)), b.mul(b.scale(toVariance, 2 / count), meanCentred));
  return b.sub(toCentred, b.mean(toCentred, axes));
}

const axesFrom = (start: number, rank: number): number[] =>
  Array.from({ length: rank - start }, (_, axis) => start + axis);

export const layerNormalization: RescaleRule =
  ({ reference }) =>
  ({ node, b, cotangents }) => {
    const [x, scale] = node.inputs;
    const axes = axesFrom(fromFront(getInt(node, 'axis', -1), b.rank(x)), b.rank(x));
    const g = b.mul(cotangents[0] as string, scale);
    return [throughStandard(b, g, x, reference(x), axes, getFloat(node, 'epsilon', 1e-5))];
  };

/** Instance- and GroupNormalization: one group a channel, or `num_groups`. */
export const groupNormalization: RescaleRule =
  ({ reference }) =>
  ({ node, b, cotangents }) => {
    const [x, scale] = node.inputs;
    const shape = b.shape(x);
    const [batch, channels, ...places] = shape;
    const groups = node.op === 'InstanceNormalization' ? channels : getInt(node, 'num_groups', 1);
    const grouped = [batch, groups, (channels / groups) * elementCount(places)];
    const gain = b.reshape(scale, [1, channels, ...places.map(() => 1)]);
    const g = b.reshape(b.mul(cotangents[0] as string, gain), grouped);
    const [here, there] = [b.reshape(x, grouped), b.reshape(reference(x), grouped)];
    return [b.reshape(throughStandard(b, g, here, there, [2], getFloat(node, 'epsilon', 1e-5)), shape)];
  };
