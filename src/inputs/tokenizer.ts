import { PrismError } from '../graph/errors';

/** A token of a text as a model reads it. */
export interface Token {
  /** What it stands for: as written in the text, or its name where it stands for nothing of it. */
  readonly text: string;
  readonly id: number;
  /** Its stretch of the text, in UTF-16 code units; empty where it stands for nothing of it. */
  readonly start: number;
  readonly end: number;
  /** `special`: the tokenizer added it; `unknown`: the vocabulary has no such word; `padding`: fills up a fixed length. */
  readonly kind: 'word' | 'special' | 'unknown' | 'padding';
}

/** Cuts texts into tokens. */
export interface Tokenizer {
  /** The file that says how, for messages. */
  readonly file: string;
  /** The largest index of the vocabulary and one. */
  readonly size: number;
  /** The token that fills up. */
  readonly pad: number | undefined;
  /**
   * @throws PrismError TOKEN_UNKNOWN where a word is in no vocabulary and no token stands for such words
   */
  encode(text: string): readonly Token[];
  /** The token of an index. */
  nameOf(id: number): string | undefined;
  /** The text that tokens stand for; what begins in the middle of a character ends on U+FFFD. */
  decode(ids: readonly number[]): string;
}

/** What stands for words outside of a vocabulary, when nobody says. */
const UNKNOWN = ['<unk>', '[UNK]', '<UNK>', '[unk]', 'unk', 'UNK', '<oov>', '[OOV]'];
const PADDING = ['<pad>', '[PAD]', '<PAD>', '[pad]', 'pad', 'PAD', '<blank>'];

/** Tokens that end a text, as models of several makers name them. */
const ENDING = new Set([
  '</s>',
  '<eos>',
  '[EOS]',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|im_end|>',
  '<|eot_id|>',
  '<|end|>',
  '<end_of_turn>',
]);

/** The tokens that end a text, by their names. */
export const endingsOf = ({ size, nameOf }: Tokenizer): number[] =>
  Array.from({ length: size }, (_, id) => id).filter((id) => ENDING.has(nameOf(id) ?? ''));

const firstOf = (names: readonly string[], ids: ReadonlyMap<string, number>): number | undefined =>
  names.flatMap((name) => ids.get(name) ?? [])[0];

/** The usual token for words outside of a vocabulary. */
export const unknownIn = (ids: ReadonlyMap<string, number>): number | undefined => firstOf(UNKNOWN, ids);
/** The usual token that fills up. */
export const paddingIn = (ids: ReadonlyMap<string, number>): number | undefined => firstOf(PADDING, ids);

/** A vocabulary cannot be read, or is none. */
export const tokenizerInvalid = (file: string, why: string, cause?: unknown): PrismError =>
  new PrismError('TOKENIZER_INVALID', `${file} ${why}`, { file }, { cause });

/** A word that is in no vocabulary. */
export const tokenUnknown = (file: string, word: string): PrismError =>
  new PrismError(
    'TOKEN_UNKNOWN',
    `${file} has no token ${JSON.stringify(word)} and none for unknown words; name one as "unknown" of the tokenizer in the prism.json`,
    { file, token: word },
  );
