import { Builder } from '../graph/builder';
import type { Graph, Node } from '../graph/ir';
import { prune } from '../graph/prune';

export interface RewriteContext {
  readonly b: Builder;
  /** The node that makes a value of the graph as rewritten so far. */
  producer(value: string): Node | undefined;
}

/** One local replacement: values that stand for the node's outputs, or undefined to leave the node alone. */
export type Rewrite = (node: Node, context: RewriteContext) => readonly string[] | undefined;

/**
 * Walks a specialised graph once in topological order; the first rewrite that replaces a node wins. What nothing reads
 * afterwards is removed. Names of inputs and outputs stay.
 */
export function rewriteGraph(graph: Graph, rewrites: readonly Rewrite[]): Graph {
  const b = new Builder(graph);
  const nodes: Node[] = [];
  const producers = new Map<string, Node>();
  const replaced = new Map<string, string>();
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const place = (node: Node): void => {
    nodes.push(node);
    for (const output of node.outputs) if (output) producers.set(output, node);
  };
  const context: RewriteContext = { b, producer: (value) => producers.get(value) };

  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map((input) => replaced.get(input) ?? input) };
    const emitted = b.nodes.length;
    let values: readonly string[] | undefined;
    for (const rewrite of rewrites) {
      values = rewrite(node, context);
      if (values) break;
    }
    for (const made of b.nodes.slice(emitted)) place(made);
    if (!values) {
      place(node);
      continue;
    }
    node.outputs.forEach((output, index) => {
      const value = values[index];
      if (!output || value === undefined) return;
      if (outputs.has(output)) {
        place({ op: 'Identity', domain: '', name: output, inputs: [value], outputs: [output], attributes: {} });
      } else replaced.set(output, value);
    });
  }
  return prune({ ...b.graph(), nodes });
}
