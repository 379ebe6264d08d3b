import { type Graph, type Node, typeOf, wiring } from '../graph/ir';
import { isFloating } from '../graph/tensor';

/** Where the indices of tokens become vectors. */
export interface Embedding {
  /** The vectors: the first value of floating numbers, with the channels last. */
  readonly value: string;
  /** How many tokens the table knows; undefined where there is no table of constants. */
  readonly rows: number | undefined;
}

/** Operators that leave indices what they are. */
const PASSING: ReadonlySet<string> = new Set([
  'Cast',
  'Expand',
  'Flatten',
  'Identity',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/**
 * The embedding of an input of whole numbers: the largest table that its indices, and nothing made of them, are looked up
 * in; without a table the first value of floating numbers that they become.
 *
 * @param graph with the shapes of its values known
 */
export function embeddingOf(graph: Graph, input: string): Embedding | undefined {
  const type = typeOf(graph, input);
  if (!type || isFloating(type.dtype)) return undefined;
  const { consumers } = wiring(graph);
  const indices = new Set([input]);
  const tables: Embedding[] = [];
  let first: string | undefined;
  const isFloat = (value: string): boolean => isFloating(typeOf(graph, value)?.dtype ?? 'int64');
  const visit = (node: Node): void => {
    const [output] = node.outputs;
    if (node.op === 'Gather' && indices.has(node.inputs[1]) && !indices.has(node.inputs[0]) && isFloat(output)) {
      tables.push({ value: output, rows: Number(typeOf(graph, node.inputs[0])?.shape?.[0]) });
    } else if (isFloat(output)) {
      if (node.op !== 'Cast') first ??= output;
    } else if (PASSING.has(node.op) && indices.has(node.inputs[0])) {
      indices.add(output);
    }
  };
  const readers = new Set([...indices].flatMap((value) => consumers.get(value) ?? []));
  for (const node of graph.nodes) {
    if (!readers.has(node)) continue;
    const known = indices.size;
    visit(node);
    if (indices.size > known) for (const next of consumers.get(node.outputs[0]) ?? []) readers.add(next);
  }
  const largest = tables.reduce<Embedding | undefined>(
    (best, table) => (best && (best.rows ?? 0) >= (table.rows ?? 0) ? best : table),
    undefined,
  );
  return largest ?? (first === undefined ? undefined : { value: first, rows: undefined });
}
