import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';

/**
 * A recurrent layer starts from states that take their share like every later one, whether the model stores them,
 * computes them or leaves them out, which means zeros.
 */

/** Where a recurrent layer reads its first states. */
const PLACES: Readonly<Partial<Record<string, readonly number[]>>> = { RNN: [5], GRU: [5], LSTM: [5, 6] };

const placesOf = ({ op, domain }: Node): readonly number[] => (domain === '' ? (PLACES[op] ?? []) : []);

/** The first states of a recurrent layer; of other nodes none. */
export const statesOf = (node: Node): readonly string[] => placesOf(node).map((place) => node.inputs[place]);

/** A recurrent layer with all its first states; other nodes as they are. */
export function withStates(node: Node, b: Builder): Node {
  const missing = placesOf(node).filter((place) => !node.inputs[place]);
  if (missing.length === 0) return node;
  const [x, , weights] = node.inputs;
  const [directions, , hidden] = b.shape(weights);
  const zeros = b.expand(b.float(0, b.dtype(x)), [directions, b.shape(x)[1], hidden]);
  const length = Math.max(node.inputs.length, ...missing.map((place) => place + 1));
  const inputs = Array.from({ length }, (_, place) => (missing.includes(place) ? zeros : (node.inputs[place] ?? '')));
  return { ...node, inputs };
}
