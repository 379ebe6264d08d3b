import type { Attribute, Graph, Node } from './ir';

export type Rename = (value: string) => string;

function renameGraph(graph: Graph, rename: Rename): Graph {
  const inside = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) inside.add(output);
  const captured: Rename = (value) => (inside.has(value) ? value : rename(value));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renameValues(node, captured)),
    outputs: graph.outputs.map((output) => ({ ...output, name: captured(output.name) })),
  };
}

/** A node that reads and makes other values: what its subgraphs capture is renamed too, their own values are not. */
export function renameValues(node: Node, rename: Rename): Node {
  const named = (value: string): string => (value === '' ? '' : rename(value));
  const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
    if (attribute.type === 'graph') return [name, { type: 'graph', value: renameGraph(attribute.value, rename) }];
    if (attribute.type === 'graphs') {
      return [name, { type: 'graphs', value: attribute.value.map((graph) => renameGraph(graph, rename)) }];
    }
    return [name, attribute];
  });
  return {
    ...node,
    inputs: node.inputs.map(named),
    outputs: node.outputs.map(named),
    attributes: Object.fromEntries(attributes),
  };
}
