import type { TokenizerConfig } from './config';
import { tokenPattern } from './pattern';
import { paddingIn, type Token, type Tokenizer, tokenizerInvalid, tokenUnknown, unknownIn } from './tokenizer';

/** Words, and single signs that are neither letters, digits nor spaces. */
const WORDS = String.raw`\w+|[^\w\s]`;

/**
 * Reads a vocabulary: a `.json` object from token to index (also one that a `vocab` field of it holds), a list of
 * tokens, or text with one token a line.
 *
 * @returns index by token
 * @throws PrismError TOKENIZER_INVALID
 */
export function parseVocabulary(text: string, file: string): Map<string, number> {
  const content = text.replace(/^\uFEFF/, '');
  const ids = /\.json$/i.test(file) ? fromJson(content, file) : fromLines(content);
  if (ids.size === 0) throw tokenizerInvalid(file, 'holds no tokens');
  return ids;
}

function fromLines(text: string): Map<string, number> {
  const lines = text.split(/\r\n|\n|\r/);
  while (lines.at(-1) === '') lines.pop();
  return new Map(lines.map((line, index) => [line, index]));
}

function fromJson(text: string, file: string): Map<string, number> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw tokenizerInvalid(file, `is not JSON: ${(cause as Error).message}`, cause);
  }
  const inner = value !== null && typeof value === 'object' && 'vocab' in value ? value.vocab : value;
  if (Array.isArray(inner) && inner.every((item) => typeof item === 'string')) {
    return new Map(inner.map((token, index) => [token, index]));
  }
  const entries = inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.entries(inner) : [];
  if (entries.length > 0 && entries.every(([, id]) => Number.isSafeInteger(id) && id >= 0)) return new Map(entries);
  throw tokenizerInvalid(file, 'holds no vocabulary; {"token": index, …} or a list of tokens is needed');
}

/** The same text in small letters, every character where it was: those that would become several stay as they are. */
export const lowered = (text: string): string =>
  Array.from(text, (character) => {
    const small = character.toLowerCase();
    return small.length === character.length ? small : character;
  }).join('');

/** A token as it stands in a text. */
const writtenAs = (token: string, newline: string | undefined): string => (token === newline ? '\n' : token);

/** Words with spaces between them, but not before what closes; characters without. */
function joined(tokens: readonly string[], areWords: boolean): string {
  return tokens.reduce(
    (text, token) => text + (areWords && /\S$/.test(text) && !/^[\s.,;:!?)\]}]/.test(token) ? ' ' : '') + token,
    '',
  );
}

/**
 * A tokenizer of words or characters: every match of a regular expression is a token.
 *
 * @param config `regex` (default: words and single signs), `lowercase`, `digits`, `newline`, `unknown`, `pad`
 * @param source the file that the settings stand in, for messages
 * @throws PrismError TOKENIZER_INVALID
 */
export function vocabularyTokenizer(
  ids: ReadonlyMap<string, number>,
  file: string,
  config: TokenizerConfig,
  source = file,
): Tokenizer {
  const pattern = tokenPattern(config.regex ?? WORDS, source);
  const unknown = config.unknown ?? unknownIn(ids);
  const names = new Map([...ids].map(([token, id]) => [id, token]));
  const size = [...ids.values()].reduce((most, id) => Math.max(most, id + 1), (unknown ?? -1) + 1);
  const areWords = 2 * [...ids.keys()].filter((token) => /^[\p{L}\p{N}_]{2,}$/u.test(token)).length > ids.size;
  const wordOf = (match: string): string => {
    if (config.newline !== undefined && /^(\r\n|\n|\r)$/.test(match)) return config.newline;
    return config.digits !== undefined && /^\p{Nd}+$/u.test(match) ? config.digits : match;
  };
  return {
    file,
    size,
    pad: config.pad ?? paddingIn(ids),
    nameOf: (id) => names.get(id),
    decode: (known) =>
      joined(
        known.map((id) => writtenAs(names.get(id) ?? '', config.newline)),
        areWords,
      ),
    encode(text) {
      const read = config.lowercase ? lowered(text) : text;
      return [...read.matchAll(pattern)].flatMap((match): Token[] => {
        if (match[0] === '') return [];
        const [start, end] = [match.index, match.index + match[0].length];
        const id = ids.get(wordOf(match[0]));
        const written = text.slice(start, end);
        if (id !== undefined && id !== unknown) return [{ text: written, id, start, end, kind: 'word' }];
        if (unknown === undefined) throw tokenUnknown(file, written);
        return [{ text: written, id: unknown, start, end, kind: 'unknown' }];
      });
    },
  };
}
