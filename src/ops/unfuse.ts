import { Builder } from '../graph/builder';
import { PrismError } from '../graph/errors';
import type { Graph, Node } from '../graph/ir';
import { prune } from '../graph/prune';
import { renameValues } from '../graph/rename';
import { contributed } from './contributed';
import type { Expansion } from './rule';

const EXPANSIONS: ReadonlyMap<unknown, Expansion> = new Map(contributed);

const expansionOf = ({ domain, op }: Node): Expansion | undefined => EXPANSIONS.get(domain ? `${domain}:${op}` : op);

/** The expansion's values, or undefined for a node of a kind that it does not treat. */
function expanded(expansion: Expansion, node: Node, b: Builder): readonly string[] | undefined {
  try {
    return expansion(node, b);
  } catch (error) {
    // It stays as it is and can be run; a reverse pass that comes upon it says why it goes no further.
    if (error instanceof PrismError && error.code === 'UNSUPPORTED_ATTRIBUTE') return undefined;
    throw error;
  }
}

/**
 * The graph with operators that onnxruntime's optimiser has fused written in those of ONNX again, so that every method
 * sees in an optimised model what it sees in the original. Values keep their names; a node's name, metadata and
 * documentation pass to all that it becomes.
 *
 * @param graph specialised: what is made of a node depends on its shapes
 */
export function unfuse(graph: Graph): Graph {
  if (!graph.nodes.some(expansionOf)) return graph;
  const b = new Builder(graph);
  const nodes: Node[] = [];
  const names = new Map<string, string>();
  for (const node of graph.nodes) {
    const expansion = expansionOf(node);
    const before = b.nodes.length;
    const values = expansion && expanded(expansion, node, b);
    const made = b.nodes.slice(before);
    const own = new Set(made.flatMap(({ outputs }) => outputs));
    for (const part of made) nodes.push({ ...node, ...part, name: node.name });
    if (!values) nodes.push(node);
    else
      node.outputs.forEach((output, index) => {
        const value = values[index];
        if (!output) return;
        if (own.has(value) && !names.has(value)) names.set(value, output);
        else
          nodes.push({
            op: 'Identity',
            domain: '',
            name: node.name,
            inputs: [value],
            outputs: [output],
            attributes: {},
          });
      });
  }
  const renamed = nodes.map((node) => renameValues(node, (value) => names.get(value) ?? value));
  const types = new Map([...b.graph().types].filter(([value]) => !names.has(value)));
  return prune({ ...b.graph(), nodes: renamed, types });
}
