import { type Graph, type Node, typeOf } from './ir';
import { prune } from './prune';

/** Operators whose inputs beyond the first ones may be absent, which an empty cache is as good as. */
const OPTIONAL = new Set(['Attention', 'GroupQueryAttention', 'MultiHeadAttention']);

/**
 * The graph without values of no elements, as an empty cache of earlier tokens is: what is joined to them stays alone,
 * and inputs that nobody reads any more are no inputs.
 *
 * @param graph specialised
 */
export function withoutEmpty(graph: Graph): Graph {
  const isEmpty = (value: string): boolean => typeOf(graph, value)?.shape?.includes(0) ?? false;
  const empty = new Set(graph.inputs.map(({ name }) => name).filter(isEmpty));
  if (empty.size === 0) return graph;
  const rewritten = graph.nodes.map((node): Node => {
    if (!node.inputs.some(isEmpty)) return node;
    if (OPTIONAL.has(node.op)) {
      return { ...node, inputs: node.inputs.map((input) => (isEmpty(input) ? '' : input)) };
    }
    if (node.op !== 'Concat' || isEmpty(node.outputs[0])) return node;
    const inputs = node.inputs.filter((input) => !isEmpty(input));
    return inputs.length === 1 ? { ...node, op: 'Identity', inputs, attributes: {} } : { ...node, inputs };
  });
  const pruned = prune({ ...graph, nodes: rewritten });
  const read = new Set([...pruned.nodes.flatMap(({ inputs }) => inputs), ...pruned.outputs.map(({ name }) => name)]);
  return { ...pruned, inputs: pruned.inputs.filter(({ name }) => !empty.has(name) || read.has(name)) };
}
