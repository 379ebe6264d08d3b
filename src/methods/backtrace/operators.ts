import { getInt, getString, omit } from '../../graph/attributes';
import type { Node, Wiring } from '../../graph/ir';
import { elementCount } from '../../graph/tensor';
import { castTo, fromFront, unsupported } from '../../ops/common';
import { pairwise, writtenOut } from '../../ops/einsum';
import type { RuleContext, Rules } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { layerOf } from '../relevance/linear';
import type { Wires } from '../relevance/wires';
import { type Bounds, boundsBehind } from './bounds';
import { shareContrast } from './contrastLayer';
import { type Addend, addContrast } from './contrastSum';
import { type Flow, sumOf, TINY, wide } from './flow';
import { cubicMap } from './interpolation';
import { type LinearContext, type LinearMap, layerMap, meanMap, shareLinear, sizeOf } from './linear';
import { globalMaxPool, maxPool } from './maximum';
import { activated, elementProduct, matrixProduct } from './products';
import { STOPPING, type Streams } from './streams';
import type { Vanishing } from './vanishing';

/** One walk's surroundings: what the operators' rules ask beside their node. */
export interface Walk extends LinearContext {
  readonly wires: Wires;
  readonly streams: Streams;
  readonly vanishing: Vanishing;
  /** The model's own wiring: the walk itself adds readers. */
  readonly wiring: Pick<Wiring, 'consumers'>;
  /** Whether fully connected layers heed the bounds of their activation. */
  readonly saturation: boolean;
  /** Outputs of matrix products and the constants added to them next: layers with their biases. */
  readonly biases: Map<string, { readonly constant: string; readonly sum: string }>;
}

type Results = readonly (Flow | null)[];
type Share = (context: RuleContext<Flow>, walk: Walk) => Results;

/** The flow into a node's first output that has one. */
const single = ({ cotangents }: RuleContext<Flow>): Flow => cotangents.find((flow) => flow !== null) as Flow;

const to = ({ node }: RuleContext<Flow>, target: number, flow: Flow): Results =>
  node.inputs.map((_, index) => (index === target ? flow : null));

const streamInputs = ({ node }: RuleContext<Flow>, { streams }: Walk): number[] =>
  node.inputs.flatMap((input, index) => (input !== '' && streams.has(input) ? [index] : []));

/** Relevance as it is, to the first input that is made of the model's input. */
const pass: Share = (context, walk) => {
  const [index] = streamInputs(context, walk);
  return index === undefined ? [] : to(context, index, fitted(context, walk, index));
};

/** In the shape of an input that was broadcast. */
const fitted = (context: RuleContext<Flow>, { b }: Walk, index: number): Flow => {
  const shape = b.shape(context.node.inputs[index]);
  return single(context).map((stream) => b.sumTo(stream, shape));
};

// What moves data.

/** What vanishes at these stood on constants that are no input. */
const CROPPING = new Set(['Pad', 'Trilu']);

/** Relevance follows the data: the transpose of the movement, stream by stream. */
const move: Share = (context, { b, ledger }) => {
  const { node, cotangents } = context;
  const rule = ruleFor(vjp, node, b);
  const count = single(context).length;
  const moved = Array.from({ length: count }, (_, stream) => {
    // onnxruntime wants one type throughout.
    const own = cotangents.map((flow, index) => flow && castTo(b, flow[stream], b.dtype(node.outputs[index])));
    return rule({ node, b, cotangents: own, needs: (index) => isData(node, index) });
  });
  const results = node.inputs.map((_, index) =>
    moved[0][index] ? moved.map((streams) => wide(b, streams[index] as string)) : null,
  );
  if (CROPPING.has(node.op)) {
    single(context).forEach((stream, index) => {
      ledger.keep(node, 'sink', stream);
      if (results[0]) ledger.keep(node, 'sink', results[0][index], { factor: -1 });
    });
  }
  return results;
};

/** Operators whose later inputs are data too. */
const MANY = new Set(['Concat', 'Where', 'ScatterElements', 'ScatterND', 'Max', 'Min', 'Sum']);

const isData = ({ op }: Node, index: number): boolean =>
  index === 0 ? op !== 'Where' : MANY.has(op) && !(op.startsWith('Scatter') && index === 1);

/** Rows of a table by their places: to the table, or, where tokens choose rows, the sum of a row to its token. */
const gather: Share = (context, walk) => {
  const { node } = context;
  const { b, streams } = walk;
  if (streams.has(node.inputs[0])) return move(context, walk);
  const [table, indices] = node.inputs;
  const axis = fromFront(getInt(node, 'axis', 0), b.rank(table));
  const own = b.rank(indices);
  const others = b.shape(node.outputs[0]).flatMap((_, at) => (at < axis || at >= axis + own ? [at] : []));
  return [null, single(context).map((stream) => b.reshape(b.sum(stream, others), b.shape(indices)))];
};

/** What is put into places follows the data; sums and products there are not shared out. */
const scatter: Share = (context, walk) => {
  const reduction = getString(context.node, 'reduction', 'none');
  if (reduction === 'none' || reduction === 'max' || reduction === 'min') return move(context, walk);
  throw unsupported(context.node, 'reduction', `"${reduction}" shares no relevance out`);
};

/** The same elements in another shape. */
const regroup: Share = (context, { b }) => [
  single(context).map((stream) => b.reshape(stream, b.shape(context.node.inputs[0]))),
];

// Layers, sums, products.

/** The layer whose bias a sum adds: a matrix product that nothing else reads, plus a constant vector. */
function biasOf({ node }: RuleContext<Flow>, { b, wires, streams }: Walk): { layer: number; constant: string } | null {
  if (node.op !== 'Add' || streams.has(node.inputs[0]) === streams.has(node.inputs[1])) return null;
  const layer = streams.has(node.inputs[0]) ? 0 : 1;
  const constant = node.inputs[1 - layer];
  const value = node.inputs[layer];
  const producer = wires.producer(value);
  if (producer?.domain !== '' || producer.op !== 'MatMul') return null;
  if (producer.inputs.every((input) => streams.has(input)) || wires.readers(value).length !== 1) return null;
  const shape = b.shape(value);
  const size = elementCount(b.shape(constant));
  if (b.shape(node.outputs[0]).join() !== shape.join()) return null;
  return size === 1 || (size === shape.at(-1) && b.shape(constant).at(-1) === size) ? { layer, constant } : null;
}

/** True for x − mean(x) of a normalisation, and for x − max(x) of a Softmax that is written out. */
const isCentring = ({ node }: RuleContext<Flow>, { wires }: Walk): boolean => {
  const centre = node.op === 'Sub' ? wires.producer(node.inputs[1]) : undefined;
  const statistics = /^(ReduceMean|GlobalAveragePool|ReduceMax)$/;
  return centre !== undefined && statistics.test(centre.op) && centre.inputs[0] === node.inputs[0];
};

/** A mask from another input, added to scores: as constant as one that the model stores. */
const isMask = ({ node }: RuleContext<Flow>, { wires }: Walk): boolean =>
  wires.isComputed(node.inputs[0]) !== wires.isComputed(node.inputs[1]) &&
  wires.readers(node.outputs[0]).some(({ op }) => op === 'Softmax');

/** Addends by their sizes; constants take nothing. */
const add: Share = (context, walk) => {
  const { node } = context;
  const { b } = walk;
  const inputs = streamInputs(context, walk);
  if (inputs.length === 1) {
    const bias = biasOf(context, walk);
    if (bias) walk.biases.set(node.inputs[bias.layer], { constant: bias.constant, sum: node.outputs[0] });
    return to(context, inputs[0], fitted(context, walk, inputs[0]));
  }
  if (isCentring(context, walk)) return to(context, 0, single(context));
  if (node.inputs.length === 2 && isMask(context, walk)) {
    const target = walk.wires.isComputed(node.inputs[0]) ? 0 : 1;
    return to(context, target, fitted(context, walk, target));
  }
  const shares = inputs.map((index) => {
    const x = wide(b, node.inputs[index]);
    const isNonNegative = walk.wires.isNonNegative(node.inputs[index]);
    return { x, isNonNegative, isNegated: node.op === 'Sub' && index === 1 };
  });
  const flow = single(context);
  const parts =
    flow.length === 2
      ? addContrast(node, shares, flow, walk, walk.vanishing.of(node.outputs[0]))
      : addAbsolute(node, shares, flow[0], walk);
  return node.inputs.map((_, index) => {
    const at = inputs.indexOf(index);
    return at < 0 ? null : parts[at];
  });
};

function addAbsolute(node: Node, addends: readonly Addend[], relevance: string, walk: Walk): Flow[] {
  const { b, ledger, vanishing } = walk;
  const sizes = addends.map(({ x, isNonNegative }) => sizeOf(b, x, isNonNegative));
  const sum = sumOf(b, sizes);
  const s = b.div(relevance, b.add(sum, b.float(TINY, b.dtype(sum))));
  // What meets zeros only: R, and nothing elsewhere.
  if (!vanishing.of(node.outputs[0]).atZero) ledger.keep(node, 'lost', s, { factor: TINY });
  return sizes.map((size) => [b.mul(size, s)]);
}

/** By the rule of the mode. */
function shared(map: LinearMap, flow: Flow, walk: Walk, bounds?: Bounds): Flow {
  if (flow.length === 2) return shareContrast(map, flow, walk, walk.vanishing.of(map.output));
  return [shareLinear(map, flow[0], walk, bounds)];
}

const DENSE = new Set(['Gemm', 'MatMul', 'Einsum']);

/** A layer by the absolute or the contrast rule; a product of two computed matrices as in attention. */
const layer: Share = (context, walk) => {
  const { node } = context;
  const { b, streams, wires } = walk;
  if (node.inputs.length === 1) return mean({ ...context, node: writtenOut(node, b) }, walk);
  const [left, right] = [streams.has(node.inputs[0]), streams.has(node.inputs[1])];
  if (left && right)
    return matrixProduct(writtenOut(node, b), single(context), walk, walk.vanishing.of(node.outputs[0]));
  const data = left ? 0 : 1;
  const described = layerOf(b, node, data, walk.biases.get(node.outputs[0]));
  const map = layerMap(b, described, wires.isNonNegative(described.x));
  const bounds = walk.saturation && DENSE.has(node.op) ? boundsBehind(described.output, walk.wiring) : undefined;
  return to(context, data, shared(map, single(context), walk, bounds));
};

/** An Einsum of more operands than a layer or a product has. */
export const isManifold = ({ op, inputs }: Node): boolean => op === 'Einsum' && inputs.length > 2;

/** Such an Einsum two operands at a time, those first that are constants of the answer: together they are the weights. */
export function inPairs(node: Node, { b, streams }: Walk): readonly string[] {
  const rank = (place: number): number => Number(streams.has(node.inputs[place]));
  const order = node.inputs.map((_, place) => place).sort((left, right) => rank(left) - rank(right));
  return [pairwise(node, b, order)];
}

/** Means, pools, interpolations: layers with equal or fixed weights. */
const mean: Share = (context, walk) => {
  const { node } = context;
  return [shared(meanMap(walk.b, node, walk.wires.isNonNegative(node.inputs[0])), single(context), walk)];
};

/** Norms and other sums of powers, by the sizes of their elements. */
const sumLike: Share = (context, walk) => {
  const { b } = walk;
  const size = b.op('Abs', [wide(b, context.node.inputs[0])]);
  const node: Node = {
    ...context.node,
    op: context.node.op === 'LpPool' ? 'AveragePool' : 'ReduceSum',
    attributes: omit(context.node.attributes, 'p'),
    inputs: [size, ...context.node.inputs.slice(1)],
  };
  return [shared(meanMap(b, node, true), single(context), walk)];
};

/** Nearest neighbours are copies; other interpolations are sums. */
const resize: Share = (context, walk) => {
  const mode = getString(context.node, 'mode', 'nearest');
  if (mode === 'cubic') return [shared(cubicMap(walk.b, context.node), single(context), walk)];
  return mode === 'nearest' ? move(context, walk) : mean(context, walk);
};

const multiply: Share = (context, walk) => {
  const { node } = context;
  const inputs = streamInputs(context, walk);
  if (inputs.length < 2) return pass(context, walk);
  if (node.op === 'Div' && walk.wires.producer(node.inputs[1])?.op === 'CastLike') return pass(context, walk);
  const signal = activated(walk.b, node, walk.wires);
  if (signal !== null) return to(context, signal, fitted(context, walk, signal));
  const flows = elementProduct(node, single(context), walk);
  return flows.map((flow, index) => flow.map((stream) => walk.b.sumTo(stream, walk.b.shape(node.inputs[index]))));
};

/** A numerator takes all from what is computed of itself. */
const divide: Share = (context, walk) => {
  const inputs = streamInputs(context, walk);
  if (inputs.length < 2) return pass(context, walk);
  const signal = activated(walk.b, context.node, walk.wires);
  return signal === 0 ? to(context, 0, fitted(context, walk, 0)) : multiply(context, walk);
};

const nothing: Share = () => [];

/** Elementwise functions, normalisations, and what acts as one: relevance stays where it is. */
const PASSING = [
  ...['Relu', 'Clip', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign'],
  ...['HardSigmoid', 'HardSwish', 'Gelu', 'Mish', 'ThresholdedRelu', 'Shrink', 'Erf', 'Softmax', 'LogSoftmax'],
  ...['com.microsoft:Gelu', 'com.microsoft:QuickGelu', 'com.microsoft:BiasGelu', 'com.microsoft:FastGelu'],
  ...['Identity', 'Cast', 'CastLike', 'Dropout', 'Neg', 'Abs', 'Sqrt', 'Reciprocal', 'Exp', 'Log', 'Pow', 'Mod'],
  ...['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Acosh', 'Atanh', 'LRN'],
  ...['LpNormalization', 'QuantizeLinear', 'DequantizeLinear', 'BatchNormalization', 'LayerNormalization'],
  ...['InstanceNormalization', 'GroupNormalization', 'MeanVarianceNormalization'],
];

const MOVING = [
  ...['Transpose', 'Slice', 'Split', 'Pad', 'Expand', 'Tile', 'DepthToSpace', 'SpaceToDepth', 'Trilu', 'Concat'],
  ...['GatherElements', 'GatherND', 'ReverseSequence', 'Where', 'ReduceMax'],
  ...['ReduceMin', 'Max', 'Min', 'TopK'],
];

const NORMS = [
  ...['ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceProd', 'ReduceLogSum', 'ReduceLogSumExp', 'LpPool'],
];

/** The treatment of every operator. */
const TREATMENTS: readonly (readonly [readonly string[], Share])[] = [
  [['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum'], layer],
  [['Add', 'Sum', 'Sub', 'Mean'], add],
  [['Mul'], multiply],
  [['Div'], divide],
  [['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'], regroup],
  [['Gather'], gather],
  [['Resize'], resize],
  [['AveragePool', 'GlobalAveragePool', 'ReduceMean', 'ReduceSum', 'CumSum', 'GridSample'], mean],
  [['MaxPool'], ({ node, cotangents }, { b }) => [maxPool(b, node, cotangents[0] as Flow)]],
  [['GlobalMaxPool'], ({ node, cotangents }, { b }) => [globalMaxPool(b, node, cotangents[0] as Flow)]],
  [NORMS, sumLike],
  [['ScatterElements', 'ScatterND'], scatter],
  [MOVING, move],
  [PASSING, pass],
  [STOPPING, nothing],
];

/** What constants would take stays with the node. */
const guarded = (share: Share, context: RuleContext<Flow>, walk: Walk): Results =>
  share(context, walk).map((flow, index) => {
    if (flow === null || (context.needs(index) && walk.streams.has(context.node.inputs[index]))) return flow;
    for (const stream of flow) walk.ledger.keep(context.node, 'sink', stream);
    return null;
  });

/** The operators' rules for one walk. */
export const rulesOf = (walk: Walk): Rules<Flow> =>
  TREATMENTS.flatMap(([operators, share]) =>
    operators.map(
      (operator) =>
        [
          operator === 'Einsum' ? (node: Node) => node.op === operator && !isManifold(node) : operator,
          (context: RuleContext<Flow>) => guarded(share, context, walk),
        ] as const,
    ),
  );
