import type { ScalarMap, TextParts } from '../../src/protocol';
import type { AttentionContent, AttentionLayer, AttentionMatrix } from '../../src/protocol/attention';
import type { Translate } from './l10n';
import { type Matrix, visible } from './token-map';

/** What tokens are called: words of a text, patches of a picture, else their numbers. */
export function tokenName(content: AttentionContent, at: number, count: number, t: Translate): string {
  const { text, attentions } = content;
  const { grid } = attentions;
  if (text && text.tokens.length === count) return visible(text.tokens[at]?.text ?? '');
  if (!grid || at < grid.first || at >= grid.first + grid.width * grid.height) return t('token {0}', at);
  const patch = at - grid.first;
  return t('patch {0}, {1}', patch % grid.width, Math.floor(patch / grid.width));
}

/** A head's matrix as it is drawn: a row for each token that asks. */
export function attentionMatrix(
  content: AttentionContent,
  { queries, keys }: AttentionLayer,
  { map, each }: AttentionMatrix,
  t: Translate,
): Matrix {
  const names = (length: number, count: number): string[] =>
    Array.from({ length }, (_, at) => `${tokenName(content, at * each, count, t)}${each > 1 ? ' …' : ''}`);
  return {
    label: t('What {0} tokens heed of {1}', queries, keys),
    columns: names(map.width, keys).map((name) => ({ name, title: t('Who heeds {0}', name) })),
    rows: names(map.height, queries).map((name, row) => ({
      name,
      relevance: map.data.subarray(row * map.width, (row + 1) * map.width),
    })),
  };
}

/** What is looked at in a matrix: a token that asks, or one that is heeded. */
export type Heeded = { readonly row: number } | { readonly column: number };

/** The values of a row or a column, one for each token. */
export function valuesOf({ map, each }: AttentionMatrix, look: Heeded, count: number): Float32Array {
  const { width, data } = map;
  return Float32Array.from({ length: count }, (_, token) => {
    const at = Math.floor(token / each);
    return ('row' in look ? data[look.row * width + at] : data[at * width + look.column]) ?? 0;
  });
}

/** A text with values as the relevance of its tokens. */
export const textWith = ({ tokens, ...text }: TextParts, values: Float32Array): TextParts => ({
  ...text,
  tokens: tokens.map((token, at) => ({ ...token, relevance: values[at] ?? 0 })),
});

/** The values of the patches, as they lie in the picture. */
export function patchMap(values: Float32Array, grid: NonNullable<AttentionContent['attentions']['grid']>): ScalarMap {
  const { width, height, first } = grid;
  return { width, height, data: values.slice(first, first + width * height) };
}
