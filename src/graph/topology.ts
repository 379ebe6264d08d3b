import { PrismError } from './errors';
import type { Graph, Node } from './ir';

const subgraphs = (node: Node): readonly Graph[] =>
  Object.values(node.attributes).flatMap((attribute) =>
    attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [],
  );

/** The values that a subgraph reads from the graphs around it. */
export function captures(graph: Graph): Set<string> {
  const inside = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) inside.add(output);
  const captured = new Set<string>();
  const note = (value: string): void => {
    if (value && !inside.has(value)) captured.add(value);
  };
  for (const node of graph.nodes) for (const value of reads(node)) note(value);
  for (const { name } of graph.outputs) note(name);
  return captured;
}

/** Every value that a node depends on: its inputs and what its subgraphs (If, Loop, Scan) capture; each once. */
export function reads(node: Node): ReadonlySet<string> {
  const values = new Set(node.inputs.filter((input) => input !== ''));
  for (const graph of subgraphs(node)) for (const value of captures(graph)) values.add(value);
  return values;
}

const label = (node: Node): string => `${node.op} node ${JSON.stringify(node.name || node.outputs[0] || '')}`;

/**
 * The nodes in topological order, in the order given where that is one already.
 *
 * @param isDefined whether a value that no node makes exists (an input, an initializer, a value of an outer graph)
 * @throws PrismError MODEL_INVALID when a value is made twice, made by no one, or depends on itself
 */
export function sortNodes(nodes: readonly Node[], isDefined: (value: string) => boolean): readonly Node[] {
  const producer = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    for (const output of node.outputs) {
      if (!output) continue;
      if (producer.has(output) || isDefined(output)) {
        throw new PrismError(
          'MODEL_INVALID',
          `the value ${JSON.stringify(output)} is made twice, the second time by the ${label(node)}`,
        );
      }
      producer.set(output, index);
    }
  }
  const dependencies = nodes.map((node) =>
    [...reads(node)].flatMap((value) => {
      const index = producer.get(value);
      if (index === undefined && !isDefined(value)) {
        throw new PrismError(
          'MODEL_INVALID',
          `the ${label(node)} reads ${JSON.stringify(value)}, which nothing makes`,
          { node: node.name, op: node.op },
        );
      }
      return index === undefined ? [] : [index];
    }),
  );
  const sorted: Node[] = [];
  const state = new Uint8Array(nodes.length); // 0 untouched, 1 waiting for its inputs, 2 placed
  for (let start = 0; start < nodes.length; start++) {
    const stack = [start];
    while (stack.length > 0) {
      const index = stack[stack.length - 1];
      if (state[index] === 0) {
        state[index] = 1;
        for (const dependency of dependencies[index]) {
          if (state[dependency] === 1) {
            throw new PrismError('MODEL_INVALID', `the ${label(nodes[dependency])} depends on its own output`, {
              node: nodes[dependency].name,
            });
          }
          if (state[dependency] === 0) stack.push(dependency);
        }
      } else {
        stack.pop();
        if (state[index] === 1) {
          state[index] = 2;
          sorted.push(nodes[index]);
        }
      }
    }
  }
  return sorted;
}
