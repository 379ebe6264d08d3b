import { float, getFloat, getInt, getInts, getString } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import { fromFront } from '../../ops/common';
import type { RuleContext, Rules } from '../../ops/rule';
import { type Flow, flowOf, inTypeOf, relativeTo, reshaped, whole } from './flow';
import { layerOf, shareLinear } from './linear';
import { isAttentionWeights, signalOf } from './products';
import { asFlows, ratio, type Share, single, to, transposed, type Walk } from './share';
import { add, contributeBy, finiteWhere } from './sums';

// Elementwise functions.

/** f(cx) = c·f(x) for c > 0: f(x)/x is the derivative. */
const HOMOGENEOUS = new Set([...['Identity', 'Cast', 'CastLike', 'Dropout', 'Neg', 'Abs', 'LeakyRelu', 'PRelu']]);

/** f(x)/x where it has a form without division: the factor that takes relevance of y = f(x) to x. */
const GAINS: Readonly<Record<string, (x: string, b: Builder, node: Node) => string>> = {
  HardSwish: (x, b) => b.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) }),
  Gelu: (x, b, node) => (getString(node, 'approximate', 'none') === 'tanh' ? tanhGate(x, b) : normalGate(x, b)),
  Mish: (x, b) => b.op('Tanh', [b.op('Softplus', [x])]),
  'com.microsoft:Gelu': normalGate,
  'com.microsoft:QuickGelu': (x, b, node) => b.op('Sigmoid', [b.scale(x, getFloat(node, 'alpha', 1.702))]),
};

/** Φ(x), the normal distribution function. */
function normalGate(x: string, b: Builder): string {
  return b.scale(b.add(b.op('Erf', [b.scale(x, Math.SQRT1_2)]), b.float(1, b.dtype(x))), 0.5);
}

/** The approximation of Φ by a hyperbolic tangent. */
function tanhGate(x: string, b: Builder): string {
  const inner = b.mul(x, b.add(b.scale(b.mul(x, x), 0.044715), b.float(1, b.dtype(x))));
  return b.scale(b.add(b.op('Tanh', [b.scale(inner, Math.sqrt(2 / Math.PI))]), b.float(1, b.dtype(x))), 0.5);
}

/** An elementwise function passes relevance on unchanged to its first computed input. */
const pass: Share = (context, walk) => {
  const { node, needs } = context;
  const { b } = walk;
  const flow = single(context);
  const index = node.inputs.findIndex((_, input) => needs(input));
  const x = node.inputs[index];
  const [y] = node.outputs;
  if (flow.of === y && index === 0) {
    if (HOMOGENEOUS.has(node.op)) return scaled(context, walk, 0);
    const gain = GAINS[node.domain ? `${node.domain}:${node.op}` : node.op];
    if (gain) return to(context, 0, flowOf(x, b.mul(flow.factor, gain(x, b, node))));
  }
  if (b.shape(x).join() === b.shape(y).join()) return to(context, index, inTypeOf(b, flow, x));
  return to(context, index, { of: null, factor: b.sumTo(whole(b, flow), b.shape(x)) });
};

/** y as a multiple of one input: relevance goes there. */
function scaled(context: RuleContext<Flow>, walk: Walk, signal: number): (Flow | null)[] {
  const { node, b } = context;
  const flow = single(context);
  const x = node.inputs[signal];
  const [y] = node.outputs;
  if (flow.of !== y && b.shape(x).join() === b.shape(y).join()) return to(context, signal, flow);
  const factor = relativeTo(b, flow, y, 0, walk.wires);
  return asFlows(context, transposed({ ...context, needs: (index) => index === signal }, [factor]));
}

/** y = ln(softmax x) as x minus a constant. */
const logSoftmax: Share = (context, walk) => {
  const { b } = walk;
  const [x] = context.node.inputs;
  const factor = ratio(context, walk);
  walk.absorb(b.sub(context.node.outputs[0], x), factor);
  return [flowOf(x, factor)];
};

/** A Softmax of scores: the class's own relevance; as attention weights in AttnLRP the Taylor expansion. */
const softmax: Share = (context, walk) => {
  if (walk.products === 'gates') return pass(context, walk);
  const { node, b } = context;
  const [x] = node.inputs;
  const s = ratio(context, walk);
  const [factor] = transposed(context, [s]) as [string];
  // The expansion has a constant term, which keeps the rest.
  walk.absorb(node.outputs[0], s);
  walk.absorb(finiteWhere(b, x, factor), b.neg(factor));
  return [flowOf(x, factor)];
};

// Movement and selection.

/** The same elements in another shape. */
const regroup: Share = (context) => {
  const { node, b } = context;
  return [reshaped(b, single(context), b.shape(node.inputs[0]))];
};

const transpose: Share = (context) => {
  const { node, b } = context;
  const { factor, of } = single(context);
  const rank = b.rank(node.inputs[0]);
  const perm = getInts(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const back = perm.map((_, axis) => perm.indexOf(axis));
  return [{ factor: b.transpose(factor, back), of: of === null ? null : b.transpose(of, back) }];
};

/** Elements that only change their place, or that win over others, keep what they have. */
const move: Share = (context, walk) => {
  const { node, cotangents } = context;
  const { b, wires } = walk;
  const isWhole = cotangents.some((flow) => flow?.of === null);
  const parts = cotangents.map((flow, index) => {
    if (!flow) return null;
    return isWhole ? whole(b, flow) : relativeTo(b, flow, node.outputs[index], 0, wires);
  });
  const results = transposed({ ...context, needs: (index) => context.needs(index) }, parts);
  if (!isWhole) return asFlows(context, results);
  return results.map((factor, index) =>
    factor === null ? null : { of: null, factor: b.sumTo(factor, b.shape(node.inputs[index])) },
  );
};

/** Constant parts, such as a class token, keep what is theirs. */
const concat: Share = (context, walk) => {
  const { node, b } = context;
  const flow = single(context);
  const results = move({ ...context, needs: () => true }, walk);
  for (const [index, input] of node.inputs.entries()) {
    const part = results[index];
    if (context.needs(index) || !part) continue;
    walk.absorb(part.of === null ? b.float(1, b.dtype(input)) : input, part.factor);
  }
  return flow && results.map((part, index) => (context.needs(index) ? part : null));
};

// Layers and products.

/** A layer by its rule; a product of two computed matrices as attention or by halves. */
const layer: Share = (context, walk) => {
  const { node, b, needs } = context;
  if (node.inputs.length < 2 || (node.op === 'Einsum' && node.inputs.length > 2) || needs(0) === needs(1)) {
    return product(context, walk);
  }
  const data = needs(0) ? 0 : 1;
  const described = layerOf(b, node, data, walk.biases.get(node.outputs[0]));
  return to(context, data, shareLinear(described, single(context), walk.ruleOf(node), walk));
};

const product: Share = (context, walk) => {
  const { node, b, needs } = context;
  const s = ratio(context, walk);
  const computed = node.inputs.flatMap((_, index) => (needs(index) ? [index] : []));
  const isWeights = (index: number): boolean => isAttentionWeights(node.inputs[index], walk.wires);
  const signals = walk.products === 'gates' ? computed.filter((index) => !isWeights(index)) : computed;
  const taking = signals.length > 0 ? signals : computed;
  const share = b.scale(s, 1 / taking.length);
  return asFlows(context, transposed({ ...context, needs: (index) => taking.includes(index) }, [share]));
};

/** Of an elementwise product: a constant scales, a gate or normaliser is treated as one, else both get half. */
const multiply: Share = (context, walk) => {
  const { node, b, needs } = context;
  if (!needs(0) || !needs(1)) return scaled(context, walk, needs(0) ? 0 : 1);
  const signal = signalOf(b, node, walk.products === 'gates', walk.wires);
  return signal === null ? contributeBy(2)(context, walk) : scaled(context, walk, signal);
};

/** All to the numerator: a computed denominator counts as constant. */
const divide: Share = (context, walk) => (context.needs(0) ? scaled(context, walk, 0) : pass(context, walk));

// Normalisations: centred, divided by a deviation that counts as constant, scaled and shifted.

interface Standard {
  readonly axes: readonly number[];
  /** Added to the variance. */
  readonly epsilon: number;
  /** The shape in which the axes are those; undefined for the input's own. */
  readonly grouped?: readonly number[];
  /** Axes of scale and bias. */
  readonly affine: 'channels' | 'trailing' | 'none';
}

function standardOf(node: Node, b: Builder): Standard {
  const shape = b.shape(node.inputs[0]);
  const epsilon = getFloat(node, 'epsilon', 1e-5);
  const behind = (start: number): number[] => shape.flatMap((_, axis) => (axis < start ? [] : [axis]));
  switch (node.op) {
    case 'LayerNormalization':
      return { axes: behind(fromFront(getInt(node, 'axis', -1), shape.length)), epsilon, affine: 'trailing' };
    case 'InstanceNormalization':
      return { axes: behind(2), epsilon, affine: 'channels' };
    case 'GroupNormalization': {
      const groups = getInt(node, 'num_groups', 1);
      const grouped = [shape[0], groups, (shape[1] / groups) * elementCount(shape.slice(2))];
      return { axes: [2], epsilon, grouped, affine: 'channels' };
    }
    default:
      return { axes: [...(getInts(node, 'axes') ?? [0, 2, 3])], epsilon: 1e-9, affine: 'none' };
  }
}

/** A vector per channel in a shape that broadcasts against the value. */
const perChannel = (b: Builder, vector: string, rank: number): string =>
  b.reshape(vector, [1, b.shape(vector)[0], ...new Array<number>(rank - 2).fill(1)]);

const normalise: Share = (context, walk) => {
  const { node, b } = context;
  const { axes, epsilon, grouped, affine } = standardOf(node, b);
  const [x, scale, bias] = node.inputs;
  const shape = b.shape(x);
  const s = ratio(context, walk);
  const spread = (vector: string): string => (affine === 'channels' ? perChannel(b, vector, shape.length) : vector);
  if (affine !== 'none' && bias) walk.absorb(spread(bias), s);
  const scaled = affine === 'none' ? s : b.mul(s, spread(scale));
  const inner = grouped ?? shape;
  const value = b.reshape(x, inner);
  const centred = b.sub(value, b.mean(value, axes));
  const variance = b.mean(b.mul(centred, centred), axes);
  const deviation = b.op('Sqrt', [b.add(variance, b.float(epsilon, b.dtype(x)))]);
  const divided = b.div(b.reshape(scaled, inner), deviation);
  return [flowOf(x, b.reshape(b.sub(divided, b.mean(divided, axes)), shape))];
};

/** At inference a scale and a shift per channel. */
const batchNormalise: Share = (context, walk) => {
  if (walk.sums === 'copies') return pass(context, walk);
  const { node, b } = context;
  const [x, scale, bias, mean, variance] = node.inputs;
  const rank = b.rank(x);
  const deviation = b.op('Sqrt', [b.add(variance, b.float(getFloat(node, 'epsilon', 1e-5), b.dtype(variance)))]);
  const gain = b.div(scale, deviation);
  const s = ratio(context, walk);
  walk.absorb(perChannel(b, b.sub(bias, b.mul(mean, gain)), rank), s);
  return [flowOf(x, b.mul(s, perChannel(b, gain, rank)))];
};

/** Of the contributed activations that add a bias first. */
const biased: Share = (context, walk) => {
  const { node, b } = context;
  if (!node.inputs[1]) return pass(context, walk);
  const sum = b.add(node.inputs[0], node.inputs[1]);
  const factor = relativeTo(b, single(context), sum, walk.stabiliser, walk.wires);
  walk.absorb(node.inputs[1], factor);
  return [flowOf(node.inputs[0], factor), null];
};

const nothing: Share = () => [];

/** Elementwise functions of one computed input, and what acts as one. */
const PASSING = [
  ...['Relu', 'Clip', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign'],
  ...['HardSigmoid', 'HardSwish', 'Gelu', 'Mish', 'ThresholdedRelu', 'Shrink', 'Erf', 'com.microsoft:Gelu'],
  ...['com.microsoft:QuickGelu', 'Identity', 'Cast', 'CastLike', 'Dropout', 'Neg', 'Abs', 'Sqrt', 'Reciprocal', 'Exp'],
  ...['Log', 'Pow', 'Mod', 'Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh'],
  ...['LRN', 'LpNormalization', 'QuantizeLinear', 'DequantizeLinear'],
];

/** Where elements go, or which of them wins. */
const MOVING = [
  ...['Slice', 'Split', 'Pad', 'Expand', 'Tile', 'DepthToSpace', 'SpaceToDepth', 'Trilu', 'Gather', 'GatherElements'],
  ...['GatherND', 'ScatterElements', 'ScatterND', 'ReverseSequence', 'Where', 'MaxPool', 'GlobalMaxPool', 'ReduceMax'],
  ...['ReduceMin', 'Max', 'Min', 'TopK'],
];

/** Weighted sums without parameters, and means of other kinds. */
const CONTRIBUTING = [
  ...['AveragePool', 'GlobalAveragePool', 'LpPool', 'ReduceMean', 'ReduceSum', 'ReduceL1', 'ReduceL2', 'CumSum'],
  ...['Resize', 'GridSample', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceProd'],
];

/** Comparisons, roundings, shapes: nothing goes back through these. */
const STOPPING = [
  ...['Sign', 'Floor', 'Ceil', 'Round', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'And'],
  ...['Or', 'Xor', 'BitShift', 'BitwiseAnd', 'BitwiseNot', 'BitwiseOr', 'BitwiseXor', 'IsNaN', 'IsInf', 'Shape'],
  ...['Size', 'ConstantOfShape', 'EyeLike', 'Range', 'RandomNormalLike', 'RandomUniformLike', 'Multinomial', 'OneHot'],
  ...['NonZero', 'NonMaxSuppression', 'ArgMax', 'ArgMin', 'Hardmax'],
];

/** The treatment of every operator. */
const TREATMENTS: readonly (readonly [readonly string[], Share])[] = [
  [['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum'], layer],
  [['Add', 'Sum', 'Sub', 'Mean'], add],
  [['Mul'], multiply],
  [['Div'], divide],
  [['Softmax'], softmax],
  [['LogSoftmax'], logSoftmax],
  [['Concat'], concat],
  [['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'], regroup],
  [['Transpose'], transpose],
  [['BatchNormalization'], batchNormalise],
  [['LayerNormalization', 'InstanceNormalization', 'GroupNormalization', 'MeanVarianceNormalization'], normalise],
  [['com.microsoft:BiasGelu', 'com.microsoft:FastGelu'], biased],
  [['ReduceSumSquare'], contributeBy(2)],
  [CONTRIBUTING, contributeBy(1)],
  [MOVING, move],
  [PASSING, pass],
  [STOPPING, nothing],
];

/** The operators' rules for one walk. */
export const rulesOf = (walk: Walk): Rules<Flow> =>
  TREATMENTS.flatMap(([operators, share]) =>
    operators.map((operator) => [operator, (context: RuleContext<Flow>) => share(context, walk)] as const),
  );
