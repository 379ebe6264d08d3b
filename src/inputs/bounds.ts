import { type Tokenizer, tokenizerInvalid } from './tokenizer';

/** Tokens that are put around every text, by their names. */
export interface Bounds {
  readonly begin?: string | undefined;
  readonly end?: string | undefined;
}

/**
 * A tokenizer that puts tokens around what another one gives.
 *
 * @throws PrismError TOKENIZER_INVALID where the other one has no such token
 */
export function bounded(tokenizer: Tokenizer, { begin, end }: Bounds): Tokenizer {
  if (begin === undefined && end === undefined) return tokenizer;
  const { file, size, nameOf } = tokenizer;
  const ids = (name: string | undefined): { id: number; text: string }[] => {
    if (name === undefined) return [];
    const id = Array.from({ length: size }, (_, i) => i).find((candidate) => nameOf(candidate) === name);
    if (id === undefined) {
      const named = JSON.stringify(name);
      throw tokenizerInvalid(
        file,
        `has no token ${named} to put around texts; name others as "begin" and "end" of the tokenizer in the prism.json`,
      );
    }
    return [{ id, text: name }];
  };
  const [before, after] = [ids(begin), ids(end)];
  return {
    ...tokenizer,
    encode: (text) => [
      ...before.map((token) => ({ ...token, start: 0, end: 0, kind: 'special' as const })),
      ...tokenizer.encode(text),
      ...after.map((token) => ({ ...token, start: text.length, end: text.length, kind: 'special' as const })),
    ],
  };
}
