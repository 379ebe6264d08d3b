import { Builder } from '../../graph/builder';
import { type Graph, type Node, wiring } from '../../graph/ir';
import type { FloatArray } from '../../graph/ndarray';
import { prune } from '../../graph/prune';
import type { Movement } from '../../reverse/movements';
import { outputShape, seedOf } from '../gradient';
import type { RelevanceFlow, Runtime, Subject } from '../method';
import { compileSharing, type SharingGraph, type SharingOptions } from './compile';
import { feed } from './single';

type Followed = NonNullable<SharingGraph['followed']>;

interface FollowedGraph {
  readonly graph: Graph;
  readonly seed: string;
  /** Layers that the score gives relevance to, and the value that tells how much. */
  readonly head: ReadonlyMap<string, string>;
  readonly followed: Followed;
}

/** Head and pass of one score in one graph, with what goes along every connection. */
function followedGraph({ graph, input, score }: Subject, options: SharingOptions): FollowedGraph {
  const sharing = compileSharing(graph, input, score.output, options, true);
  const followed = sharing.followed as Followed;
  const b = new Builder(sharing.graph);
  const seeds = new Map<string, string>();
  for (const [layer, injection] of sharing.injections)
    seeds.set(injection, sharing.head.get(layer) ?? b.expand(b.float(0), b.shape(injection)));
  seeds.set(sharing.readerSeed, b.expand(b.float(0), b.shape(sharing.readerSeed)));
  b.setOutputs([...new Set([followed.vector, ...sharing.head.values()])]);
  return { graph: prune(feed(b.graph(), seeds)), seed: sharing.scoreSeed, head: sharing.head, followed };
}

/**
 * The way from the output down to the layer where relevance starts, if it is one chain: it brings all of it there.
 * Undefined where ways part.
 */
function chainTo(layer: string, output: string, nodes: readonly Node[], graph: Graph): Omit<Movement, 'relevance'>[] {
  const { producer } = wiring({ ...graph, nodes });
  const behind = new Set([layer]);
  for (const node of nodes)
    if (node.inputs.some((value) => behind.has(value))) for (const value of node.outputs) behind.add(value);
  const chain: Omit<Movement, 'relevance'>[] = [];
  for (let at = output; at !== layer; ) {
    const node = producer.get(at);
    const reads = node?.inputs.filter((value) => behind.has(value)) ?? [];
    if (!node || reads.length !== 1) return [];
    chain.push({ node: node.outputs[0], value: reads[0] });
    [at] = reads;
  }
  return chain;
}

/** Where the relevance of a score went; contrast is left out, as it adds up to nothing. */
export async function sharingFlow(subject: Subject, options: SharingOptions, runtime: Runtime): Promise<RelevanceFlow> {
  const { graph, input, score, feeds } = subject;
  const { output } = score;
  const key = `srd-flow/${input}/${output}/${JSON.stringify(options)}`;
  const { seed, head, followed, graph: whole } = runtime.memo(key, () => followedGraph(subject, options));
  const program = await runtime.compile(key, () => whole);
  runtime.checkCancelled();
  const results = await program.run(new Map([...feeds, [seed, seedOf(score, outputShape(graph, output))]]));
  const take = (value: string): FloatArray => results.get(value) as FloatArray;
  const starts = [...head].map(([value, map]) => ({
    value,
    relevance: take(map).data.reduce((sum, relevance) => sum + relevance, 0),
  }));
  const moves = followed.read(take(followed.vector).data);
  const [first, ...others] = starts;
  const chain = first && others.length === 0 ? chainTo(first.value, output, followed.nodes, graph) : [];
  if (chain.length === 0) return { nodes: followed.nodes, starts, moves };
  const { relevance } = first;
  return {
    nodes: followed.nodes,
    starts: [{ value: output, relevance }],
    moves: [...chain.map((step) => ({ ...step, relevance })), ...moves],
  };
}
