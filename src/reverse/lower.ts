import type { Graph } from '../graph/ir';
import { BLOCKED_DOMAIN } from './blocked/context';
import { fitsBlocks } from './blocked/convolution';
import { inBlockedLayout } from './blocked/layout';
import { cpuRewrites, rewritesBeforeBlocks } from './lowerCpu';
import { webgpuRewrites } from './lowerWebgpu';
import { type Rewrite, rewriteGraph } from './rewrite';

/** The execution providers of onnxruntime that the project knows. */
export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';

const REWRITES: Partial<Record<Provider, readonly (readonly Rewrite[])[]>> = {
  cpu: [cpuRewrites],
  // The second walk catches what the first one emits.
  webgpu: [webgpuRewrites, webgpuRewrites],
};

/**
 * The same function in the operators that a provider runs, and runs fast. The last step before a session is made: what
 * comes out is for that provider alone and is not differentiated again.
 *
 * @param block how many channels onnxruntime's convolutions on this CPU take together; 0: one by one, or not known
 */
export function lower(graph: Graph, provider: Provider, block = 0): Graph {
  // Which rewrite pays off is told by sizes.
  if (graph.inputs.some(({ shape }) => !shape?.every((dim) => typeof dim === 'number'))) return graph;
  if (graph.opsets[BLOCKED_DOMAIN]) return graph;
  if (provider === 'cpu' && block > 0 && fitsBlocks(graph, block)) {
    return inBlockedLayout(rewriteGraph(graph, rewritesBeforeBlocks), block);
  }
  return (REWRITES[provider] ?? []).reduce(rewriteGraph, graph);
}
