import { createHash } from 'node:crypto';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { OptionValues } from '../../protocol';
import type { EvaluationParams, PictureFolder } from '../../protocol/study';
import type { EngineRoom } from '../engine-room';
import type { MethodChoice } from '../methods';
import { type MetricChoice, needsMask } from '../metrics';
import type { WorkspaceModels } from '../models';
import { modelFor } from '../pick-model';

/** What the questions need of the extension. */
export interface Asking {
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly metrics: MetricChoice;
  /** Where results are kept. */
  readonly storage: vscode.Uri;
}

async function browse(title: string, folder: boolean, start: string): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: vscode.l10n.t('Use'),
    defaultUri: vscode.Uri.file(start),
    canSelectFolders: folder,
    canSelectFiles: !folder,
    ...(!folder && { filters: { [vscode.l10n.t('Classes')]: ['csv', 'json'] } }),
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

/** The folder of the results: the same for the same model and pictures, so that what is there is not done again. */
function resultsOf({ storage }: Asking, model: string, images: string): string {
  const key = createHash('sha256').update(`${model}\0${images}`).digest('hex').slice(0, 16);
  return path.join(storage.fsPath, 'evaluations', key);
}

/**
 * Asks all that an evaluation needs to know; undefined when the person gives up.
 *
 * @param folder the pictures; asked for when absent
 * @throws PrismError FILE_NOT_FOUND, NO_IMAGES
 */
export async function askEvaluation(
  asking: Asking,
  folder?: string,
  named: Named = {},
): Promise<EvaluationParams | undefined> {
  const { engine, models, methods } = asking;
  const start = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const images = folder ?? (await browse(vscode.l10n.t('Evaluate on which folder of pictures?'), true, start));
  if (images === undefined) return undefined;
  const found = await engine.api.folder({ images });
  const model = await modelFor(models, found.first);
  if (model === undefined) return undefined;
  const title = vscode.l10n.t('Evaluate which methods on {0} pictures?', found.count);
  const ids = named.methods ?? (await methods.pickSeveral(model, title));
  if (!ids) return undefined;
  const companions = await pickCompanions(images, found);
  if (!companions) return undefined;
  const masked = companions.masks !== undefined || found.masked > 0;
  const metrics = named.metrics
    ? (await engine.api.metrics({})).filter(({ id }) => named.metrics?.includes(id))
    : await asking.metrics.pick('images', masked);
  if (!metrics) return undefined;
  const wanting = !masked && metrics.some(needsMask);
  const masks = wanting ? await browse(vscode.l10n.t('Where are the masks?'), true, path.dirname(images)) : undefined;
  return {
    model,
    images,
    ...companions,
    ...(masks !== undefined && { masks }),
    methods: ids,
    methodOptions: optionsOf(methods, ids),
    metrics: metrics.map(({ id }) => id),
    out: resultsOf(asking, model, images),
  };
}
