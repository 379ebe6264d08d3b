import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** Files that say how a model is fed, and pictures to try it on; full paths. */
export interface Companions {
  /** `<model>.prism.json`. */
  readonly config: string | undefined;
  readonly labels: string | undefined;
  /** `preprocessor_config.json` and `config.json` of the Transformers library or timm. */
  readonly preprocessorConfig: string | undefined;
  readonly modelConfig: string | undefined;
  /** `tokenizer.json`, a SentencePiece model, or a vocabulary. */
  readonly tokenizer: string | undefined;
  /** Names of a table's columns. */
  readonly features: string | undefined;
  readonly samples: readonly string[];
}

const LABEL_FILES = [
  'labels.txt',
  'labels.json',
  'classes.txt',
  'classes.json',
  'class_names.txt',
  'class_names.json',
  'synset.txt',
  'synset_words.txt',
  'imagenet_classes.txt',
  'imagenet_class_index.json',
  'id2label.json',
];
/** A tokenizer.json says everything, a SentencePiece model most of it; a vocabulary only how words are numbered. */
const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer.model',
  'spiece.model',
  'sentencepiece.model',
  'spm.model',
  'sentencepiece.bpe.model',
  'vocab.txt',
  'vocab.json',
  'vocabulary.txt',
  'vocabulary.json',
];
const FEATURE_FILES = ['features.json', 'features.txt', 'feature_names.json', 'feature_names.txt'];
/** Folders whose models are described by the files of the folder above. */
const NESTED: ReadonlySet<string> = new Set(['onnx', 'checkpoints', 'weights']);
const SAMPLE_FOLDERS: ReadonlySet<string> = new Set(['samples', 'sample', 'images', 'examples', 'demo']);
const PICTURE = /\.(png|jpe?g|webp|tiff?|bmp|gif|avif)$/i;
/** Masks lie beside pictures as `name.mask.png`; they are nothing to explain. */
const NO_SAMPLE = /\.mask\d*\.[^.]+$/i;
const MOST_SAMPLES = 200;

/** Whether a file of this name is a picture that a model is to look at. */
export const isPicture = (name: string): boolean => PICTURE.test(name) && !NO_SAMPLE.test(name);

/** The names under which a model's prism.json is looked for, the first being the one that is written. */
export function configNames(modelPath: string): string[] {
  const base = path.basename(modelPath);
  const stem = base.slice(0, base.length - path.extname(base).length);
  return [`${stem}.prism.json`, `${base}.prism.json`];
}

/**
 * Looks beside a model (and above it, when it lies in a folder such as `onnx/` or `checkpoints/`) for its companions.
 * Never fails: a folder that cannot be read has none.
 */
export async function discover(modelPath: string): Promise<Companions> {
  const folder = path.dirname(modelPath);
  const folders = [folder];
  if (NESTED.has(path.basename(folder).toLowerCase())) folders.push(path.dirname(folder));
  const listings = await Promise.all(folders.map(async (dir) => ({ dir, files: await list(dir) })));

  const find = (names: readonly string[]): string | undefined => {
    for (const { dir, files } of listings) {
      const name = names.find((candidate) => files.includes(candidate));
      if (name !== undefined) return path.join(dir, name);
    }
    return undefined;
  };
  const above = listings[1]?.files.filter((name) => name.endsWith('.prism.json')) ?? [];
  const onlyAbove = above.length === 1 ? path.join(listings[1].dir, above[0]) : undefined;
  const base = path.basename(modelPath);
  const stem = base.slice(0, base.length - path.extname(base).length);
  return {
    config: find(configNames(modelPath)) ?? onlyAbove,
    labels: find([`${stem}.labels.txt`, `${stem}.labels.json`, ...LABEL_FILES]),
    preprocessorConfig: find(['preprocessor_config.json']),
    modelConfig: find(['config.json']),
    tokenizer: find(TOKENIZER_FILES),
    features: find(FEATURE_FILES),
    samples: await findSamples(listings),
  };
}

async function list(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch {
    return [];
  }
}

async function findSamples(listings: readonly { dir: string; files: string[] }[]): Promise<string[]> {
  const groups = await Promise.all(
    listings.flatMap(({ dir, files }) => {
      const folders = files
        .filter((name) => SAMPLE_FOLDERS.has(name.toLowerCase()))
        .map((name) => path.join(dir, name));
      return [...folders.map(async (from) => ({ dir: from, files: await list(from) })), { dir, files }];
    }),
  );
  const pictures = groups.flatMap(({ dir, files }) => files.filter(isPicture).map((name) => path.join(dir, name)));
  return pictures.slice(0, MOST_SAMPLES);
}
