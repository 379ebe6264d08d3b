import { PrismError } from '../graph/errors';
import type { Graph } from '../graph/ir';

/** For methods that run graphs in a loop: there is no one graph to save. */
export const notOneGraph = (id: string) => (): Graph => {
  throw new PrismError(
    'NOT_ONE_GRAPH',
    `${id} runs the model many times with arithmetic between: it cannot be saved as one model; save the map as .npy`,
  );
};
