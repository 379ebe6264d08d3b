import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PrismError } from '../graph/errors';
import { checkSettings, classCount } from './check';
import {
  configError,
  type Diagnostic,
  type ParsedConfig,
  type PrismConfig,
  parseConfig,
  type TokenizerConfig,
} from './config';
import { type Companions, discover } from './discover';
import { type Feature, parseFeatures } from './features';
import { guessSettings } from './guess';
import { completeLabels, parseLabels } from './labels';
import type { TokenizerSource } from './open-tokenizer';
import type { ModelSignature, Settings } from './settings';

/** How a model is fed and read, and the files that said so. */
export interface ModelDescription {
  readonly settings: Settings;
  /** One a class, index names where labels are missing; undefined where the number of classes is open. */
  readonly labels: readonly string[] | undefined;
  readonly companions: Companions;
  /** File the labels came from. */
  readonly labelsFile: string | undefined;
  /** Of a model of text. */
  readonly tokenizer: TokenizerSource | undefined;
  /** How many tokens a text may have, as far as the files beside the model say. */
  readonly positions: number | undefined;
  /** Tokens that end a text, as far as those files say. */
  readonly endings: readonly number[] | undefined;
  /** File the names of a table's columns came from. */
  readonly featuresFile: string | undefined;
  /** Warnings only, each with the file it is about. */
  readonly warnings: readonly (Diagnostic & { readonly file: string })[];
}

/**
 * Finds and reads a model's companions and works out its settings.
 *
 * @param configPath a prism.json elsewhere, instead of the one beside the model
 * @throws PrismError `CONFIG_INVALID` and `CONFIG_MISMATCH` (message begins with file:line:column),
 *   `CONFIG_NOT_FOUND`, `LABELS_NOT_FOUND`, `LABELS_INVALID`, `FEATURES_NOT_FOUND`, `FEATURES_INVALID`
 */
export async function describeModel(
  modelPath: string,
  model: ModelSignature,
  configPath?: string,
): Promise<ModelDescription> {
  const found = await discover(modelPath);
  const companions = configPath === undefined ? found : { ...found, config: configPath };
  const warnings: (Diagnostic & { file: string })[] = [];
  const warn = (file: string, items: readonly Diagnostic[]): void => {
    warnings.push(...items.filter((item) => item.severity === 'warning').map((item) => ({ ...item, file })));
  };

  const configFile = companions.config;
  let parsed: ParsedConfig | undefined;
  if (configFile !== undefined) {
    parsed = parseConfig(await readText(configFile, 'CONFIG_NOT_FOUND'));
    const error = configError(configFile, parsed.diagnostics);
    if (error) throw error;
    warn(configFile, parsed.diagnostics);
  }
  const config = parsed?.config;
  const named = typeof config?.labels === 'string' ? path.resolve(configFile ?? '', '..', config.labels) : undefined;
  const labelsFile = config?.labels === undefined ? companions.labels : named;
  const featuresNamed = typeof config?.features === 'string' ? config.features : undefined;
  const featuresFile =
    featuresNamed === undefined
      ? config?.features === undefined
        ? companions.features
        : undefined
      : path.resolve(configFile ?? '', '..', featuresNamed);
  const modelConfig = await readSide(companions.modelConfig, warn);
  const settings = guessSettings({
    model,
    config,
    labels: labelsFile === undefined ? undefined : await readLabels(labelsFile, named !== undefined, warn),
    preprocessorConfig: await readSide(companions.preprocessorConfig, warn),
    modelConfig,
    tokenizer: besideModel(companions.tokenizer, modelPath),
    features:
      featuresFile === undefined ? undefined : await readFeatures(featuresFile, featuresNamed !== undefined, warn),
  });

  const blamed = configFile ?? modelPath;
  const disagreements = checkSettings(settings, model, parsed);
  const error = configError(blamed, disagreements);
  if (error) throw error;
  const aboutLabels = config?.labels === undefined ? (labelsFile ?? blamed) : blamed;
  warn(aboutLabels, disagreements);
  const count = classCount(settings, model);
  const labels = count === undefined ? settings.labels : completeLabels(settings.labels, count);
  return {
    settings,
    labels,
    companions,
    labelsFile,
    tokenizer: tokenizerSource(settings.tokenizer, config, configFile, modelPath, companions.tokenizer),
    positions: positionsOf(modelConfig),
    endings: endingsIn(modelConfig),
    featuresFile: settings.features && featuresFile,
    warnings,
  };
}

/** The tokenizer that a file beside the model is, named from the model's folder. */
function besideModel(file: string | undefined, modelPath: string): TokenizerConfig | undefined {
  if (file === undefined) return undefined;
  const name = path.relative(path.dirname(modelPath), file).replaceAll('\\', '/');
  return fieldOf(file, name);
}

/** A vocabulary is numbered words; any other file says how texts are cut, too. */
const fieldOf = (file: string, name = file): TokenizerConfig =>
  /(^|[\\/])tokenizer\.json$|\.model$/.test(file) ? { file: name } : { vocabulary: name };

function tokenizerSource(
  tokenizer: TokenizerConfig | undefined,
  config: PrismConfig | undefined,
  configFile: string | undefined,
  modelPath: string,
  beside: string | undefined,
): TokenizerSource | undefined {
  if (!tokenizer) return undefined;
  const isWritten = config?.tokenizer !== undefined && configFile !== undefined;
  const folder = path.dirname(isWritten ? configFile : modelPath);
  const { file, vocabulary, ...rest } = tokenizer;
  const open = file === undefined && vocabulary === undefined && beside !== undefined;
  return {
    ...rest,
    ...(open && fieldOf(beside)),
    ...(file !== undefined && { file: path.resolve(folder, file) }),
    ...(vocabulary !== undefined && { vocabulary: path.resolve(folder, vocabulary) }),
    ...(isWritten && { configFile }),
  };
}

/** Fields of a config.json that tell how many positions a model knows. */
const POSITIONS = ['max_position_embeddings', 'n_positions', 'max_seq_len', 'seq_length'];

function positionsOf(modelConfig: unknown): number | undefined {
  if (modelConfig === null || typeof modelConfig !== 'object') return undefined;
  const found = POSITIONS.map((key) => (modelConfig as Record<string, unknown>)[key]);
  return found.find((value): value is number => Number.isSafeInteger(value) && (value as number) > 0);
}

/** The tokens that a config.json says a text ends on. */
function endingsIn(modelConfig: unknown): number[] | undefined {
  if (modelConfig === null || typeof modelConfig !== 'object' || !('eos_token_id' in modelConfig)) return undefined;
  const ids = [modelConfig.eos_token_id].flat().filter((id) => Number.isSafeInteger(id));
  return ids.length > 0 ? (ids as number[]) : undefined;
}

async function readText(file: string, code: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message;
    throw new PrismError(code, `${file} ${why}; check the path`, { file }, { cause });
  }
}

type Warn = (file: string, items: readonly Diagnostic[]) => void;

const warning = (code: string, message: string): Diagnostic => ({
  severity: 'warning',
  code,
  message,
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 1,
});

/** Labels that the prism.json names must be there; labels that merely lie about may be anything. */
async function readLabels(file: string, required: boolean, warn: Warn): Promise<string[] | undefined> {
  try {
    return parseLabels(await readText(file, 'LABELS_NOT_FOUND'), file);
  } catch (error) {
    if (required || !(error instanceof PrismError)) throw error;
    warn(file, [warning(error.code, error.message)]);
    return undefined;
  }
}

/** As for labels. */
async function readFeatures(file: string, required: boolean, warn: Warn): Promise<Feature[] | undefined> {
  try {
    return parseFeatures(await readText(file, 'FEATURES_NOT_FOUND'), file);
  } catch (error) {
    if (required || !(error instanceof PrismError)) throw error;
    warn(file, [warning(error.code, error.message)]);
    return undefined;
  }
}

async function readSide(file: string | undefined, warn: Warn): Promise<unknown> {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    warn(file, [warning('SIDE_FILE_INVALID', `${file} is ignored: ${(error as Error).message}`)]);
    return undefined;
  }
}
