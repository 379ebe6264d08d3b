import { getInt, getInts, int, omit, string } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { elementCount, floating } from '../graph/tensor';
import { castTo, unsupported } from './common';
import type { VjpRule, VjpRules } from './rule';
import { padding, scatterSum, type Windows, windowsOf } from './windows';

/** The windows of a pool node over its input. */
export function poolWindows(node: Node, b: Builder): Windows {
  const kernel = getInts(node, 'kernel_shape');
  if (!kernel) throw unsupported(node, 'kernel_shape', 'it is missing');
  return windowsOf(node, kernel, b.shape(node.inputs[0]).slice(2), b.shape(node.outputs[0]).slice(2));
}

/** Every cotangent goes to the first largest element of its window; `Indices` counts in the whole flat tensor. */
const maxPool: VjpRule = ({ node, b, cotangents }) => {
  const [x] = node.inputs;
  const shape = b.shape(x);
  // onnxruntime adds up scattered elements in full precision only.
  const dtype = b.dtype(x) === 'float64' ? 'float64' : 'float32';
  const dy = castTo(b, cotangents[0] as string, dtype);
  const [, indices] = b.ops('MaxPool', [x], 2, omit(node.attributes, 'storage_order'));
  const zeros = b.expand(b.float(0, dtype), [elementCount(shape)]);
  const flat = b.op('ScatterElements', [zeros, b.reshape(indices, [-1]), b.reshape(dy, [-1])], {
    axis: int(0),
    reduction: string('add'),
  });
  return [castTo(b, b.reshape(flat, shape), b.dtype(x))];
};

/** What AveragePool divides each window's sum by: [1, 1, output…]. Elements behind the declared padding never count. */
function counts(node: Node, w: Windows): number[] {
  const includePad = getInt(node, 'count_include_pad', 0) === 1;
  const { head, behind } = padding(node, w);
  const perAxis = w.kernel.map((k, axis) => {
    const low = includePad ? -head[axis] : 0;
    const high = w.input[axis] + (includePad ? behind[axis] : 0);
    return Array.from({ length: w.output[axis] }, (_, window) => {
      const start = window * w.strides[axis] - head[axis];
      let count = 0;
      for (let tap = 0; tap < k; tap++) {
        const place = start + tap * w.dilations[axis];
        if (place >= low && place < high) count++;
      }
      return count;
    });
  });
  return perAxis.reduce((all, axis) => all.flatMap((outer) => axis.map((inner) => outer * inner)), [1]);
}

const averagePool: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const w = poolWindows(node, b);
  // Dividing by whole numbers is exact where multiplying by their reciprocals is not.
  const sizes = counts(node, w).map((count) => Math.max(count, 1));
  const isEven = sizes.every((size) => size === sizes[0]);
  const divisor = isEven ? floating(b.dtype(dy), [sizes[0]], []) : floating(b.dtype(dy), sizes, [1, 1, ...w.output]);
  const share = sizes[0] === 1 && isEven ? dy : b.div(dy, b.constant(divisor));
  return [scatterSum(b, share, w)];
};

/** x·|x|^(p−2), the derivative of |x|^p / p. */
function powerDerivative(b: Builder, x: string, p: number): string {
  if (p === 1) return b.op('Sign', [x]);
  if (p === 2) return x;
  return b.mul(x, b.op('Pow', [b.op('Abs', [x]), b.float(p - 2, b.dtype(x))]));
}

/** y = (Σ|x|^p)^(1/p); where a window holds zeros only, its cotangent is lost. */
const lpPool: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const p = getInt(node, 'p', 2);
  if (p < 1) throw unsupported(node, 'p', `the norm ${p} has no derivative`);
  const [x] = node.inputs;
  const [y] = node.outputs;
  const w = poolWindows(node, b);
  const one = b.float(1, b.dtype(x));
  const norm = b.op('Where', [b.op('Equal', [y, b.float(0, b.dtype(y))]), one, y]);
  const power = p === 2 ? norm : b.op('Pow', [norm, b.float(p - 1, b.dtype(x))]);
  const share = p === 1 ? dy : b.div(dy, power);
  return [b.mul(powerDerivative(b, x, p), scatterSum(b, share, w))];
};

const globalAveragePool: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const shape = b.shape(node.inputs[0]);
  return [b.expand(b.div(dy, b.float(elementCount(shape.slice(2)), b.dtype(dy))), shape)];
};

const globalMaxPool: VjpRule = ({ node, b, cotangents }) => {
  const dy = cotangents[0] as string;
  const [x] = node.inputs;
  const shape = b.shape(x);
  const size = elementCount(shape.slice(2));
  const flat = b.reshape(x, [shape[0], shape[1], size]);
  const first = b.op('ArgMax', [flat], { axis: int(2), keepdims: int(1) });
  const places = b.ints(
    Array.from({ length: size }, (_, place) => place),
    [1, 1, size],
  );
  const mask = castTo(b, b.op('Equal', [places, first]), b.dtype(x));
  return [b.reshape(b.mul(mask, b.reshape(dy, [shape[0], shape[1], 1])), shape)];
};

/** Pools over windows and over everything. */
export const pool: VjpRules = [
  ['MaxPool', maxPool],
  ['AveragePool', averagePool],
  ['LpPool', lpPool],
  ['GlobalAveragePool', globalAveragePool],
  ['GlobalMaxPool', globalMaxPool],
];
