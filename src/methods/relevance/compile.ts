import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import { foldBatchNorm } from '../../graph/foldBatchNorm';
import { type Graph, type Node, typeOf } from '../../graph/ir';
import { prune } from '../../graph/prune';
import { isFloating } from '../../graph/tensor';
import type { RuleTable } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { reverse } from '../../reverse/driver';
import { gradientGraph } from '../../reverse/gradient';
import { type Movement, Movements } from '../../reverse/movements';
import type { CamLayer } from '../cam/layer';
import type { Range } from '../method';
import { boxFrom } from './box';
import { type Composite, ruleIn } from './composites';
import { combined, type Flow, flowOf, whole } from './flow';
import { Losses } from './losses';
import { rulesOf } from './operators';
import type { Walk } from './share';
import { Wires } from './wires';

/** What a method chooses. */
export interface RelevanceChoice {
  readonly composite: Composite;
  /** ε of sums, means and normalisations. */
  readonly stabiliser: number;
  readonly products: Walk['products'];
  readonly sums: Walk['sums'];
}

export interface RelevanceRequest extends RelevanceChoice {
  /** The model's input: the layers that read it without another layer between are the first. */
  readonly input: string;
  readonly output: string;
  /** The value whose relevance is wanted. */
  readonly of: string;
  /** What the input's values can be; the input's own smallest and largest one where it is not known. */
  readonly range?: Range;
  /** Where relevance starts with what Grad-CAM makes of every channel, instead of with the score itself. */
  readonly layer?: CamLayer;
  /** Also follow what goes along every connection. */
  readonly followed?: boolean;
}

/** What went along the connections of a graph. */
interface Followed {
  readonly nodes: readonly Node[];
  /** Where relevance set out. */
  readonly from: string;
  /** A vector of the graph, and how to read it. */
  readonly vector: string;
  read(numbers: ArrayLike<number>): readonly Movement[];
}

/** A graph of the forward pass and relevance back from one output. All names are values of `graph`. */
export interface RelevanceGraph {
  readonly graph: Graph;
  /** Input: the weights of the score, in the output's shape. */
  readonly seed: string;
  readonly output: string;
  /** In the shape of the value asked for. */
  readonly relevance: string;
  /** Relevance that biases and other constants keep, a single number. */
  readonly lost: string;
  /** Relevance to begin with, a single number; the score itself where it is absent. */
  readonly start?: string;
  readonly followed?: Followed;
}

const LAYERS = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum', 'LSTM', 'GRU', 'RNN']);

/** Layers that read the input with no other layer between. */
function firstLayers(nodes: readonly Node[], input: string, isConstant: (value: string) => boolean): Set<string> {
  const before = new Set([input]);
  const behind = new Set<string>();
  const first = new Set<string>();
  for (const node of nodes) {
    const isBehind = node.inputs.some((value) => behind.has(value));
    if (!isBehind && !node.inputs.some((value) => before.has(value))) continue;
    const isLayer = LAYERS.has(node.op) && node.inputs.some(isConstant);
    if (isLayer && !isBehind) first.add(node.outputs[0]);
    for (const value of node.outputs) (isBehind || isLayer ? behind : before).add(value);
  }
  return first;
}

/** Layers that what is explained reads with no other layer between. */
function lastLayers(nodes: readonly Node[], start: string, first: string, wires: Wires): Set<string> {
  const reading = new Set([start]);
  const last = new Set<string>();
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((value) => reading.has(value))) continue;
    const computed = node.inputs.filter((value) => value !== first && wires.isComputed(value));
    if (LAYERS.has(node.op) && computed.length < 2) last.add(node.outputs[0]);
    else for (const value of computed) reading.add(value);
  }
  return last;
}

/** Both passes up to where relevance starts, and what it starts with. */
interface Start {
  readonly b: Builder;
  readonly nodes: readonly Node[];
  readonly seed: string;
  readonly flow: Flow;
  readonly value: string;
}

/** At the output: its elements, each times its weight. */
function fromScore(model: Graph, { output, of, sums }: RelevanceRequest): Start {
  const folded = sums === 'copies' ? model : foldBatchNorm(model);
  const graph = typeOf(folded, of) ? folded : model;
  const b = new Builder(graph);
  const seed = b.input('weights', b.dtype(output), b.shape(output));
  return { b, nodes: graph.nodes, seed, flow: flowOf(output, seed), value: output };
}

/** At a layer: its elements, each times the mean of the score's gradient over the places of its channel. */
function fromLayer(model: Graph, { output, of }: RelevanceRequest, { value, places }: CamLayer): Start {
  const wrt = [value, of];
  const { graph, seed, gradients } = gradientGraph(model, { output, wrt, seed: 'weights' });
  const b = new Builder(graph);
  const weights = b.mean(gradients.get(value) as string, places);
  return { b, nodes: graph.nodes, seed, flow: flowOf(value, b.expand(weights, b.shape(value))), value };
}

/** Throws UNKNOWN_VALUE, and UNSUPPORTED_TYPE for identifiers and other integers, which contribute nothing as numbers. */
function requireNumbers(model: Graph, value: string): void {
  const type = typeOf(model, value);
  if (!type) throw new PrismError('UNKNOWN_VALUE', `the graph has no value ${JSON.stringify(value)}`, { value });
  if (isFloating(type.dtype)) return;
  throw new PrismError(
    'UNSUPPORTED_TYPE',
    `${value} is of type ${type.dtype}, which has no relevance; name a value behind it, such as the embeddings of tokens, as what to explain`,
    { value },
  );
}

/**
 * Compiles relevance propagation for a specialised graph. Batch normalisation behind a layer is folded into it, unless
 * relevance is to pass it unchanged.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR where a node on the way has no rule, UNKNOWN_VALUE,
 *   UNSUPPORTED_TYPE
 */
export function relevanceGraph(model: Graph, request: RelevanceRequest): RelevanceGraph {
  const { input, output, of, layer } = request;
  requireNumbers(model, of);
  const { b, nodes, seed, flow, value } = layer ? fromLayer(model, request, layer) : fromScore(model, request);
  const wires = new Wires(b, of);
  const isConstant = (name: string): boolean => b.initializer(name) !== undefined || !wires.isComputed(name);
  const first = firstLayers(nodes, input, isConstant);
  const last = lastLayers(nodes, value, of, wires);
  const losses = new Losses(b);
  const walk: Walk = {
    b,
    wires,
    stabiliser: request.stabiliser,
    products: request.products,
    sums: request.sums,
    biases: new Map(),
    ruleOf(node) {
      const [made] = node.outputs;
      return ruleIn(request.composite, node, { isFirst: first.has(made), isLast: last.has(made) }, b);
    },
    box: (x) => boxFrom(b, nodes, input, x, request.range),
    absorb: (constant, factor) => losses.add(constant, factor),
  };
  const movements = request.followed ? new Movements(b, nodes) : undefined;
  const table = movements?.watch(tableOf(walk), (part) => [whole(b, part)]) ?? tableOf(walk);
  const arrived = reverse(b, nodes, table, new Map([[value, flow]]), [of]).get(of);
  const relevance = b.alias(arrived ? whole(b, arrived) : b.zerosLike(of), `relevance(${of})`);
  const lost = b.alias(losses.total(), 'lost relevance');
  const all = b.shape(value).map((_, axis) => axis);
  const start = layer && b.alias(b.sum(whole(b, flow), all, false), 'start relevance');
  const followed = movements && {
    nodes,
    from: value,
    vector: b.alias(movements.vector(), 'movements'),
    read: (numbers: ArrayLike<number>) => movements.read(numbers),
  };
  b.setOutputs([output, relevance, lost, ...(start ? [start] : []), ...(followed ? [followed.vector] : [])]);
  return {
    graph: prune(b.graph()),
    seed,
    output,
    relevance,
    lost,
    ...(start && { start }),
    ...(followed && { followed }),
  };
}

/** The rules of a walk as a table for the driver. */
function tableOf(walk: Walk): RuleTable<Flow> {
  const { b, wires } = walk;
  return {
    name: 'relevance',
    rules: rulesOf(walk),
    expansions: vjp.expansions,
    combine: (flows, value) => combined(b, flows, value, wires),
    conform(flow, value, node) {
      const wanted = b.shape(value);
      const shape = b.shape(flow.factor);
      if (shape.join() === wanted.join()) return flow;
      if (flow.of !== null && flow.of !== value) {
        throw new PrismError(
          'SHAPE_MISMATCH',
          `the relevance rule of ${node.op} returned shape [${shape}] for ${value} of shape [${wanted}]`,
          { node: node.name, op: node.op },
        );
      }
      return { ...flow, factor: b.sumTo(flow.factor, wanted) };
    },
  };
}
