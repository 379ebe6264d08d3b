import { PrismError } from '../graph/errors';
import { type Graph, type Node, typeOf } from '../graph/ir';
import { reads } from '../graph/topology';

/** The graph without the nodes, initializers and types that its outputs do not depend on. Inputs all stay. */
export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.outputs.some((output) => needed.has(output))) continue;
    kept.push(node);
    for (const value of reads(node)) needed.add(value);
  }
  const nodes = kept.reverse();
  const alive = new Set(needed);
  for (const node of nodes) for (const output of node.outputs) alive.add(output);
  for (const { name } of graph.inputs) alive.add(name);
  return {
    ...graph,
    nodes,
    initializers: new Map([...graph.initializers].filter(([name]) => needed.has(name))),
    types: new Map([...graph.types].filter(([name]) => alive.has(name))),
  };
}

/** The part of the graph that makes the values given, which become its outputs. */
export function withOutputs(graph: Graph, values: readonly string[]): Graph {
  const outputs = values.map((name) => {
    const type = typeOf(graph, name);
    if (!type) throw new PrismError('UNKNOWN_VALUE', `the graph has no value ${JSON.stringify(name)}`, { value: name });
    return { name, ...type };
  });
  return prune({ ...graph, outputs });
}
