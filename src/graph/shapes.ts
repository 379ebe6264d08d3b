import { getInt, getInts, getString } from './attributes';
import { PrismError } from './errors';
import type { DataType, Node, Tensor, TensorType } from './ir';
import { elementCount, toNumbers } from './tensor';

/**
 * Static types of the operators that rules emit, so that a rule's mistake shows where it is made. Operators that are
 * only ever read from models need no entry: onnxruntime infers those (see specialise).
 */

type Shape = readonly number[];

interface Context {
  readonly node: Node;
  readonly dtype: (input: number) => DataType;
  readonly shape: (input: number) => Shape;
  readonly has: (input: number) => boolean;
  /** The elements of a constant input. */
  readonly values: (input: number) => number[];
}

type Infer = (context: Context) => readonly TensorType[];

const fail = (node: Node, why: string): never => {
  throw new PrismError('SHAPE_MISMATCH', `${node.op} (${node.inputs.join(', ')}): ${why}`, {
    node: node.name,
    op: node.op,
  });
};

/** The shape that numpy-style broadcasting gives; throws SHAPE_MISMATCH. */
function broadcast(node: Node, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, index) => {
      const axis = rank - shape.length + index;
      if (out[axis] === 1) out[axis] = dim;
      else if (dim !== 1 && dim !== out[axis])
        fail(node, `shapes ${shapes.map((s) => `[${s}]`).join(' and ')} do not broadcast`);
    });
  }
  return out;
}

const normalise = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

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

const reshape: Infer = ({ node, dtype, shape, values }) => {
  const from = shape(0);
  const wanted = values(1).map((dim, axis) => (dim === 0 && !getInt(node, 'allowzero', 0) ? from[axis] : dim));
  const known = wanted.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const out = wanted.map((dim) => (dim === -1 ? elementCount(from) / known : dim));
  if (elementCount(out) !== elementCount(from)) fail(node, `cannot reshape [${from}] to [${wanted}]`);
  return [{ dtype: dtype(0), shape: out }];
};

const squeeze: Infer = ({ dtype, shape, has, values }) => {
  const axes = has(1) ? new Set(values(1).map((axis) => normalise(axis, shape(0).length))) : undefined;
  return [{ dtype: dtype(0), shape: shape(0).filter((dim, axis) => (axes ? !axes.has(axis) : dim !== 1)) }];
};

const unsqueeze: Infer = ({ dtype, shape, values }) => {
  const rank = shape(0).length + values(1).length;
  const axes = new Set(values(1).map((axis) => normalise(axis, rank)));
  const dims = [...shape(0)];
  return [
    {
      dtype: dtype(0),
      shape: Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : (dims.shift() as number))),
    },
  ];
};

const transpose: Infer = ({ node, dtype, shape }) => {
  const perm = getInts(node, 'perm') ?? shape(0).map((_, axis) => shape(0).length - 1 - axis);
  if (perm.length !== shape(0).length) fail(node, `perm [${perm}] of a value of shape [${shape(0)}]`);
  return [{ dtype: dtype(0), shape: perm.map((axis) => shape(0)[axis]) }];
};

const concat: Infer = ({ node, dtype, shape }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  const out = [...shape(0)];
  for (let i = 1; i < node.inputs.length; i++) {
    const next = shape(i);
    if (next.length !== out.length || next.some((dim, a) => a !== axis && dim !== out[a]))
      fail(node, `[${out}] and [${next}] along ${axis}`);
    out[axis] += next[axis];
  }
  return [{ dtype: dtype(0), shape: out }];
};

const split: Infer = ({ node, dtype, shape, has, values }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  const count = node.outputs.length;
  const chunk = Math.ceil(shape(0)[axis] / count);
  const sizes = has(1)
    ? values(1)
    : Array.from({ length: count }, (_, i) => Math.min(chunk, shape(0)[axis] - i * chunk));
  return sizes.map((size) => ({ dtype: dtype(0), shape: shape(0).map((dim, a) => (a === axis ? size : dim)) }));
};

/** Number of elements that Slice takes along one axis. */
function sliceLength(dim: number, start: number, end: number, step: number): number {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const from = clamp(start < 0 ? start + dim : start, 0, step > 0 ? dim : dim - 1);
  const to = clamp(end < 0 ? end + dim : end, step > 0 ? 0 : -1, dim);
  return Math.max(0, Math.ceil((to - from) / step));
}

const slice: Infer = ({ dtype, shape, has, values }) => {
  const starts = values(1);
  const ends = values(2);
  const axes = has(3) ? values(3).map((axis) => normalise(axis, shape(0).length)) : starts.map((_, i) => i);
  const steps = has(4) ? values(4) : starts.map(() => 1);
  const out = [...shape(0)];
  axes.forEach((axis, i) => {
    out[axis] = sliceLength(out[axis], starts[i], ends[i], steps[i]);
  });
  return [{ dtype: dtype(0), shape: out }];
};

const pad: Infer = ({ dtype, shape, has, values }) => {
  const axes = has(3) ? values(3).map((axis) => normalise(axis, shape(0).length)) : shape(0).map((_, axis) => axis);
  const pads = values(1);
  const out = [...shape(0)];
  axes.forEach((axis, i) => {
    out[axis] += pads[i] + pads[i + axes.length];
  });
  return [{ dtype: dtype(0), shape: out }];
};

const expand: Infer = ({ node, dtype, shape, values }) => [
  { dtype: dtype(0), shape: broadcast(node, shape(0), values(1)) },
];

const tile: Infer = ({ dtype, shape, values }) => [
  { dtype: dtype(0), shape: shape(0).map((dim, axis) => dim * values(1)[axis]) },
];

const gather: Infer = ({ node, dtype, shape }) => {
  const axis = normalise(getInt(node, 'axis', 0), shape(0).length);
  return [{ dtype: dtype(0), shape: [...shape(0).slice(0, axis), ...shape(1), ...shape(0).slice(axis + 1)] }];
};

const gatherElements: Infer = ({ dtype, shape }) => [{ dtype: dtype(0), shape: shape(1) }];

const gatherNd: Infer = ({ node, dtype, shape }) => {
  const batch = getInt(node, 'batch_dims', 0);
  const index = shape(1);
  return [{ dtype: dtype(0), shape: [...index.slice(0, -1), ...shape(0).slice(batch + index[index.length - 1])] }];
};

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

const conv: Infer = ({ node, dtype, shape }) => {
  const weight = shape(1);
  if (shape(0)[1] !== weight[1] * getInt(node, 'group', 1)) fail(node, `input [${shape(0)}], weight [${weight}]`);
  return [{ dtype: dtype(0), shape: [shape(0)[0], weight[0], ...windows(node, shape(0), weight.slice(2))] }];
};

const pool: Infer = ({ node, dtype, shape }) => {
  const kernel = getInts(node, 'kernel_shape') ?? fail(node, 'no kernel_shape');
  const out = [...shape(0).slice(0, 2), ...windows(node, shape(0), kernel)];
  return [
    { dtype: dtype(0), shape: out },
    { dtype: 'int64' as const, shape: out },
  ].slice(0, node.outputs.length);
};

const convTranspose: Infer = ({ node, dtype, shape }) => {
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

const globalPool: Infer = ({ dtype, shape }) => [
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

const resize: Infer = ({ node, dtype, shape, has, values }) => {
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

const blocks =
  (direction: 1 | -1): Infer =>
  ({ node, dtype, shape }) => {
    const size = getInt(node, 'blocksize', 1);
    const [n, c, h, w] = shape(0);
    const out = direction === 1 ? [n, c / size ** 2, h * size, w * size] : [n, c * size ** 2, h / size, w / size];
    return [{ dtype: dtype(0), shape: out }];
  };

const CAST: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

const cast: Infer = ({ node, shape }) => [
  { dtype: CAST[getInt(node, 'to', 1)] ?? fail(node, `cast to type ${getInt(node, 'to', 1)}`), shape: shape(0) },
];

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
