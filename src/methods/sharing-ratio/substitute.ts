import type { Graph, Node } from '../../graph/ir';
import { prune } from '../../graph/prune';
import { sortNodes } from '../../graph/topology';

/**
 * Lets values that are computed elsewhere in the graph take the place of the nodes that make others.
 *
 * @param replacements value → the value that it becomes a copy of
 */
export function substitute(graph: Graph, replacements: ReadonlyMap<string, string>): Graph {
  const nodes = graph.nodes.map((node): Node => {
    const replacement = replacements.get(node.outputs[0]);
    return replacement
      ? {
          op: 'Identity',
          domain: '',
          name: node.name,
          inputs: [replacement],
          outputs: [node.outputs[0]],
          attributes: {},
        }
      : node;
  });
  const given = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  return prune({ ...graph, nodes: [...sortNodes(nodes, (value) => given.has(value))] });
}
