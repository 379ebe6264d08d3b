import type { Network } from '../../src/protocol/flow';

/** How two streams of relevance are looked at: both side by side, one alone, or the first minus the second. */
export type StreamLook = 'apart' | 'for' | 'against' | 'difference';

/** What of an amount of both streams, and of that against in it, is seen. */
const seen: Readonly<Record<Exclude<StreamLook, 'apart'>, (both: number, against: number) => number>> = {
  for: (both, against) => both - against,
  against: (_, against) => against,
  difference: (both, against) => both - 2 * against,
};

/** A network of two streams as one of what is looked at; itself where both are, or where it has one stream only. */
export function streamsSeen(network: Network, look: StreamLook): Network {
  const { totalAgainst, total, nodes, edges, ...same } = network;
  if (look === 'apart' || totalAgainst === undefined) return network;
  const pick = seen[look];
  return {
    ...same,
    total: pick(total, totalAgainst),
    nodes: nodes.map(({ against = { sink: 0, lost: 0 }, sink, lost, ...node }) => ({
      ...node,
      sink: pick(sink, against.sink),
      lost: pick(lost, against.lost),
    })),
    edges: edges.map(({ from, to, relevance, against = 0 }) => ({ from, to, relevance: pick(relevance, against) })),
  };
}
