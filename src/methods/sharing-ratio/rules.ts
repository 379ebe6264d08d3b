import { getInt, getInts } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import type { Node } from '../../graph/ir';
import type { Match, Rule, RuleContext, Rules, RuleTable } from '../../ops/rule';
import { attentionBehind, carry, directionOf, isAttention, shareAttention, withoutBiases } from './attention';
import { complement, type Demand, type Flow, type Ledger, own } from './flow';
import { locationCount, mixesLocations } from './locations';
import { shareDepthToSpace, shareInterpolation, shareMean, shareMovement, shareSpaceToDepth } from './movement';
import { shareConv, sharePool } from './windows';

/**
 * Sharing Ratio Decomposition as a rule table: what flows back is one relevance a location. Rules for convolutions,
 * pools and residual sums follow Han et al. (ICLR 2024); those for other operators are ours and keep the invariants:
 * the ratios of a target add up to 1, and relevance is the same at every full cut.
 */

/** A rule in terms of the flow into the node's single output. */
type Share = (ledger: Ledger, node: Node, flow: Flow) => readonly (Flow | null)[];

/** Gives to the first input on the way from the image; the others act as constants. */
function toData(ledger: Ledger, node: Node, relevance: string | null): (Flow | null)[] {
  const data = node.inputs.findIndex((input) => ledger.onPath(input));
  return node.inputs.map((_, index) => (index === data && relevance ? own(relevance) : null));
}

/** Within one location nothing moves: activations, normalisation over channels, products with constants. */
const pass: Share = (ledger, node, flow) => toData(ledger, node, ledger.resolve(node.outputs[0], flow));

/** A linear map within one location, as `pass`, but a zero vector passes nothing on. */
const linear: Share = (ledger, node, flow) => {
  const { b } = ledger;
  if (node.inputs.slice(0, 2).every((input) => ledger.onPath(input))) return product(ledger, node, flow);
  const relevance = ledger.resolve(node.outputs[0], flow);
  if (!relevance) return [];
  const data = node.inputs.find((input) => ledger.onPath(input)) as string;
  const alive = b.reshape(ledger.nonZero(data), b.shape(relevance));
  ledger.lose(relevance, complement(b, alive));
  return toData(ledger, node, b.reshape(b.mul(relevance, alive), ledger.relevanceShape(data)));
};

/** A matrix product of two computed values is attention, or beyond the method. */
const product: Share = (ledger, node, flow) => {
  if (isAttention(ledger, node)) return shareAttention(ledger, node, flow);
  throw new PrismError(
    'SRD_UNSUPPORTED',
    `${node.op} (node ${node.name}) multiplies two computed values and is no attention; sharing ratios have no rule for it`,
    { node: node.name, op: node.op },
  );
};

/** Axes are renamed or regrouped without mixing channels and locations: the relevance map follows. */
const regroup: Share = (ledger, node, flow) => {
  const { b } = ledger;
  const relevance = ledger.resolve(node.outputs[0], flow);
  const [x] = node.inputs;
  if (mixesLocations(b.shape(x), b.shape(node.outputs[0]), ledger.channels(x))) {
    throw new PrismError(
      'SRD_UNSUPPORTED',
      `${node.op} (node ${node.name}) mixes channels and locations in the middle of the network; sharing ratios have no rule for it`,
      { node: node.name, op: node.op },
    );
  }
  return [relevance ? own(b.reshape(relevance, ledger.relevanceShape(x))) : null];
};

const transpose: Share = (ledger, node, flow) => {
  const relevance = ledger.resolve(node.outputs[0], flow);
  const rank = ledger.b.rank(node.inputs[0]);
  const perm = getInts(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return [relevance ? own(ledger.b.transpose(relevance, inverse)) : null];
};

/** ⟨part, z⟩/‖z‖² for each part; a target that is zero shares nothing. */
function shares(ledger: Ledger, z: string, parts: readonly string[]): string[] {
  const { b } = ledger;
  const squared = ledger.dot(z, z);
  const ratios = parts.map((part) => ledger.safeDivide(ledger.dot(part, z), squared));
  return ratios.map((ratio) => b.expand(ratio, ledger.relevanceShape(z)));
}

/** Add, Sum, Sub: the target is the sum; a branch may go on measuring against it. */
const add: Share = (ledger, node, flow) => {
  const { b } = ledger;
  const z = node.outputs[0];
  const relevance = ledger.resolve(z, flow);
  if (!relevance) return [];
  const branches = node.inputs.filter((input) => ledger.onPath(input));
  if (branches.length < 2) return toData(ledger, node, sumToLocations(ledger, relevance, branches[0]));
  const squared = ledger.dot(z, z);
  const zero = b.cast(b.op('LessOrEqual', [squared, b.float(0)]), 'float32');
  ledger.lose(relevance, zero);
  const ratios = ratiosOf(ledger, node, branches, z, squared, zero);
  return node.inputs.map((input) => {
    const index = branches.indexOf(input);
    if (index < 0) return null;
    const share = ratios.shares[index];
    const whole = b.shape(input).join() === b.shape(z).join();
    if (!whole || (node.op === 'Sub' && index === 1)) {
      return own(sumToLocations(ledger, b.mul(relevance, share), input));
    }
    const demand: Demand = { relevance, against: z, share };
    const toward = ratios.attention === index ? { at: input, toward: directionOf(ledger, z) } : {};
    return { own: null, demands: [{ ...demand, ...toward }], passed: [] };
  });
};

/** Shares of the branches of a sum, and which branch ends in an attention. */
interface BranchShares {
  readonly shares: readonly string[];
  readonly attention?: number;
}

/** With two branches one product of vectors is enough: the other takes the rest. */
function ratiosOf(
  ledger: Ledger,
  node: Node,
  branches: readonly string[],
  z: string,
  squared: string,
  zero: string,
): BranchShares {
  const { b } = ledger;
  const constants = node.inputs.some((input) => !ledger.onPath(input));
  if (branches.length === 2 && branches[0] !== branches[1] && node.op !== 'Sub' && !constants) {
    const attention = branches.findIndex((branch) => attentionBehind(ledger, branch));
    const windowed = (value: string): boolean => ledger.producer.get(value)?.op === 'Conv';
    const measured = attention >= 0 ? attention : windowed(branches[0]) ? 1 : 0;
    const vector = attention >= 0 ? withoutBiases(ledger, branches[measured]) : branches[measured];
    const share = ledger.safeDivide(ledger.dot(vector, z), squared);
    const rest = b.sub(complement(b, share), zero);
    const shares = measured === 0 ? [share, rest] : [rest, share];
    return attention >= 0 ? { shares, attention } : { shares };
  }
  const ratios = shares(ledger, z, branches);
  return { shares: node.op === 'Sub' ? [ratios[0], b.neg(ratios[1])] : ratios };
}

/** Sums relevance over the locations that broadcasting repeated. */
const sumToLocations = (ledger: Ledger, relevance: string, input: string): string =>
  ledger.b.sumTo(relevance, ledger.relevanceShape(input));

/** Operators whose result is bounded or normalised: a product with them is a gate. */
const GATES = new Set(['Sigmoid', 'HardSigmoid', 'Tanh', 'Erf', 'Softmax', 'Clip', 'Softsign']);
const SCALINGS = new Set(['Add', 'Sub', 'Mul', 'Div', 'Identity', 'Cast']);

/** True if a value is a bounded function of something, up to constants. */
function isGate(ledger: Ledger, value: string): boolean {
  const node = ledger.producer.get(value);
  if (!node) return false;
  if (GATES.has(node.op)) return true;
  const computed = node.inputs.filter((input) => ledger.onPath(input));
  return SCALINGS.has(node.op) && computed.length === 1 && isGate(ledger, computed[0]);
}

/** A product: a constant or a gate scales, relevance goes to the features; two equals halve it. */
const multiply: Share = (ledger, node, flow) => {
  const { b } = ledger;
  const [x, y] = node.inputs;
  const relevance = ledger.resolve(node.outputs[0], flow);
  if (!relevance) return [];
  if (!ledger.onPath(x) || !ledger.onPath(y)) {
    return toData(ledger, node, sumToLocations(ledger, relevance, ledger.onPath(x) ? x : y));
  }
  const size = (value: string): number => locationCount(b.shape(value), ledger.channels(value));
  const whole = size(node.outputs[0]);
  const score = (value: string): number => (size(value) < whole ? 2 : 0) + (isGate(ledger, value) ? 1 : 0);
  if (score(x) > score(y)) return [null, own(sumToLocations(ledger, relevance, y))];
  if (score(x) < score(y)) return [own(sumToLocations(ledger, relevance, x)), null];
  const half = b.scale(relevance, 0.5);
  return [own(sumToLocations(ledger, half, x)), own(sumToLocations(ledger, half, y))];
};

/** Division by a scale: all to the numerator. */
const divide: Share = (ledger, node, flow) => {
  const relevance = ledger.resolve(node.outputs[0], flow);
  if (!relevance || !ledger.onPath(node.inputs[0])) return [];
  return [own(sumToLocations(ledger, relevance, node.inputs[0]))];
};

const axisOf = (b: Builder, node: Node): number => {
  const axis = getInt(node, 'axis', 0);
  return axis < 0 ? axis + b.rank(node.outputs[0]) : axis;
};

/** Over channels the parts' own squares are their shares; over locations every part keeps its map. */
const concat: Share = (ledger, node, flow) => {
  const { b } = ledger;
  const z = node.outputs[0];
  const relevance = ledger.resolve(z, flow);
  if (!relevance) return [];
  const axis = axisOf(b, node);
  if (ledger.channels(z)[axis]) {
    const squared = ledger.dot(z, z);
    ledger.lose(relevance, b.cast(b.op('LessOrEqual', [squared, b.float(0)]), 'float32'));
    return node.inputs.map((part) =>
      ledger.onPath(part) ? own(b.mul(relevance, ledger.safeDivide(ledger.dot(part, part), squared))) : null,
    );
  }
  let start = 0;
  return node.inputs.map((part) => {
    const end = start + b.shape(part)[axis];
    const slice = b.slice(relevance, [axis], [start], [end]);
    start = end;
    if (ledger.onPath(part)) return own(slice);
    // A class token or a register: a location that is no part of the image keeps what it has.
    ledger.lose(slice, b.float(1));
    return null;
  });
};

/** Conv and pools see which value the flow belongs to themselves. */
const conv: Share = (ledger, node, flow) => [shareConv(ledger, node, flow)];
const pool: Share = (ledger, node, flow) => [sharePool(ledger, node, flow)];

/** Parts of a location's channels, or parts of the locations, come together again. */
function split({ node, b, cotangents }: RuleContext<Flow>, ledger: Ledger): (Flow | null)[] {
  const [x] = node.inputs;
  const axis = axisOf(b, node);
  const parts = node.outputs.map((output, index) => {
    const flow = cotangents[index];
    return flow && ledger.resolve(output, flow);
  });
  if (ledger.channels(x)[axis]) {
    const found = parts.filter((part): part is string => part !== null);
    return [found.length ? own(found.reduce((sum, part) => b.add(sum, part))) : null];
  }
  const pieces = node.outputs.map((output, index) => parts[index] ?? zeros(b, ledger.relevanceShape(output)));
  return [own(b.op('Concat', pieces, { axis: { type: 'int', value: axis } }))];
}

const zeros = (b: Builder, shape: readonly number[]): string => b.expand(b.float(0), shape);

/** Mean over locations joins them; over channels it stays within each. */
const mean: Share = (ledger, node, flow) => [shareMean(ledger, node, flow)];

const movement: Share = (ledger, node, flow) => [shareMovement(ledger, node, flow)];

/** Demands on their way to an attention pass linear operators as they are, beside whatever else flows. */
function carriedBy(ledger: Ledger, node: Node, flow: Flow, share: Share): readonly (Flow | null)[] | null {
  const demands = flow.demands.filter(({ toward }) => toward);
  if (demands.length === 0 || isAttention(ledger, node)) return null;
  const rest: Flow = { ...flow, demands: flow.demands.filter(({ toward }) => !toward) };
  const others = rest.own || rest.demands.length || rest.passed.length ? share(ledger, node, rest) : [];
  const flows = node.inputs.map((_, index): Flow[] => {
    const other = others[index];
    return other ? [other] : [];
  });
  const data = node.inputs.findIndex((input) => ledger.onPath(input));
  const stay = (relevance: string): (Flow | null)[] =>
    node.inputs.map((input, index) =>
      index === data ? own(ledger.b.reshape(relevance, ledger.relevanceShape(input))) : null,
    );
  for (const demand of demands) {
    const move = (relevance: string): readonly (Flow | null)[] =>
      MOVERS.has(node.op) ? share(ledger.scratch(), node, own(relevance)) : stay(relevance);
    for (const [index, carried] of carry(ledger, node, demand, move).entries()) if (carried) flows[index].push(carried);
  }
  return flows.map((list) => (list.length === 0 ? null : list.length === 1 ? list[0] : combine(list, '', ledger.b)));
}

/** Operators whose own rule says where locations go. */
const MOVERS = new Set(['Transpose', 'Slice', 'Pad', 'Gather', 'Tile', 'Expand', 'Concat']);

/** Operators that pass relevance on unchanged, location by location. */
export const PASSING: readonly string[] = [
  'Abs',
  'BatchNormalization',
  'Cast',
  'Celu',
  'Clip',
  'Dropout',
  'Elu',
  'Erf',
  'Exp',
  'Gelu',
  'GroupNormalization',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'InstanceNormalization',
  'LayerNormalization',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'LpNormalization',
  'LRN',
  'MeanVarianceNormalization',
  'Mish',
  'Neg',
  'PRelu',
  'Pow',
  'Relu',
  'Selu',
  'Shrink',
  'Sigmoid',
  'Softmax',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Tanh',
  'ThresholdedRelu',
  'com.microsoft:Gelu',
  'com.microsoft:FastGelu',
  'com.microsoft:QuickGelu',
]; // prettier-ignore

const TABLE: readonly (readonly [readonly string[], Share])[] = [
  [['Conv', 'ConvTranspose'], conv],
  [['MaxPool', 'AveragePool'], pool],
  [['Add', 'Sum', 'Sub'], add],
  [['Mul'], multiply],
  [['Div'], divide],
  [['Concat'], concat],
  [['MatMul', 'Gemm'], linear],
  [['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'], regroup],
  [['Transpose'], transpose],
  [['Slice', 'Pad', 'Gather', 'Tile', 'Expand'], movement],
  [['GlobalAveragePool', 'ReduceMean', 'ReduceSum'], mean],
  [['Resize'], (ledger, node, flow) => [shareInterpolation(ledger, node, flow)]],
  [['DepthToSpace'], (ledger, node, flow) => [shareDepthToSpace(ledger, node, flow)]],
  [['SpaceToDepth'], (ledger, node, flow) => [shareSpaceToDepth(ledger, node, flow)]],
  [PASSING, pass],
];

/** Operators after which a layer of PFVs stands: what the list of layers shows. */
export const LAYER_OPERATORS: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'PRelu',
  'Clip',
  'Elu',
  'Selu',
  'Celu',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'Softsign',
  'HardSwish',
  'Gelu',
  'Mish',
  'ThresholdedRelu',
  'Add',
  'Sum',
  'Concat',
  'Mul',
  'Conv',
  'MaxPool',
  'AveragePool',
  'com.microsoft:Gelu',
  'com.microsoft:FastGelu',
  'com.microsoft:QuickGelu',
]); // prettier-ignore

/** The table of one explanation; what it computes on the way is noted in the ledger. */
export function sharingTable(ledger: Ledger): RuleTable<Flow> {
  const single =
    (share: Share): Rule<Flow> =>
    ({ node, cotangents }) => {
      const flow = cotangents[0];
      if (!flow) return [];
      const carried = carriedBy(ledger, node, flow, share);
      return carried ?? share(ledger, node, flow);
    };
  const rules: (readonly [Match, Rule<Flow>])[] = TABLE.flatMap(([ops, share]) =>
    ops.map((op) => [op, single(share)] as const),
  );
  rules.push(['Split', (context) => split(context, ledger)]);
  return { name: 'sharing-ratio', rules: rules as Rules<Flow>, combine, conform };

  function conform(flow: Flow, value: string): Flow {
    if (flow.own) {
      const shape = ledger.b.shape(flow.own);
      const wanted = ledger.relevanceShape(value);
      if (shape.join() !== wanted.join())
        throw new PrismError('SHAPE_MISMATCH', `relevance of ${value} has shape [${shape}], not [${wanted}]`);
    }
    return flow;
  }
}

function combine(flows: readonly Flow[], _value: string, b: Builder): Flow {
  const owns = flows.flatMap((flow) => flow.own ?? []);
  return {
    own: owns.length ? owns.reduce((sum, relevance) => b.add(sum, relevance)) : null,
    demands: flows.flatMap((flow) => flow.demands),
    passed: flows.flatMap((flow) => flow.passed),
  };
}
