import { PrismError } from '../graph/errors';
import type { TokenLayer } from '../protocol/tokens';
import type { Desk } from './desk';
import type { Answer } from './explain';
import { modelLayers } from './layers';
import { mapOfValue } from './network/answer';

/** Layers that are told; of more, as many spread over the model. */
const MOST = 24;

/**
 * The relevance of every token at the layers that keep tokens apart, in the model's order. Methods that follow relevance
 * node by node explain each layer anew.
 *
 * @throws PrismError NO_TOKENS, METHOD_WITHOUT_LAYERS
 */
export async function tokenLayers(desk: Desk, answer: Answer): Promise<readonly TokenLayer[]> {
  const { prepared, maps, method, layers } = answer;
  const count = prepared.text?.tokens.length;
  if (count === undefined) throw new PrismError('NO_TOKENS', 'what was explained is no text: it has no tokens');
  if (!maps && !method.flow) {
    throw new PrismError(
      'METHOD_WITHOUT_LAYERS',
      `${method.info.title} explains the input only; methods that follow relevance through the model (LRP, AttnLRP, DLBacktrace, SRD) tell it of layers`,
    );
  }
  const all = maps ? layers : modelLayers(prepared.specialised.graph, prepared.input);
  const apart = spread(
    all.filter(({ width, height }) => width * height === count),
    MOST,
  );
  const found: TokenLayer[] = [];
  for (const { id, title, op } of apart) {
    desk.request.checkCancelled();
    try {
      const { data } = await mapOfValue(desk, answer, id);
      if (data.length === count) found.push({ id, title, op, relevance: data });
    } catch (error) {
      // What no relevance passes, as a side way that ends in a constant, has none to tell of.
      desk.request.checkCancelled();
      if (!(error instanceof PrismError)) throw error;
    }
  }
  return found;
}

/** So many of a list, at equal steps, the first and the last among them. */
const spread = <T>(all: readonly T[], most: number): readonly T[] =>
  all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
