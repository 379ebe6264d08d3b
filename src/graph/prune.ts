import { type Graph, type Node, type TensorType, typeOf, type ValueInfo } from './ir';
import { reads } from './topology';

/** The nodes that the values given depend on, in the order of the graph, going back no further than `stop`. */
function needed(nodes: readonly Node[], values: Iterable<string>, stop: ReadonlySet<string>): Node[] {
  const wanted = new Set(values);
  const kept: Node[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (!node.outputs.some((output) => output !== '' && wanted.has(output) && !stop.has(output))) continue;
    kept.push(node);
    for (const value of reads(node)) wanted.add(value);
  }
  return kept.reverse();
}

/** A graph of other nodes, inputs and outputs: it keeps the initializers that are read and the types that exist. */
export function withNodes(
  graph: Graph,
  nodes: readonly Node[],
  inputs: readonly ValueInfo[],
  outputs: readonly ValueInfo[],
): Graph {
  const read = new Set(outputs.map(({ name }) => name));
  const made = new Set<string>();
  for (const node of nodes) {
    for (const value of reads(node)) read.add(value);
    for (const output of node.outputs) made.add(output);
  }
  const fed = new Set(inputs.map(({ name }) => name));
  const types = new Map<string, TensorType>();
  for (const [name, type] of graph.types) if (made.has(name) || fed.has(name)) types.set(name, type);
  return {
    ...graph,
    inputs,
    outputs,
    nodes,
    initializers: new Map([...graph.initializers].filter(([name]) => read.has(name) && !fed.has(name))),
    types,
  };
}

/** The graph without nodes and initializers that no output depends on. Inputs stay. */
export function prune(graph: Graph): Graph {
  const outputs = graph.outputs.map(({ name }) => name);
  return withNodes(graph, needed(graph.nodes, outputs, new Set()), graph.inputs, graph.outputs);
}

/** A value as an input or output; its type may be unknown. */
export const valueInfo = (graph: Graph, name: string): ValueInfo => {
  const declared = [...graph.inputs, ...graph.outputs].find((value) => value.name === name);
  const { dtype, shape } = typeOf(graph, name) ?? { dtype: 'undefined', shape: undefined };
  return { ...declared, name, dtype, shape };
};

/**
 * The part of a graph between values.
 *
 * @param from values that become inputs; what lies before them is cut off
 * @param to values that become the outputs
 */
export function extract(graph: Graph, from: readonly string[], to: readonly string[]): Graph {
  const nodes = needed(graph.nodes, to, new Set(from));
  const read = new Set(to);
  for (const node of nodes) for (const value of reads(node)) read.add(value);
  const inputs = graph.inputs.filter(({ name }) => read.has(name) && !from.includes(name));
  return withNodes(
    graph,
    nodes,
    [...from.map((name) => valueInfo(graph, name)), ...inputs],
    to.map((name) => valueInfo(graph, name)),
  );
}
