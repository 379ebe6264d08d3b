import { PrismError } from '../graph/errors';
import type { Graph } from '../graph/ir';

/** For methods that compute between or behind runs of graphs: there is no one graph to save. */
export const notOneGraph = (id: string) => (): Graph => {
  throw new PrismError(
    'NOT_ONE_GRAPH',
    `${id} computes outside of the model’s graph and cannot be saved as one model; save the map as .npy`,
  );
};
