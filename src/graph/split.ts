import type { Graph, Node } from './ir';
import { extract, prune, valueInfo, withNodes } from './prune';
import { reads } from './topology';

export interface Split {
  /** Everything that does not depend on the seeds; its outputs are the boundary and the outputs free of the seeds. */
  readonly trace: Graph;
  /** What depends on the seeds; its inputs are the seeds, the boundary, and the graph's own inputs that it reads. */
  readonly pass: Graph;
  /** Values that the trace makes and the pass reads. */
  readonly boundary: readonly string[];
}

/** The values of nodes that depend on one of the values given. */
function dependents(nodes: readonly Node[], values: Iterable<string>): Set<string> {
  const dependent = new Set(values);
  for (const node of nodes) {
    for (const value of reads(node)) {
      if (!dependent.has(value)) continue;
      for (const output of node.outputs) if (output !== '') dependent.add(output);
      break;
    }
  }
  return dependent;
}

const DRAWS = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
]);

/**
 * Cuts a graph in two by its seeds. Running the trace once and the pass with its results gives what the whole gives;
 * another seed needs only the pass. What depends on constants alone (a flipped kernel) is no result to hand over: both
 * sides have it.
 *
 * @param seeds names of inputs
 * @param outputs the outputs wanted; all of the graph's when left out
 */
export function split(
  graph: Graph,
  seeds: readonly string[],
  outputs: readonly string[] = graph.outputs.map(({ name }) => name),
): Split {
  const whole = extract(graph, [], outputs);
  const { nodes } = whole;
  const seeded = dependents(nodes, seeds);
  const fed = dependents(
    nodes,
    graph.inputs.map(({ name }) => name),
  );
  // A random draw reads nothing, but a second draw would be another one.
  const isConstant = (node: Node): boolean => !DRAWS.has(node.op) && node.outputs.every((output) => !fed.has(output));
  const isSeeded = (node: Node): boolean => node.outputs.some((output) => seeded.has(output));
  const passNodes = nodes.filter(isSeeded);
  const traceNodes = nodes.filter((node) => !isSeeded(node));

  const read = new Set(passNodes.flatMap((node) => [...reads(node)]));
  const handed = traceNodes.flatMap((node) =>
    isConstant(node) ? [] : node.outputs.filter((output) => read.has(output)),
  );
  const free = whole.outputs.filter(({ name }) => !seeded.has(name));
  const boundary = handed.map((name) => valueInfo(whole, name));
  const known = new Set(handed);
  const trace = withNodes(
    whole,
    traceNodes,
    graph.inputs.filter(({ name }) => !seeds.includes(name)),
    [...boundary, ...free.filter(({ name }) => !known.has(name))],
  );
  const pass = withNodes(
    whole,
    [...traceNodes.filter(isConstant), ...passNodes],
    [...graph.inputs, ...boundary],
    whole.outputs.filter(({ name }) => seeded.has(name)),
  );
  return { trace: withoutUnread(prune(trace)), pass: withoutUnread(prune(pass)), boundary: handed };
}

/** Inputs that nothing reads need not be fed. */
function withoutUnread(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap((node) => [...reads(node)]), ...graph.outputs.map(({ name }) => name)]);
  return { ...graph, inputs: graph.inputs.filter(({ name }) => read.has(name)) };
}
