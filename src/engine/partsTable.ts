import { PrismError } from '../graph/errors';
import { writeCsv } from './csv';
import type { ExplainReport } from './report';

/** A number stays one; anything else is text. */
const asNumber = (value: string): string | number =>
  /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;

/**
 * The tokens of a text or the features of a row as a table, a line each, with what each contributes.
 *
 * @throws PrismError NO_PARTS
 */
export function tableOfParts({ tokens, features }: ExplainReport): string {
  if (tokens) {
    const lines = tokens.map(({ text, id, start, end, kind, relevance }) => [text, id, start, end, kind, relevance]);
    return writeCsv([['token', 'id', 'start', 'end', 'kind', 'relevance'], ...lines]);
  }
  if (features) {
    const lines = features.map(({ name, value, relevance }) => [name, asNumber(value), relevance]);
    return writeCsv([['feature', 'value', 'relevance'], ...lines]);
  }
  throw new PrismError(
    'NO_PARTS',
    'a table lists tokens or features, and what was explained has none; write .npy or .png',
  );
}
