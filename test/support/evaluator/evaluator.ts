import type { Graph, Node } from '../../../src/graph/ir';
import { activations } from './activation';
import { fromTensor, type NdArray } from './array';
import { control } from './control';
import { convolution } from './conv';
import { elementwise } from './elementwise';
import { indexing } from './gather';
import { linear } from './linear';
import { normalisations } from './normalisation';
import type { Family, Operator } from './operator';
import { pooling } from './pool';
import { quantisation } from './quantise';
import { recurrent } from './recurrent';
import { reductions } from './reduce';
import { resampling } from './resize';
import { shapes } from './shape';
import { softmax } from './softmax';

const OPERATORS: Family = {
  ...elementwise,
  ...activations,
  ...softmax,
  ...linear,
  ...convolution,
  ...pooling,
  ...reductions,
  ...shapes,
  ...indexing,
  ...resampling,
  ...normalisations,
  ...recurrent,
  ...quantisation,
  ...control,
};

export type Feeds = Readonly<Record<string, NdArray>>;
export type Values = ReadonlyMap<string, NdArray>;

/**
 * The independent reference: runs a graph of the ONNX operator set 21 in float64, node by node, by the operators'
 * documentation. Slow and plain on purpose; shares no arithmetic with the code under test.
 */
export class Evaluator {
  readonly #graph: Graph;
  readonly #constants: Values;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#constants = constantsOf(graph);
  }

  /** All values of the graph for these inputs: fed, constant and computed. */
  run(feeds: Feeds): Values {
    for (const { name } of this.#graph.inputs) if (!feeds[name]) throw new Error(`input ${name} is not fed`);
    return runNodes(this.#graph, new Map([...this.#constants, ...Object.entries(feeds)]));
  }
}

/** Runs a graph once. */
export const evaluate = (graph: Graph, feeds: Feeds): Values => new Evaluator(graph).run(feeds);

function constantsOf(graph: Graph): Values {
  const constants = new Map<string, NdArray>();
  for (const [name, tensor] of graph.initializers) {
    if (tensor.source.kind !== 'strings') constants.set(name, fromTensor(tensor));
  }
  return constants;
}

function operatorOf(node: Node): Operator {
  const operator = node.domain === '' || node.domain === 'ai.onnx' ? OPERATORS[node.op] : undefined;
  if (!operator) throw new Error(`the reference has no operator ${node.domain}:${node.op} (node ${node.name})`);
  return operator;
}

function runNodes(graph: Graph, values: Map<string, NdArray>): Map<string, NdArray> {
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name ? values.get(name) : undefined));
    const input = (index: number): NdArray => {
      const value = inputs[index];
      if (!value) throw new Error(`${node.op} ${node.name}: input ${index} (${node.inputs[index]}) is missing`);
      return value;
    };
    const outputs = operatorOf(node)({
      node,
      inputs,
      input,
      list: (index) => inputs[index] && Array.from(inputs[index].data),
      subgraph: (inner, feeds) => {
        const scope = new Map([...values, ...constantsOf(inner)]);
        inner.inputs.forEach(({ name }, i) => {
          scope.set(name, feeds[i]);
        });
        runNodes(inner, scope);
        return inner.outputs.map(({ name }) => scope.get(name) as NdArray);
      },
    });
    node.outputs.forEach((name, index) => {
      if (name && outputs[index]) values.set(name, outputs[index]);
    });
  }
  return values;
}
