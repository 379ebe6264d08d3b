import { int, ints, omit, string } from '../../graph/attributes';
import { elementCount } from '../../graph/tensor';
import type { Match } from '../../ops/rule';
import { byGradient, type RescaleRule, slope } from './pass';

/**
 * How max-pooling hands differences on. `complete`: they go to the maxima of both passes and add up. `captum`, as that
 * package behaves: right behind one of {@link CAPTUM_RULES} the gradient stays, elsewhere windows that share a maximum
 * overwrite each other; both lose differences.
 */
export type MaxPoolRule = 'complete' | 'captum';

/** What Captum has rules for: there its own rule reads the cotangent before max-pooling's can change it. */
const CAPTUM_RULES: ReadonlySet<string> = new Set(
  'Relu Elu LeakyRelu Sigmoid Tanh Softplus Softmax MaxPool'.split(' '),
);

/** Max-pooling that Captum leaves at its gradient. */
export const isLeftByCaptum: Match = ({ op, inputs }, b) =>
  op === 'MaxPool' && b.nodes.some((before) => before.outputs.includes(inputs[0]) && CAPTUM_RULES.has(before.op));

/**
 * The output's difference goes by way of the larger of the two maxima: from the reference's up to it at the place of
 * the input's maximum, and down from it at the place of the reference's.
 */
export const maximum =
  (overwrite: boolean): RescaleRule =>
  ({ reference }) =>
  (context) => {
    const { node, b, cotangents } = context;
    const [x] = node.inputs;
    const dy = cotangents[0] as string;
    const shape = b.shape(x);
    const windows =
      node.op === 'GlobalMaxPool' ? { kernel_shape: ints(shape.slice(2)) } : omit(node.attributes, 'storage_order');
    const [y, places] = b.ops('MaxPool', [x], 2, windows);
    const [other, otherPlaces] = b.ops('MaxPool', [reference(x)], 2, windows);
    const larger = b.op('Max', [y, other]);
    const unpool = (indices: string, amounts: string): string => {
      const zeros = b.expand(b.float(0, b.dtype(x)), [elementCount(shape)]);
      const scattered = b.op('ScatterElements', [zeros, b.reshape(indices, [-1]), b.reshape(amounts, [-1])], {
        axis: int(0),
        ...(!overwrite && { reduction: string('add') }),
      });
      return b.reshape(scattered, shape);
    };
    const up = unpool(places, b.mul(dy, b.sub(larger, other)));
    const down = unpool(otherPlaces, b.mul(dy, b.sub(y, larger)));
    return [slope(b, x, reference(x), b.add(up, down), byGradient(context)[0] as string)];
  };
