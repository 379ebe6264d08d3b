import { Builder } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import { prune } from '../../graph/prune';
import { sortNodes } from '../../graph/topology';
import { compileSharing, type SharingOptions } from './compile';

/** What is done to relevance outside of the compiled passes. */
export interface SingleOptions {
  /** Take the mean off the relevance that sets out. */
  readonly contrastive: boolean;
  /** Share what tokens outside of the image kept among the image's locations. */
  readonly redistribute: boolean;
}

/** Lets other values be read in the place of graph inputs, which are no inputs any more. */
export function feed(graph: Graph, values: ReadonlyMap<string, string>): Graph {
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => values.get(name) ?? name) }));
  const inputs = graph.inputs.filter(({ name }) => !values.has(name));
  const given = new Set([...inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  return { ...graph, inputs, nodes: sortNodes(nodes, (value) => given.has(value)) };
}

/**
 * The explanation of a score as one graph, to be run elsewhere: the trace and all passes joined.
 *
 * @param of the input, or a value that relevance passes
 * @returns a graph of the model's inputs and the weights of the score (in the output's shape); its outputs are the
 *   model's output and `relevance`, with channel axes of size 1; undefined when no relevance passes the value
 */
export function singleGraph(
  model: Graph,
  input: string,
  output: string,
  of: string,
  options: SharingOptions,
  { contrastive, redistribute }: SingleOptions,
): Graph | undefined {
  const sharing = compileSharing(model, input, output, options);
  const reached = sharing.relevance.get(of);
  if (reached === undefined) return undefined;

  const b = new Builder(sharing.graph);
  const allAxes = (value: string): number[] => b.shape(value).map((_, axis) => axis);
  const seeds = new Map<string, string>();
  for (const [layer, injection] of sharing.injections) {
    const start = sharing.head.get(layer);
    const seed = start ?? b.expand(b.float(0), b.shape(injection));
    seeds.set(injection, start && contrastive ? b.sub(start, b.mean(start, allAxes(start))) : seed);
  }
  const { readerSeed } = sharing;
  const unread = b.expand(b.float(0), b.shape(readerSeed));
  const joined = feed(b.graph(), new Map([...seeds, [readerSeed, unread]]));

  const end = new Builder({ ...joined, types: b.graph().types });
  let relevance = seeds.get(reached) ?? reached;
  if (redistribute && of === input) {
    const out = [...sharing.head].map(([layer]) => seeds.get(sharing.injections.get(layer) as string) as string);
    const total = out.map((seed) => end.sum(seed, allAxes(seed), false)).reduce((a, c) => end.add(a, c));
    const here = end.sum(relevance, allAxes(relevance), false);
    const none = end.op('Equal', [here, end.float(0)]);
    const factor = end.op('Where', [none, end.float(1), end.div(total, here)]);
    relevance = end.mul(relevance, factor);
  }
  end.setOutputs([output, end.alias(relevance, 'relevance')]);
  return prune(end.graph());
}
