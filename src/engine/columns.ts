import { getStrings, int } from '../graph/attributes';
import { PrismError } from '../graph/errors';
import { type Graph, type Node, type ValueInfo, wiring } from '../graph/ir';
import { codeOf } from '../graph/onnx/dtypes';
import { float32, int64, strings } from '../graph/tensor';
import type { Feature } from '../inputs/features';

/** How many nodes behind a column its words are looked for. */
const REACH = 6;

/** Attributes that name the words which a node knows. */
const WORDS = ['cats_strings', 'keys_strings'];

const isColumn = ({ shape }: ValueInfo): boolean =>
  (shape !== undefined &&
    (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) &&
    typeof shape[0] !== 'number') ||
  (shape?.every((dim) => dim === 1) ?? false);

/** Whether the inputs are columns of a table, one each, as exporters of pipelines write them. */
export const areColumns = (inputs: readonly ValueInfo[]): boolean => inputs.length > 1 && inputs.every(isColumn);

/** The words that the nodes behind an input know. */
function wordsBehind(graph: Graph, input: string): readonly string[] | undefined {
  const { consumers } = wiring(graph);
  let values = [input];
  for (let step = 0; step < REACH && values.length > 0; step++) {
    const nodes = values.flatMap((value) => consumers.get(value) ?? []);
    for (const node of nodes) {
      const words = WORDS.map((name) => getStrings(node, name)).find((found) => found !== undefined);
      if (words) return words;
    }
    values = nodes.flatMap(({ outputs }) => outputs);
  }
  return undefined;
}

/** The features that columns are: words that the graph knows are their categories. */
export function featuresOfColumns(graph: Graph, known: readonly Feature[] | undefined): Feature[] {
  return graph.inputs.map(({ name, dtype }): Feature => {
    const feature = known?.find((other) => other.name === name) ?? { name };
    if (dtype !== 'string' || feature.categories) return feature;
    const categories = wordsBehind(graph, name);
    if (categories) return { ...feature, categories };
    throw new PrismError(
      'CATEGORIES_MISSING',
      `the column ${name} holds words, and nothing says which; name them in the prism.json ("features": [{"name": ${JSON.stringify(name)}, "categories": […]}])`,
      { input: name },
    );
  });
}

/**
 * The graph with one input for all columns, [1, columns] of float32: a number as it is, a word by its place among the
 * categories. So a row is one value that can be explained, and every column an element of it.
 *
 * @param input the name of the new input
 */
export function joinColumns(graph: Graph, features: readonly Feature[], input: string): Graph {
  const initializers = new Map(graph.initializers);
  const nodes: Node[] = [];
  const constant = (name: string, tensor: ReturnType<typeof int64>): string => {
    initializers.set(name, tensor);
    return name;
  };
  const made = (op: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): string => {
    nodes.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  };
  graph.inputs.forEach(({ name, dtype, shape }, at) => {
    const part = (what: string): string => `${name}~${what}`;
    const bounds = [at, at + 1].map((place) => constant(part(`bound ${place}`), int64([place])));
    const axes = constant(part('axis'), int64([1]));
    const { categories } = features[at];
    const steps: ((value: string, output: string) => string)[] = [
      (whole, output) => made('Slice', [whole, ...bounds, axes], output),
    ];
    if (shape?.length === 1) {
      const sizes = constant(part('shape'), int64([1]));
      steps.push((cell, output) => made('Reshape', [cell, sizes], output));
    }
    if (dtype === 'string') {
      const first = constant(part('first'), float32([0], []));
      const last = constant(part('last'), float32([(categories?.length ?? 1) - 1], []));
      const words = constant(part('words'), strings(categories ?? []));
      steps.push(
        (cell, output) => made('Clip', [cell, first, last], output),
        (cell, output) => made('Round', [cell], output),
        (cell, output) => made('Cast', [cell], output, { to: int(codeOf('int64')) }),
        (index, output) => made('Gather', [words, index], output),
      );
    } else if (dtype !== 'float32') {
      steps.push((cell, output) => made('Cast', [cell], output, { to: int(codeOf(dtype)) }));
    }
    steps.reduce((from, step, i) => step(from, i === steps.length - 1 ? name : part(`step ${i}`)), input);
  });
  return {
    ...graph,
    inputs: [{ name: input, dtype: 'float32', shape: [1, graph.inputs.length] }],
    initializers,
    nodes: [...nodes, ...graph.nodes],
  };
}
