import { PrismError } from '../graph/errors';
import { type Graph, typeOf } from '../graph/ir';
import { toNumbers } from '../graph/tensor';

/** Indices longer than this are no positions of tokens. */
const MOST_INDICES = 1 << 16;
const POSITION = /position/i;

/**
 * Refuses a graph that looks up positions which its table of positions has no rows for: constants, as they are with a
 * text of this length, and those of an input of positions.
 *
 * @param graph specialised
 * @param tokens how many there are
 * @throws PrismError TEXT_TOO_LONG
 */
export function requirePositions(graph: Graph, tokens: number): void {
  const inputs = new Set(graph.inputs.filter(({ name }) => POSITION.test(name)).map(({ name }) => name));
  for (const { op, inputs: read, attributes } of graph.nodes) {
    const axis = attributes.axis?.type === 'int' ? Number(attributes.axis.value) : 0;
    const rows = op === 'Gather' && axis === 0 ? typeOf(graph, read[0])?.shape?.[0] : undefined;
    if (typeof rows !== 'number' || !graph.initializers.has(read[0])) continue;
    const constant = graph.initializers.get(read[1]);
    const count = constant?.shape.reduce((product, dim) => product * dim, 1) ?? 0;
    const beyond = inputs.has(read[1])
      ? tokens > rows
      : constant && count <= MOST_INDICES && toNumbers(constant).some((index) => index >= rows);
    if (beyond) throw tooLong(tokens, rows);
  }
}

/** A text of too many tokens. */
export const tooLong = (tokens: number, limit: number): PrismError =>
  new PrismError(
    'TEXT_TOO_LONG',
    `the text has ${tokens} tokens, but the model takes at most ${limit}; shorten it, or set "maxLength" of the tokenizer in the prism.json to have it cut off`,
    { tokens, limit },
  );
