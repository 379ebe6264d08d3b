import { Tokenizer as Library } from '@huggingface/tokenizers';
import { align } from './align';
import type { TokenizerConfig } from './config';
import { paddingIn, type Token, type Tokenizer, tokenizerInvalid, tokenUnknown } from './tokenizer';

type Json = Readonly<Record<string, unknown>>;

/**
 * A tokenizer by a tokenizer.json of the Hugging Face library: word pieces, byte pairs, unigrams of SentencePiece.
 *
 * @param json content of the file
 * @param settings content of tokenizer_config.json; {} without one
 * @throws PrismError TOKENIZER_INVALID
 */
export function huggingFaceTokenizer(
  json: unknown,
  settings: Json,
  file: string,
  config: Pick<TokenizerConfig, 'pad'> = {},
): Tokenizer {
  const library = open(json, settings, file);
  const { model } = library;
  if (!model) throw tokenizerInvalid(file, 'has no model');
  const special = new Set(
    [...library.get_added_tokens_decoder().values()].flatMap((t) => (t.special ? t.content : [])),
  );
  const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = model.config as unknown as Json;
  const surfaceOf = (id: number, token: string, text: string): string | undefined => {
    if (special.has(token) && id !== model.unk_token_id) return text.includes(token) ? token : '';
    if (id === model.unk_token_id) return undefined;
    let written = library.decode([id], { clean_up_tokenization_spaces: false });
    if (typeof prefix === 'string' && prefix !== '' && written.startsWith(prefix))
      written = written.slice(prefix.length);
    if (typeof suffix === 'string' && suffix !== '') written = written.replace(suffix, '');
    // Some tokens are single bytes of a character.
    return written.includes('\uFFFD') ? undefined : written;
  };
  const pad = (json as { padding?: { pad_id?: unknown } | null }).padding?.pad_id;
  return {
    file,
    size: model.vocab.length,
    pad:
      config.pad ??
      (typeof pad === 'number' ? pad : (tokenIn(library, settings.pad_token) ?? paddingIn(library.get_vocab()))),
    nameOf: (id) => library.id_to_token(id),
    decode: (ids) => library.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    encode(text) {
      const { ids: found, tokens } = encoded(library, text, file);
      const ids = found.map((id, i) => {
        if (id === undefined) throw tokenUnknown(file, tokens[i]);
        return id;
      });
      const spans = align(
        text,
        ids.map((id, i) => surfaceOf(id, tokens[i], text)),
      );
      return ids.map((id, i): Token => {
        const { start, end } = spans[i];
        const isUnknown = id === model.unk_token_id;
        const kind = isUnknown ? 'unknown' : special.has(tokens[i]) ? 'special' : 'word';
        return { text: end > start ? text.slice(start, end) : tokens[i], id, start, end, kind };
      });
    },
  };
}

function open(json: unknown, settings: Json, file: string): Library {
  if (json === null || typeof json !== 'object') throw tokenizerInvalid(file, 'is no tokenizer.json');
  // The library insists on these, which writers may leave out.
  const whole = {
    decoder: null,
    post_processor: null,
    pre_tokenizer: null,
    normalizer: null,
    added_tokens: [],
    ...json,
  };
  try {
    return new Library(whole, settings);
  } catch (cause) {
    throw tokenizerInvalid(file, `cannot be used: ${(cause as Error).message}`, cause);
  }
}

function encoded(library: Library, text: string, file: string): { ids: (number | undefined)[]; tokens: string[] } {
  try {
    return library.encode(text);
  } catch (cause) {
    throw tokenizerInvalid(file, `cannot be used: ${(cause as Error).message}`, cause);
  }
}

function tokenIn(library: Library, token: unknown): number | undefined {
  const content = token !== null && typeof token === 'object' ? (token as { content?: unknown }).content : token;
  return typeof content === 'string' ? library.token_to_id(content) : undefined;
}

/** Whether a vocabulary is one of word pieces, as BERT's vocab.txt. */
export const isWordPieces = (ids: ReadonlyMap<string, number>): boolean =>
  ids.has('[CLS]') && ids.has('[SEP]') && ids.has('[UNK]') && [...ids.keys()].some((token) => token.startsWith('##'));

/**
 * BERT's tokenizer for a vocabulary of word pieces.
 *
 * @param lowercase undefined: if no word of the vocabulary has a capital letter
 */
export function wordPieceTokenizer(
  ids: ReadonlyMap<string, number>,
  file: string,
  config: Pick<TokenizerConfig, 'pad' | 'lowercase'> = {},
): Tokenizer {
  const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].filter((token) => ids.has(token));
  const hasCapitals = [...ids.keys()].some((token) => !token.startsWith('[') && token !== token.toLowerCase());
  const lowercase = config.lowercase ?? !hasCapitals;
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const json = {
    added_tokens: specials.map((content) => ({ content, id: ids.get(content), special: true })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [],
      special_tokens: {},
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: {
      type: 'WordPiece',
      vocab: Object.fromEntries(ids),
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
  };
  return huggingFaceTokenizer(json, {}, file, config);
}

/** Classes whose vocab.json and merges.txt are cut as GPT-2's are. */
const AS_GPT2 = /^(GPT2|Roberta|Bart|Longformer|LED|Mvp)Tokenizer(Fast)?$/;

/**
 * GPT-2's tokenizer of byte pairs, also RoBERTa's and BART's, which put <s> and </s> around a text.
 *
 * @param merges content of merges.txt
 * @param settings content of tokenizer_config.json; {} without one
 * @throws PrismError TOKENIZER_INVALID where the files are of another kind of byte pairs
 */
export function bytePairTokenizer(
  ids: ReadonlyMap<string, number>,
  merges: string,
  settings: Json,
  file: string,
  config: Pick<TokenizerConfig, 'pad'> = {},
): Tokenizer {
  const { tokenizer_class: kind } = settings;
  const isOther = typeof kind === 'string' && !AS_GPT2.test(kind);
  if (isOther || [...ids.keys()].some((token) => token.endsWith('</w>'))) {
    const whose = isOther ? `of ${kind}` : 'not cut as those of GPT-2';
    throw tokenizerInvalid(
      file,
      `holds byte pairs ${whose}; use the tokenizer.json, which Transformers writes (save_pretrained)`,
    );
  }
  const specials = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', '<|endoftext|>'].filter((token) => ids.has(token));
  const [begin, end] = [ids.get('<s>'), ids.get('</s>')];
  const isBounded = begin !== undefined && end !== undefined && ids.has('<mask>');
  const lines = merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const byteLevel = {
    type: 'ByteLevel',
    add_prefix_space: settings.add_prefix_space === true,
    trim_offsets: true,
    use_regex: true,
  };
  const json = {
    added_tokens: specials.map((content) => ({
      content,
      id: ids.get(content),
      special: true,
      lstrip: content === '<mask>',
    })),
    pre_tokenizer: byteLevel,
    post_processor: isBounded
      ? {
          type: 'RobertaProcessing',
          sep: ['</s>', end],
          cls: ['<s>', begin],
          trim_offsets: true,
          add_prefix_space: false,
        }
      : null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(ids), merges: lines, unk_token: ids.has('<unk>') ? '<unk>' : null },
  };
  return huggingFaceTokenizer(json, settings, file, config);
}
