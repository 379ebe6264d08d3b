import { channelBlock } from '../src/engine/channelBlock';
import type { Graph } from '../src/graph/ir';
import { lower } from '../src/reverse/lower';

/** A graph as the engine runs it on this machine's processors. */
export const lowered = async (graph: Graph): Promise<Graph> => lower(graph, 'cpu', await channelBlock());
