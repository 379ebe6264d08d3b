import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PrismError } from '../graph/errors';
import { checkSettings, classCount } from './check';
import { configError, type Diagnostic, type ParsedConfig, parseConfig } from './config';
import { type Companions, discover } from './discover';
import { guessSettings } from './guess';
import { completeLabels, parseLabels } from './labels';
import type { ModelSignature, Settings } from './settings';

/** How a model is fed and read, and the files that said so. */
export interface ModelDescription {
  readonly settings: Settings;
  /** One a class, index names where labels are missing; undefined where the number of classes is open. */
  readonly labels: readonly string[] | undefined;
  readonly companions: Companions;
  /** File the labels came from. */
  readonly labelsFile: string | undefined;
  /** Warnings only, each with the file it is about. */
  readonly warnings: readonly (Diagnostic & { readonly file: string })[];
}

/**
 * Finds and reads a model's companions and works out its settings.
 *
 * @param configPath a prism.json elsewhere, instead of the one beside the model
 * @throws PrismError `CONFIG_INVALID` and `CONFIG_MISMATCH` (message begins with file:line:column),
 *   `CONFIG_NOT_FOUND`, `LABELS_NOT_FOUND`, `LABELS_INVALID`
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
  const settings = guessSettings({
    model,
    config,
    labels: labelsFile === undefined ? undefined : await readLabels(labelsFile, named !== undefined, warn),
    preprocessorConfig: await readSide(companions.preprocessorConfig, warn),
    modelConfig: await readSide(companions.modelConfig, warn),
  });

  const blamed = configFile ?? modelPath;
  const disagreements = checkSettings(settings, model, parsed);
  const error = configError(blamed, disagreements);
  if (error) throw error;
  const aboutLabels = config?.labels === undefined ? (labelsFile ?? blamed) : blamed;
  warn(aboutLabels, disagreements);
  const count = classCount(settings, model);
  const labels = count === undefined ? settings.labels : completeLabels(settings.labels, count);
  return { settings, labels, companions, labelsFile, warnings };
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

async function readSide(file: string | undefined, warn: Warn): Promise<unknown> {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    warn(file, [warning('SIDE_FILE_INVALID', `${file} is ignored: ${(error as Error).message}`)]);
    return undefined;
  }
}
