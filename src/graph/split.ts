import type { Graph, ValueInfo } from './ir';
import { typeOf } from './ir';
import { reads } from './topology';

/** A graph in two: what does not depend on the seeds, and the rest. */
export interface Split {
  /** Everything that does not depend on the seeds; its outputs are the boundary and the graph's own such outputs. */
  readonly trace: Graph;
  /** The rest; its inputs are the seeds and the boundary. */
  readonly pass: Graph;
  /** Values that the trace computes and the pass reads. */
  readonly boundary: readonly string[];
}

function part(graph: Graph, nodes: Graph['nodes'], inputs: readonly ValueInfo[], outputs: readonly string[]): Graph {
  const used = new Set<string>(outputs);
  for (const node of nodes) for (const value of [...reads(node), ...node.outputs]) used.add(value);
  const info = (name: string): ValueInfo => {
    const type = typeOf(graph, name);
    return { name, dtype: type?.dtype ?? 'float32', shape: type?.shape };
  };
  return {
    ...graph,
    nodes,
    inputs: inputs.filter(({ name }) => used.has(name)),
    outputs: outputs.map(info),
    initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
    types: new Map([...graph.types].filter(([name]) => used.has(name))),
  };
}

/**
 * Splits a graph by what depends on the seeds. Running the trace once and the pass for every seed gives the same as
 * running the whole for every seed.
 *
 * @param seeds names of graph inputs
 * @param outputs the outputs wanted; all of the graph's when left out
 */
export function split(
  graph: Graph,
  seeds: readonly string[],
  outputs: readonly string[] = graph.outputs.map(({ name }) => name),
): Split {
  const needed = new Set(outputs);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (node.outputs.some((output) => needed.has(output))) for (const value of reads(node)) needed.add(value);
  }
  const seeded = new Set(seeds);
  const trace: Graph['nodes'][number][] = [];
  const pass: Graph['nodes'][number][] = [];
  for (const node of graph.nodes) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    if ([...reads(node)].some((value) => seeded.has(value))) {
      for (const output of node.outputs) seeded.add(output);
      pass.push(node);
    } else trace.push(node);
  }
  const made = new Set(trace.flatMap((node) => node.outputs));
  const boundary = new Set<string>();
  for (const node of pass) for (const value of reads(node)) if (made.has(value)) boundary.add(value);
  const fixed = outputs.filter((output) => !seeded.has(output) && made.has(output));
  const free = graph.inputs.filter(({ name }) => !seeds.includes(name));
  const passInputs = [
    ...graph.inputs,
    ...[...boundary].map((name): ValueInfo => {
      const type = typeOf(graph, name);
      return { name, dtype: type?.dtype ?? 'float32', shape: type?.shape };
    }),
  ];
  return {
    trace: part(graph, trace, free, [...new Set([...boundary, ...fixed])]),
    pass: part(
      graph,
      pass,
      passInputs,
      outputs.filter((output) => seeded.has(output)),
    ),
    boundary: [...boundary],
  };
}
