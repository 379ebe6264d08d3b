import { getInt, getInts, getString } from '../attributes';
import type { Node } from '../ir';
import { fail, type Infer, normalise, type Shape } from './infer';

/** Operators that look at a window, and those that change the grid. */

/** Geometry of a sliding window over the spatial axes, with auto_pad resolved; the same for Conv and the pools. */
function windows(node: Node, input: Shape, kernel: Shape): number[] {
  const spatial = kernel.length;
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const auto = getString(node, 'auto_pad', 'NOTSET');
  const pads = getInts(node, 'pads') ?? new Array<number>(2 * spatial).fill(0);
  const ceil = getInt(node, 'ceil_mode', 0) === 1;
  return kernel.map((k, i) => {
    const size = input[2 + i];
    const extent = dilations[i] * (k - 1) + 1;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') return Math.ceil(size / strides[i]);
    const padded = auto === 'VALID' ? size : size + pads[i] + pads[spatial + i];
    let count = (ceil ? Math.ceil : Math.floor)((padded - extent) / strides[i]) + 1;
    // A window that would start in the padding behind the input is dropped.
    if (ceil && (count - 1) * strides[i] >= size + (auto === 'VALID' ? 0 : pads[i])) count--;
    return count;
  });
}

export const conv: Infer = ({ node, dtype, shape }) => {
  const weight = shape(1);
  if (shape(0)[1] !== weight[1] * getInt(node, 'group', 1)) fail(node, `input [${shape(0)}], weight [${weight}]`);
  return [{ dtype: dtype(0), shape: [shape(0)[0], weight[0], ...windows(node, shape(0), weight.slice(2))] }];
};

export const pool: Infer = ({ node, dtype, shape }) => {
  const kernel = getInts(node, 'kernel_shape') ?? fail(node, 'no kernel_shape');
  const out = [...shape(0).slice(0, 2), ...windows(node, shape(0), kernel)];
  return [
    { dtype: dtype(0), shape: out },
    { dtype: 'int64' as const, shape: out },
  ].slice(0, node.outputs.length);
};

export const convTranspose: Infer = ({ node, dtype, shape }) => {
  const input = shape(0);
  const weight = shape(1);
  const kernel = weight.slice(2);
  const spatial = kernel.length;
  const strides = getInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = getInts(node, 'dilations') ?? kernel.map(() => 1);
  const extra = getInts(node, 'output_padding') ?? kernel.map(() => 0);
  const pads = getInts(node, 'pads') ?? new Array<number>(2 * spatial).fill(0);
  if (getString(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || getInts(node, 'output_shape'))
    fail(node, 'rules emit explicit pads only');
  const out = kernel.map(
    (k, i) => (input[2 + i] - 1) * strides[i] + dilations[i] * (k - 1) + 1 + extra[i] - pads[i] - pads[spatial + i],
  );
  return [{ dtype: dtype(0), shape: [input[0], weight[1] * getInt(node, 'group', 1), ...out] }];
};

export const globalPool: Infer = ({ dtype, shape }) => [
  {
    dtype: dtype(0),
    shape: [
      ...shape(0).slice(0, 2),
      ...shape(0)
        .slice(2)
        .map(() => 1),
    ],
  },
];

export const resize: Infer = ({ node, dtype, shape, has, values }) => {
  const axes =
    getInts(node, 'axes')?.map((axis) => normalise(axis, shape(0).length)) ?? shape(0).map((_, axis) => axis);
  const out = [...shape(0)];
  // onnxruntime multiplies in float32: 10 times 0.7 is 7 there, but below 7 in float64.
  const scaled = (axis: number, scale: number): number => Math.fround(out[axis] * Math.fround(scale));
  const policy = getString(node, 'keep_aspect_ratio_policy', 'stretch');
  const ratios = has(3) ? axes.map((axis, i) => values(3)[i] / out[axis]) : [];
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  axes.forEach((axis, i) => {
    if (!has(3)) out[axis] = Math.floor(scaled(axis, values(2)[i]));
    else out[axis] = policy === 'stretch' ? values(3)[i] : Math.round(scaled(axis, common));
  });
  return [{ dtype: dtype(0), shape: out }];
};

export const blocks =
  (direction: 1 | -1): Infer =>
  ({ node, dtype, shape }) => {
    const size = getInt(node, 'blocksize', 1);
    const [n, c, h, w] = shape(0);
    const out = direction === 1 ? [n, c / size ** 2, h * size, w * size] : [n, c * size ** 2, h / size, w / size];
    return [{ dtype: dtype(0), shape: out }];
  };
