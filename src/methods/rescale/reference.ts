import { type Graph, type Node, typeOf } from '../../graph/ir';
import { renameValues } from '../../graph/rename';
import { reads } from '../../graph/topology';

/** A model that computes everything for two inputs at once: the one explained and the reference. */
export interface Paired {
  readonly graph: Graph;
  /** The input that takes the reference. */
  readonly input: string;
  /** The value's name in the reference pass: the value itself where the explained input does not reach it. */
  readonly reference: (value: string) => string;
  /** Whether the explained input reaches the value. */
  readonly varies: (value: string) => boolean;
}

/** Copies every node that the input reaches, right behind it, for the reference pass. */
export function pairWithReference(graph: Graph, input: string): Paired {
  const suffix = freeSuffix(graph);
  const reached = new Set([input]);
  const varies = (value: string): boolean => reached.has(value);
  const reference = (value: string): string => (varies(value) ? value + suffix : value);
  const types = new Map(graph.types);
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (![...reads(node)].some(varies)) return [node];
    for (const output of node.outputs) {
      if (!output) continue;
      reached.add(output);
      const type = typeOf(graph, output);
      if (type) types.set(output + suffix, type);
    }
    return [node, { ...renameValues(node, reference), name: node.name && node.name + suffix }];
  });
  const inputs = graph.inputs.flatMap((value) =>
    value.name === input ? [value, { ...value, name: reference(input) }] : [value],
  );
  return { graph: { ...graph, inputs, nodes, types }, input: reference(input), reference, varies };
}

/** An ending that makes no value of the graph another one. */
function freeSuffix(graph: Graph): string {
  const names = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) names.add(output);
  let suffix = '@reference';
  while ([...names].some((name) => names.has(name + suffix))) suffix += "'";
  return suffix;
}
