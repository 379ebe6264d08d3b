import type { Bounds } from '../bounds';
import { tokenizerInvalid } from '../tokenizer';

type Json = Readonly<Record<string, unknown>>;

/** Fields of a tokenizer_config.json that name tokens, and what they are when it does not. */
const NAMES = { bos_token: '<s>', eos_token: '</s>', cls_token: '[CLS]', sep_token: '[SEP]' } as const;

interface Family {
  readonly begin?: keyof typeof NAMES;
  readonly end?: keyof typeof NAMES;
}

/** What tokenizers of the Transformers library put around the pieces of a SentencePiece model, by their class. */
const FAMILIES: Readonly<Record<string, Family>> = {
  T5Tokenizer: { end: 'eos_token' },
  LlamaTokenizer: { begin: 'bos_token' },
  CodeLlamaTokenizer: { begin: 'bos_token' },
  GemmaTokenizer: { begin: 'bos_token' },
  DebertaV2Tokenizer: { begin: 'cls_token', end: 'sep_token' },
  BigBirdTokenizer: { begin: 'cls_token', end: 'sep_token' },
  RemBertTokenizer: { begin: 'cls_token', end: 'sep_token' },
};

/** Classes that number the pieces anew or change texts beforehand, so that the model alone gives wrong tokens. */
const OWN_WAYS =
  /^(XLMRoberta|XLMProphetNet|Camembert|MBart|MBart50|Nllb|Barthez|PLBart|Pegasus|M2M100|Marian|XGLM|Speech2Text|Albert|XLNet|FNet|Reformer|BertGeneration|CPM|BertJapanese)/;
/** A name that only models of such classes have. */
const OWN_NAME = /(^|[\\/])sentencepiece\.bpe\.model$/i;

/**
 * What is put around texts, by the tokenizer_config.json beside a SentencePiece model.
 *
 * @throws PrismError TOKENIZER_INVALID where the indices are not those of the model
 */
export function boundsOf(settings: Json, file: string): Bounds {
  const name = typeof settings.tokenizer_class === 'string' ? settings.tokenizer_class.replace(/Fast$/, '') : undefined;
  if (name === undefined ? OWN_NAME.test(file) : OWN_WAYS.test(name)) {
    throw tokenizerInvalid(
      file,
      `is used by ${name ?? 'models that have files of this name'} with indices or changes of its own; put the tokenizer.json beside it, which Transformers writes (save_pretrained)`,
    );
  }
  const { begin, end } = (name !== undefined && FAMILIES[name]) || {};
  return {
    begin: named(settings, 'add_bos_token', begin, 'bos_token'),
    end: named(settings, 'add_eos_token', end, 'eos_token'),
  };
}

/** @param usual what the class puts there, unless the settings say whether anything is */
function named(
  settings: Json,
  flag: string,
  usual: keyof typeof NAMES | undefined,
  otherwise: keyof typeof NAMES,
): string | undefined {
  const field = settings[flag] === true ? (usual ?? otherwise) : settings[flag] === false ? undefined : usual;
  if (field === undefined) return undefined;
  const token = settings[field];
  const content = token !== null && typeof token === 'object' ? (token as { content?: unknown }).content : token;
  return typeof content === 'string' ? content : NAMES[field];
}
