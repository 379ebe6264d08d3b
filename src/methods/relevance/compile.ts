import { Builder } from '../../graph/builder';
import { PrismError } from '../../graph/errors';
import { foldBatchNorm } from '../../graph/foldBatchNorm';
import { type Graph, type Node, typeOf } from '../../graph/ir';
import { prune } from '../../graph/prune';
import type { RuleTable } from '../../ops/rule';
import { vjp } from '../../ops/vjp';
import { reverse } from '../../reverse/driver';
import type { Range } from '../method';
import { boxFrom } from './box';
import { type Composite, ruleIn } from './composites';
import { combined, type Flow, flowOf, whole } from './flow';
import { Losses } from './losses';
import { rulesOf, type Walk } from './operators';
import { Wires } from './wires';

export interface RelevanceRequest {
  /** The model's input: the layers that read it without another layer between are the first. */
  readonly input: string;
  readonly output: string;
  /** The value whose relevance is wanted. */
  readonly of: string;
  readonly composite: Composite;
  /** ε of sums, means and normalisations. */
  readonly stabiliser: number;
  readonly products: Walk['products'];
  /** What the input's values can be; the input's own smallest and largest one where it is not known. */
  readonly range?: Range;
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

/**
 * Compiles relevance propagation for a specialised graph. The start is the score: the output's elements, each times its
 * weight. Batch normalisation behind a layer is folded into it.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR where a node on the way has no rule, UNKNOWN_VALUE
 */
export function relevanceGraph(model: Graph, request: RelevanceRequest): RelevanceGraph {
  const { input, output, of } = request;
  const folded = foldBatchNorm(model);
  const graph = typeOf(folded, of) ? folded : model;
  if (!typeOf(graph, of))
    throw new PrismError('UNKNOWN_VALUE', `the graph has no value ${JSON.stringify(of)}`, { value: of });
  const b = new Builder(graph);
  const wires = new Wires(b, of);
  const first = firstLayers(
    graph.nodes,
    input,
    (value) => b.initializer(value) !== undefined || !wires.isComputed(value),
  );
  const losses = new Losses(b);
  const seed = b.input('weights', b.dtype(output), b.shape(output));
  const walk: Walk = {
    b,
    wires,
    stabiliser: request.stabiliser,
    products: request.products,
    biases: new Map(),
    ruleOf: (node) => ruleIn(request.composite, node, first.has(node.outputs[0])),
    box: (x) => boxFrom(b, graph.nodes, input, x, request.range),
    absorb: (value, factor) => losses.add(value, factor),
  };
  const arrived = reverse(b, graph.nodes, tableOf(walk), new Map([[output, flowOf(output, seed)]]), [of]).get(of);
  const relevance = b.alias(arrived ? whole(b, arrived) : b.zerosLike(of), `relevance(${of})`);
  const lost = b.alias(losses.total(), 'lost relevance');
  b.setOutputs([output, relevance, lost]);
  return { graph: prune(b.graph()), seed, output, relevance, lost };
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
