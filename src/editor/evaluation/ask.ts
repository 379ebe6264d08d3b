import { createHash } from 'node:crypto';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Kind } from '../../engine/evaluation/evaluation';
import type { OptionValues } from '../../protocol';
import type { EvaluationParams, PictureFolder } from '../../protocol/study';
import { toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import type { MethodChoice } from '../methods';
import { type MetricChoice, needsMask } from '../metrics';
import type { WorkspaceModels } from '../models';
import { modelFor, modelForTask } from '../pick-model';
import { TEXT_TASKS } from '../texts';

/** What the questions need of the extension. */
export interface Asking {
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly metrics: MetricChoice;
  /** Where results are kept. */
  readonly storage: vscode.Uri;
}

async function browse(title: string, start: string, extensions?: readonly string[]): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: vscode.l10n.t('Use'),
    defaultUri: vscode.Uri.file(start),
    canSelectFolders: !extensions,
    canSelectFiles: extensions !== undefined,
    ...(extensions && { filters: { [vscode.l10n.t('Texts and tables')]: [...extensions] } }),
  });
  return chosen?.[0]?.fsPath;
}

type Companions = Pick<EvaluationParams, 'masks' | 'labels'>;

/** What need not be asked. */
export interface Named {
  readonly methods?: readonly string[];
  readonly metrics?: readonly string[];
}

/** Lets the person say which of the masks and labels that were found to use; undefined when they give up. */
async function pickCompanions(images: string, { masks, labels }: PictureFolder): Promise<Companions | undefined> {
  const { t } = vscode.l10n;
  const shown = (file: string): string => path.relative(path.dirname(images), file);
  const items = [
    ...(masks === undefined ? [] : [{ label: t('Masks'), description: shown(masks), picked: true, use: { masks } }]),
    ...(labels === undefined
      ? []
      : [{ label: t('Classes of the pictures'), description: shown(labels), picked: true, use: { labels } }]),
  ];
  if (items.length === 0) return {};
  const picked = await vscode.window.showQuickPick(items, {
    title: t('Use what was found beside the pictures?'),
    canPickMany: true,
  });
  return picked && Object.assign({}, ...picked.map(({ use }) => use));
}

/** The options that the settings give, by `METHOD.KEY`. */
function optionsOf(methods: MethodChoice, ids: readonly string[]): OptionValues {
  const entries = ids.flatMap((id) =>
    Object.entries(methods.options(id)).map(([key, value]) => [`${id}.${key}`, value] as const),
  );
  return Object.fromEntries(entries);
}

/** The folder of the results: the same for the same model and inputs, so that what is there is not done again. */
function resultsOf({ storage }: Asking, model: string, { kind, path: inputs }: Source): string {
  const key = createHash('sha256').update(`${model}\0${inputs}${kind === 'images' ? '' : `\0${kind}`}`);
  return path.join(storage.fsPath, 'evaluations', key.digest('hex').slice(0, 16));
}

/** What to evaluate on. */
interface Source {
  readonly kind: Kind;
  readonly path: string;
}

/** What is known of inputs before anything is asked of them. */
interface Found extends Source {
  readonly model: string;
  readonly count: number;
  /** Of pictures. */
  readonly folder?: PictureFolder;
}

const startOf = (): string => vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';

/** Pictures or texts of a folder, with the model for them; undefined when the person gives up. Throws NO_IMAGES. */
async function inFolder({ engine, models }: Asking, given: string): Promise<Found | undefined> {
  try {
    const folder = await engine.api.folder({ images: given });
    const model = await modelFor(models, folder.first);
    return model === undefined ? undefined : { kind: 'images', path: given, model, count: folder.count, folder };
  } catch (error) {
    if (toRemoteError(error).code !== 'NO_IMAGES') throw error;
    const count = await engine.api.countInputs({ texts: given }).catch(() => 0);
    if (count === 0) throw error;
    const model = await modelForTask(models, TEXT_TASKS, path.join(given, 'text'));
    return model === undefined ? undefined : { kind: 'texts', path: given, model, count };
  }
}

/** Texts or rows of a file, as the model that lies with it takes them. */
async function inFile({ engine, models }: Asking, file: string): Promise<Found | undefined> {
  const isTable = /\.(csv|tsv)$/i.test(file);
  const model = await modelForTask(models, isTable ? ['tabular', ...TEXT_TASKS] : TEXT_TASKS, file);
  if (model === undefined) return undefined;
  const { task } = await engine.api.model({ path: model });
  const kind = isTable && task === 'tabular' ? 'rows' : 'texts';
  return { kind, path: file, model, count: await engine.api.countInputs({ [kind]: file }) };
}

const methodsTitle = ({ kind, count }: Found): string => {
  const { t } = vscode.l10n;
  if (kind === 'texts') return t('Evaluate which methods on {0} texts?', count);
  return kind === 'rows'
    ? t('Evaluate which methods on {0} rows?', count)
    : t('Evaluate which methods on {0} pictures?', count);
};

/**
 * Asks all that an evaluation needs to know; undefined when the person gives up.
 *
 * @param given a folder of pictures or texts, or a file of texts or rows; asked for when absent, `wanted` saying which
 * @throws PrismError FILE_NOT_FOUND, NO_IMAGES, NO_TEXTS, NO_ROWS, TEXT_COLUMN_MISSING
 */
export async function askEvaluation(
  asking: Asking,
  wanted: 'folder' | 'file',
  given?: string,
  named: Named = {},
): Promise<EvaluationParams | undefined> {
  const { engine, methods } = asking;
  const { t } = vscode.l10n;
  const source =
    given ??
    (wanted === 'folder'
      ? await browse(t('Evaluate on which folder of pictures or texts?'), startOf())
      : await browse(t('Evaluate on which texts or rows?'), startOf(), ['txt', 'csv', 'tsv']));
  if (source === undefined) return undefined;
  const found = await (wanted === 'folder' ? inFolder(asking, source) : inFile(asking, source));
  if (!found) return undefined;
  const { kind, model, folder } = found;
  const ids = named.methods ?? (await methods.pickSeveral(model, methodsTitle(found)));
  if (!ids) return undefined;
  const companions = folder ? await pickCompanions(source, folder) : {};
  if (!companions) return undefined;
  const masked = companions.masks !== undefined || (folder?.masked ?? 0) > 0;
  const metrics = named.metrics
    ? (await engine.api.metrics({})).filter(({ id }) => named.metrics?.includes(id))
    : await asking.metrics.pick(kind, masked);
  if (!metrics) return undefined;
  const wanting = kind === 'images' && !masked && metrics.some(needsMask);
  const masks = wanting ? await browse(t('Where are the masks?'), path.dirname(source)) : undefined;
  return {
    model,
    [kind]: source,
    ...companions,
    ...(masks !== undefined && { masks }),
    methods: ids,
    methodOptions: optionsOf(methods, ids),
    metrics: metrics.map(({ id }) => id),
    out: resultsOf(asking, model, found),
  };
}
