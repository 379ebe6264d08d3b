import { readFile } from 'node:fs/promises';
import { PrismError } from '../graph/errors';
import type { Dim, ValueInfo } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import type { Token, Tokenizer } from '../inputs/tokenizer';
import type { Model } from './model';
import { tooLong } from './tables';
import { feedsOf } from './textFeeds';

/** A text as the model reads it. */
export interface ReadText {
  readonly text: string;
  /** The file that it is from. */
  readonly path?: string;
  /** In the order of the input, one for each of its places. */
  readonly tokens: readonly Token[];
}

export interface PreparedText {
  readonly feeds: ReadonlyMap<string, NdArray>;
  readonly input: string;
  readonly read: ReadText;
  readonly warnings: readonly PrismError[];
}

/** A text that a person gives, or the file that it is in. */
export type TextGiven = { readonly text: string } | { readonly textFile: string };

const TEXT_TASKS: ReadonlySet<string> = new Set(['text-classification', 'token-classification', 'text-generation']);
/** How many unknown words are named. */
const NAMED = 5;

/** Throws FILE_NOT_FOUND, TEXT_UNREADABLE. */
async function readText(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message;
    throw new PrismError('FILE_NOT_FOUND', `${file} ${why}; check the path`, { file }, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PrismError('TEXT_UNREADABLE', `${file} is no text in UTF-8; save it as UTF-8`, { file }, { cause });
  }
}

/** A text cut into tokens. */
export interface TokenisedText {
  /** The model's input of tokens. */
  readonly input: ValueInfo;
  readonly read: ReadText;
  readonly tokenizer: Tokenizer;
  /** How many tokens the model takes, as far as it is known. */
  readonly limit: number;
  readonly warnings: readonly PrismError[];
}

/**
 * Cuts a text into tokens; nothing is filled up.
 *
 * @throws PrismError NO_TEXT_INPUT, TOKENIZER_MISSING, TEXT_EMPTY, TEXT_TOO_LONG, those of reading the text and the
 *   tokenizer
 */
export async function tokenise(model: Model, given: TextGiven): Promise<TokenisedText> {
  const input = textInput(model);
  const text = 'text' in given ? given.text : await readText(given.textFile);
  const tokenizer = await model.tokenizer();
  const { tokenizer: source, positions } = model.description;
  const warnings: PrismError[] = [];
  let tokens = tokenizer.encode(text);
  if (!tokens.some(({ kind }) => kind !== 'special')) {
    throw new PrismError(
      'TEXT_EMPTY',
      'the text has no tokens: it is empty, or holds nothing that the tokenizer knows',
    );
  }
  const limit = Math.min(lengthOf(input) ?? Number.POSITIVE_INFINITY, positions ?? Number.POSITIVE_INFINITY);
  const cut = source?.maxLength;
  if (cut !== undefined && tokens.length > Math.min(cut, limit)) {
    const kept = Math.min(cut, limit);
    warnings.push(
      new PrismError('TEXT_CUT', `the text has ${tokens.length} tokens; all but the first ${kept} are left out`),
    );
    tokens = shortened(tokens, kept);
  }
  if (tokens.length > limit) throw tooLong(tokens.length, limit);
  const unknown = [...new Set(tokens.flatMap((token) => (token.kind === 'unknown' ? token.text : [])))];
  if (unknown.length > 0) {
    const more = unknown.length > NAMED ? `, and ${unknown.length - NAMED} more` : '';
    const names = unknown.slice(0, NAMED).map((word) => JSON.stringify(word));
    warnings.push(
      new PrismError(
        'TOKENS_UNKNOWN',
        `${tokenizer.file} does not know ${names.join(', ')}${more}; the model reads an unknown word there`,
      ),
    );
  }
  const read = { text, tokens, ...('textFile' in given && { path: given.textFile }) };
  return { input, read, tokenizer, limit, warnings };
}

/**
 * Cuts a text into tokens and makes the model's inputs of them.
 *
 * @throws PrismError INPUT_SHAPE, INPUT_MISSING, what {@link tokenise} throws
 */
export async function prepareText(model: Model, given: TextGiven): Promise<PreparedText> {
  const { input, read, tokenizer, warnings } = await tokenise(model, given);
  const tokens = filledUp(read.tokens, input, tokenizer, read.text.length);
  return { feeds: feedsOf(model, input, tokens), input: input.name, read: { ...read, tokens }, warnings };
}

/**
 * The model's inputs for tokens that it has read before, or some of them.
 *
 * @throws PrismError as {@link prepareText}
 */
export async function feedsOfTokens(model: Model, tokens: readonly Token[]): Promise<Map<string, NdArray>> {
  const input = textInput(model);
  const own = tokens.filter(({ kind }) => kind !== 'padding');
  return feedsOf(model, input, filledUp(own, input, await model.tokenizer(), own.at(-1)?.end ?? 0));
}

/** As many tokens as the model takes, where that is fixed. Throws INPUT_SHAPE where no token fills up. */
function filledUp(tokens: readonly Token[], input: ValueInfo, tokenizer: Tokenizer, end: number): readonly Token[] {
  const length = lengthOf(input);
  const { pad } = tokenizer;
  if (length === undefined || tokens.length >= length) return tokens;
  if (pad === undefined) {
    throw new PrismError(
      'INPUT_SHAPE',
      `the input ${input.name} takes exactly ${length} tokens, the text has ${tokens.length}, and no token fills up; name one as "pad" of the tokenizer in the prism.json`,
      { input: input.name },
    );
  }
  return [...tokens, ...paddingTokens(length - tokens.length, pad, tokenizer.nameOf(pad) ?? '', end)];
}

/**
 * Refuses a vocabulary whose tokens the embedding has no rows for.
 *
 * @throws PrismError VOCABULARY_MISMATCH
 */
export async function checkVocabulary(model: Model, rows: number | undefined): Promise<PrismError | undefined> {
  const { size, file } = await model.tokenizer();
  if (rows === undefined || !Number.isFinite(rows)) return undefined;
  const counts = `${file} numbers ${size} tokens, but the model's embedding has ${rows}`;
  if (size > rows) {
    throw new PrismError('VOCABULARY_MISMATCH', `${counts}: this is not the model's vocabulary`, { file, size, rows });
  }
  // Tables are rounded up to a multiple of 64 or 128, not more.
  if (rows - size < Math.max(128, 0.1 * rows)) return undefined;
  return new PrismError('VOCABULARY_SMALL', `${counts}: is this the model's vocabulary?`, { file, size, rows });
}

function textInput({ description, graph, path }: Model): ValueInfo {
  const { task, inputName } = description.settings;
  const input = graph.inputs.find(({ name }) => name === inputName);
  if (TEXT_TASKS.has(task) && input) return input;
  throw new PrismError(
    'NO_TEXT_INPUT',
    `${path} takes no text: its task is ${task}; if that is wrong, write "task": "text-classification" into the prism.json`,
  );
}

/** How many tokens the model takes where that is fixed. */
export function lengthOf({ shape }: ValueInfo): number | undefined {
  const last: Dim | undefined = shape?.at(-1);
  return typeof last === 'number' ? last : undefined;
}

/** The first tokens, with the special ones that a text ends on. */
function shortened(tokens: readonly Token[], length: number): readonly Token[] {
  const words = tokens.findLastIndex(({ kind }) => kind !== 'special') + 1;
  const ending = tokens.slice(words);
  return ending.length >= length ? tokens.slice(0, length) : [...tokens.slice(0, length - ending.length), ...ending];
}

const paddingTokens = (count: number, id: number, text: string, end: number): Token[] =>
  Array.from({ length: count }, () => ({ text, id, start: end, end, kind: 'padding' }));
