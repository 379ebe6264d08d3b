import { getInt, getInts, getString } from './attributes';
import { PrismError } from './errors';
import type { Node, Tensor, TensorType } from './ir';
import { dtypeOf } from './onnx/dtypes';
import { broadcast, fail, type Infer, normalise, type Shape } from './shapes/infer';
import {
  concat,
  expand,
  gather,
  gatherElements,
  gatherNd,
  pad,
  reshape,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  unsqueeze,
} from './shapes/movements';
import { blocks, conv, convTranspose, globalPool, pool, resize } from './shapes/windows';
import { toNumbers } from './tensor';

/**
 * Static types of the operators that rules emit, so that a rule's mistake shows where it is made. Operators that are
 * only ever read from models need no entry: onnxruntime infers those (see specialise).
 */

const same: Infer = ({ dtype, shape }) => [{ dtype: dtype(0), shape: shape(0) }];
const elementwise: Infer = ({ node, dtype, shape }) => [
  { dtype: dtype(0), shape: broadcast(node, ...node.inputs.map((_, index) => shape(index))) },
];
const comparison: Infer = (context) => [{ dtype: 'bool', shape: elementwise(context)[0].shape }];

const reduce: Infer = ({ node, dtype, shape, has, values }) => {
  const rank = shape(0).length;
  const axes = has(1)
    ? values(1).map((axis) => normalise(axis, rank))
    : getInts(node, 'axes')?.map((axis) => normalise(axis, rank));
  if ((!axes || axes.length === 0) && getInt(node, 'noop_with_empty_axes', 0))
    return [{ dtype: dtype(0), shape: shape(0) }];
  const reduced = new Set(axes?.length ? axes : shape(0).map((_, axis) => axis));
  const keep = getInt(node, 'keepdims', 1) === 1;
  return [{ dtype: dtype(0), shape: shape(0).flatMap((dim, axis) => (reduced.has(axis) ? (keep ? [1] : []) : [dim])) }];
};

const arg: Infer = ({ node, shape }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  const keep = getInt(node, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: shape(0).flatMap((dim, index) => (index === axis ? (keep ? [1] : []) : [dim])) }];
};

const matmul: Infer = ({ node, dtype, shape }) => {
  const a = shape(0);
  const b = shape(1);
  const left = a.length === 1 ? [1, a[0]] : a;
  const right = b.length === 1 ? [b[0], 1] : b;
  if (left[left.length - 1] !== right[right.length - 2]) fail(node, `[${a}] × [${b}]`);
  const out = [
    ...broadcast(node, left.slice(0, -2), right.slice(0, -2)),
    ...(a.length === 1 ? [] : [left[left.length - 2]]),
    ...(b.length === 1 ? [] : [right[right.length - 1]]),
  ];
  return [{ dtype: dtype(0), shape: out }];
};

const gemm: Infer = ({ node, dtype, shape }) => {
  const [m, k] = getInt(node, 'transA', 0) ? [shape(0)[1], shape(0)[0]] : shape(0);
  const [k2, n] = getInt(node, 'transB', 0) ? [shape(1)[1], shape(1)[0]] : shape(1);
  if (k !== k2) fail(node, `inner dimensions ${k} and ${k2}`);
  return [{ dtype: dtype(0), shape: [m, n] }];
};

const cast: Infer = ({ node, shape }) => [{ dtype: dtypeOf(getInt(node, 'to', 1), node.op), shape: shape(0) }];

const where: Infer = ({ node, dtype, shape }) => [
  { dtype: dtype(1), shape: broadcast(node, shape(0), shape(1), shape(2)) },
];

const topK: Infer = ({ node, dtype, shape, values }) => {
  const axis = normalise(getInt(node, 'axis', -1), shape(0).length);
  const out = shape(0).map((dim, index) => (index === axis ? values(1)[0] : dim));
  return [
    { dtype: dtype(0), shape: out },
    { dtype: 'int64', shape: out },
  ];
};

const oneHot: Infer = ({ node, dtype, shape, values }) => {
  const rank = shape(0).length + 1;
  const axis = normalise(getInt(node, 'axis', -1), rank);
  return [{ dtype: dtype(2), shape: [...shape(0).slice(0, axis), values(1)[0], ...shape(0).slice(axis)] }];
};

const layerNorm: Infer = ({ node, dtype, shape }) => {
  const axis = normalise(getInt(node, 'axis', -1), shape(0).length);
  const statistics = shape(0).map((dim, index) => (index < axis ? dim : 1));
  return [shape(0), statistics, statistics]
    .slice(0, node.outputs.length)
    .map((out) => ({ dtype: dtype(0), shape: out }));
};

const gridSample: Infer = ({ dtype, shape }) => [
  { dtype: dtype(0), shape: [...shape(0).slice(0, 2), ...shape(1).slice(1, -1)] },
];

/** Einsum over explicit subscripts without an ellipsis. */
const einsum: Infer = ({ node, dtype, shape }) => {
  const [left, right] = getString(node, 'equation', '').replaceAll(' ', '').split('->');
  if (right === undefined || left.includes('.')) fail(node, 'rules emit explicit subscripts only');
  const sizes = new Map<string, number>();
  left.split(',').forEach((term, i) => {
    for (const [axis, letter] of [...term].entries())
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, shape(i)[axis]));
  });
  return [{ dtype: dtype(0), shape: [...right].map((letter) => sizes.get(letter) as number) }];
};

const INFER: Readonly<Record<string, Infer>> = Object.fromEntries<Infer>([
  ...[
    'Abs',
    'Acos',
    'Acosh',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'BatchNormalization',
    'Ceil',
    'Celu',
    'Clip',
    'Cos',
    'Cosh',
    'CumSum',
    'Dropout',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'Gelu',
    'GroupNormalization',
    'HardSigmoid',
    'HardSwish',
    'Identity',
    'InstanceNormalization',
    'LeakyRelu',
    'Log',
    'LogSoftmax',
    'LRN',
    'Mish',
    'Neg',
    'Not',
    'Reciprocal',
    'Relu',
    'ReverseSequence',
    'Round',
    'ScatterElements',
    'ScatterND',
    'Selu',
    'Shrink',
    'Sigmoid',
    'Sign',
    'Sin',
    'Sinh',
    'Softmax',
    'Softplus',
    'Softsign',
    'Sqrt',
    'Tan',
    'Tanh',
    'ThresholdedRelu',
    'Trilu',
  ].map((op) => [op, same] as const),
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Mean', 'Sum', 'Mod', 'PRelu', 'And', 'Or', 'Xor'].map(
    (op) => [op, elementwise] as const,
  ),
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'IsNaN', 'IsInf'].map(
    (op) => [op, comparison] as const,
  ),
  ...[
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceSumSquare',
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSum',
    'ReduceLogSumExp',
  ].map((op) => [op, reduce] as const),
  ['ArgMax', arg],
  ['ArgMin', arg],
  ['MatMul', matmul],
  ['Gemm', gemm],
  ['Einsum', einsum],
  ['GridSample', gridSample],
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Split', split],
  ['Slice', slice],
  ['Pad', pad],
  ['Expand', expand],
  ['Tile', tile],
  ['Gather', gather],
  ['GatherElements', gatherElements],
  ['GatherND', gatherNd],
  ['Conv', conv],
  ['ConvTranspose', convTranspose],
  ['MaxPool', pool],
  ['AveragePool', pool],
  ['LpPool', pool],
  ['GlobalAveragePool', globalPool],
  ['GlobalMaxPool', globalPool],
  ['ReorderInput', same],
  ['ReorderOutput', same],
  ['Resize', resize],
  ['DepthToSpace', blocks(1)],
  ['SpaceToDepth', blocks(-1)],
  ['Cast', cast],
  ['Where', where],
  ['TopK', topK],
  ['OneHot', oneHot],
  ['LayerNormalization', layerNorm],
]);

/**
 * The types of a node's outputs.
 *
 * @throws PrismError UNKNOWN_SHAPE when the operator has no entry or an input that fixes the shape is not constant,
 *   SHAPE_MISMATCH when the inputs do not fit
 */
export function inferTypes(
  node: Node,
  type: (value: string) => TensorType,
  initializer: (value: string) => Tensor | undefined,
): readonly TensorType[] {
  const infer = INFER[node.op];
  if (!infer)
    throw new PrismError('UNKNOWN_SHAPE', `no shape rule for ${node.op}; add one to shapes.ts`, { op: node.op });
  return infer({
    node,
    dtype: (input) => type(node.inputs[input]).dtype,
    shape: (input) => type(node.inputs[input]).shape as Shape,
    has: (input) => Boolean(node.inputs[input]),
    values: (input) => {
      const constant = initializer(node.inputs[input]);
      if (!constant)
        throw new PrismError('UNKNOWN_SHAPE', `${node.op}: ${node.inputs[input]} must be a constant`, { op: node.op });
      return Array.from(toNumbers(constant));
    },
  });
}
