import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PrismError } from '../graph/errors';
import type { TokenizerConfig } from './config';
import { huggingFaceTokenizer, isWordPieces, wordPieceTokenizer } from './huggingface-tokenizer';
import { type Tokenizer, tokenizerInvalid } from './tokenizer';
import { parseVocabulary, vocabularyTokenizer } from './vocabulary';

/** How text becomes tokens; names of files are full paths. */
export interface TokenizerSource extends TokenizerConfig {
  /** The prism.json, where one says something of it. */
  readonly configFile?: string;
}

/**
 * Reads a tokenizer: a tokenizer.json (with the tokenizer_config.json beside it), or a vocabulary and how words are cut.
 *
 * @throws PrismError TOKENIZER_NOT_FOUND, TOKENIZER_INVALID
 */
export async function openTokenizer(source: TokenizerSource): Promise<Tokenizer> {
  const { file, vocabulary, configFile } = source;
  if (file !== undefined) {
    if (/\.model$/i.test(file)) {
      throw tokenizerInvalid(
        file,
        'is a SentencePiece file; convert it to a tokenizer.json, which Transformers writes',
      );
    }
    const json = parse(await readText(file), file);
    const beside = path.join(path.dirname(file), 'tokenizer_config.json');
    const settings = await readFile(beside, 'utf8').catch(() => undefined);
    return huggingFaceTokenizer(json, settings === undefined ? {} : parse(settings, beside), file, source);
  }
  if (vocabulary === undefined) {
    throw new PrismError(
      'TOKENIZER_MISSING',
      `${configFile ?? 'the prism.json'} says of its tokenizer neither "file" nor "vocabulary"; name one of them`,
    );
  }
  const ids = parseVocabulary(await readText(vocabulary), vocabulary);
  if (source.regex === undefined && isWordPieces(ids)) return wordPieceTokenizer(ids, vocabulary, source);
  return vocabularyTokenizer(ids, vocabulary, source, configFile);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message;
    throw new PrismError(
      'TOKENIZER_NOT_FOUND',
      `${file} ${why}; check "tokenizer" in the prism.json`,
      { file },
      { cause },
    );
  }
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw tokenizerInvalid(file, `is not JSON: ${(cause as Error).message}`, cause);
  }
}
