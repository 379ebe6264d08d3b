import { getFloat, getString } from '../../../src/graph/attributes';
import type { Node } from '../../../src/graph/ir';
import { map } from './array';
import { erf, zip } from './elementwise';
import type { Family, Operator } from './operator';

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clamp01 = (x: number): number => Math.min(Math.max(x, 0), 1);

const activation =
  (make: (node: Node) => (x: number) => number): Operator =>
  ({ node, input }) => [map(input(0), make(node))];

const geluTanh = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const geluExact = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));

/** The activation functions of ONNX, by the formulas of their pages. */
export const activations: Family = {
  Relu: activation(() => (x) => Math.max(x, 0)),
  LeakyRelu: activation((node) => {
    const alpha = getFloat(node, 'alpha', 0.01);
    return (x) => (x < 0 ? alpha * x : x);
  }),
  PRelu: ({ input }) => [zip(input(0), input(1), (x, slope) => (x < 0 ? slope * x : x))],
  ThresholdedRelu: activation((node) => {
    const alpha = getFloat(node, 'alpha', 1);
    return (x) => (x > alpha ? x : 0);
  }),
  Elu: activation((node) => {
    const alpha = getFloat(node, 'alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Selu: activation((node) => {
    const alpha = getFloat(node, 'alpha', 1.6732631921768188);
    const gamma = getFloat(node, 'gamma', 1.0507010221481323);
    return (x) => (x <= 0 ? gamma * alpha * Math.expm1(x) : gamma * x);
  }),
  Celu: activation((node) => {
    const alpha = getFloat(node, 'alpha', 1);
    return (x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
  }),
  Sigmoid: activation(() => sigmoid),
  HardSigmoid: activation((node) => {
    const alpha = getFloat(node, 'alpha', 0.2);
    const beta = getFloat(node, 'beta', 0.5);
    return (x) => clamp01(alpha * x + beta);
  }),
  HardSwish: activation(() => (x) => x * clamp01(x / 6 + 0.5)),
  Swish: activation((node) => {
    const alpha = getFloat(node, 'alpha', 1);
    return (x) => x * sigmoid(alpha * x);
  }),
  Mish: activation(() => (x) => x * Math.tanh(softplus(x))),
  Tanh: activation(() => Math.tanh),
  Softplus: activation(() => softplus),
  Softsign: activation(() => (x) => x / (1 + Math.abs(x))),
  Gelu: activation((node) => (getString(node, 'approximate', 'none') === 'tanh' ? geluTanh : geluExact)),
};
