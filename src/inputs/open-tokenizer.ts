import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { PrismError } from '../graph/errors';
import { bounded } from './bounds';
import type { TokenizerConfig } from './config';
import { bytePairTokenizer, huggingFaceTokenizer, isWordPieces, wordPieceTokenizer } from './huggingface-tokenizer';
import { boundsOf } from './sentencepiece/families';
import { sentencePieceTokenizer } from './sentencepiece/tokenizer';
import { type Tokenizer, tokenizerInvalid } from './tokenizer';
import { parseVocabulary, vocabularyTokenizer } from './vocabulary';

/** How text becomes tokens; names of files are full paths. */
export interface TokenizerSource extends TokenizerConfig {
  /** The prism.json, where one says something of it. */
  readonly configFile?: string;
}

/** SentencePiece models hold some 250 000 pieces at most, of a few dozen bytes. */
const LARGEST_MODEL = 64 * 2 ** 20;

/**
 * Reads a tokenizer: a tokenizer.json or a SentencePiece model (with the tokenizer_config.json beside it), or a
 * vocabulary and how words are cut.
 *
 * @throws PrismError TOKENIZER_NOT_FOUND, TOKENIZER_INVALID, TOKENIZER_MISSING
 */
export async function openTokenizer(source: TokenizerSource): Promise<Tokenizer> {
  const { file, vocabulary, configFile, begin, end } = source;
  if (file !== undefined) {
    const settings = await settingsBeside(file);
    if (/\.model$/i.test(file)) {
      const bounds = {
        ...boundsOf(settings, file),
        ...(begin !== undefined && { begin }),
        ...(end !== undefined && { end }),
      };
      return bounded(sentencePieceTokenizer(await readBytes(file), file, source), bounds);
    }
    return bounded(huggingFaceTokenizer(parse(await readText(file), file), settings, file, source), { begin, end });
  }
  if (vocabulary === undefined) {
    throw new PrismError(
      'TOKENIZER_MISSING',
      `${configFile ?? 'the prism.json'} says of its tokenizer neither "file" nor "vocabulary"; name one of them`,
    );
  }
  return bounded(await openVocabulary(vocabulary, source), { begin, end });
}

async function openVocabulary(vocabulary: string, source: TokenizerSource): Promise<Tokenizer> {
  const ids = parseVocabulary(await readText(vocabulary), vocabulary);
  if (source.regex !== undefined) return vocabularyTokenizer(ids, vocabulary, source, source.configFile);
  const merges = /\.json$/i.test(vocabulary) ? await textBeside(vocabulary, 'merges.txt') : undefined;
  if (merges !== undefined) {
    return bytePairTokenizer(ids, merges, await settingsBeside(vocabulary), vocabulary, source);
  }
  if (isWordPieces(ids)) return wordPieceTokenizer(ids, vocabulary, source);
  return vocabularyTokenizer(ids, vocabulary, source, source.configFile);
}

const textBeside = (file: string, name: string): Promise<string | undefined> =>
  readFile(path.join(path.dirname(file), name), 'utf8').catch(() => undefined);

async function settingsBeside(file: string): Promise<Readonly<Record<string, unknown>>> {
  const settings = await textBeside(file, 'tokenizer_config.json');
  return settings === undefined ? {} : parse(settings, path.join(path.dirname(file), 'tokenizer_config.json'));
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST_MODEL) {
      throw tokenizerInvalid(file, `has ${Math.round(size / 2 ** 20)} MB, more than any SentencePiece model`);
    }
    return await readFile(file);
  } catch (cause) {
    throw cause instanceof PrismError ? cause : notFound(file, cause);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw notFound(file, cause);
  }
}

function notFound(file: string, cause: unknown): PrismError {
  const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message;
  return new PrismError(
    'TOKENIZER_NOT_FOUND',
    `${file} ${why}; check "tokenizer" in the prism.json`,
    { file },
    { cause },
  );
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw tokenizerInvalid(file, `is not JSON: ${(cause as Error).message}`, cause);
  }
}
