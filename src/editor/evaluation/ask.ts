import { createHash } from 'node:crypto';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { EvaluationParams, MetricSummary, OptionValues, PictureFolder } from '../../protocol';
import type { EngineRoom } from '../engine-room';
import type { MethodChoice } from '../methods';
import type { WorkspaceModels } from '../models';
import { modelFor } from '../pick-model';

/** What the questions need of the extension. */
export interface Asking {
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly memory: vscode.Memento;
  /** Where results are kept. */
  readonly storage: vscode.Uri;
}

const metricsKey = 'metrics';

/** What is judged by until somebody chooses: what is quick, and where there are masks also where relevance lies. */
const usual = {
  always: ['average-drop', 'deletion', 'insertion', 'gini'],
  withMasks: ['pointing-game', 'attribution-localisation', 'relevance-rank'],
} as const;

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

interface MetricItem extends vscode.QuickPickItem {
  readonly metric: MetricSummary;
}

/** Lets the person choose metrics; undefined when they choose none. */
async function pickMetrics(asking: Asking, masked: boolean): Promise<readonly MetricSummary[] | undefined> {
  const { engine, memory } = asking;
  const chosen =
    memory.get<readonly string[]>(metricsKey) ?? (masked ? [...usual.always, ...usual.withMasks] : usual.always);
  const items = engine.api.metrics({}).then((metrics) =>
    metrics.map((metric): MetricItem => {
      const needsMask = metric.needs.includes('mask') && metric.id !== 'grid-pointing-game';
      const facts = [
        metric.id,
        metric.better === 'higher' ? vscode.l10n.t('higher is better') : vscode.l10n.t('lower is better'),
        ...(needsMask ? [masked ? vscode.l10n.t('by masks') : vscode.l10n.t('needs masks: none were found')] : []),
        ...(metric.needs.includes('method') ? [vscode.l10n.t('explains again: slow')] : []),
      ];
      return {
        metric,
        label: metric.title,
        description: facts.join(' · '),
        detail: metric.summary,
        picked: chosen.includes(metric.id) && (masked || !needsMask),
      };
    }),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Judge by which metrics?'),
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (!picked || picked.length === 0) return undefined;
  await memory.update(
    metricsKey,
    picked.map(({ metric }) => metric.id),
  );
  return picked.map(({ metric }) => metric);
}

type Companions = Pick<EvaluationParams, 'masks' | 'labels'>;

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
export async function askEvaluation(asking: Asking, folder?: string): Promise<EvaluationParams | undefined> {
  const { engine, models, methods } = asking;
  const start = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const images = folder ?? (await browse(vscode.l10n.t('Evaluate on which folder of pictures?'), true, start));
  if (images === undefined) return undefined;
  const found = await engine.api.folder({ images });
  const model = await modelFor(models, found.first);
  if (model === undefined) return undefined;
  const title = vscode.l10n.t('Evaluate which methods on {0} pictures?', found.count);
  const ids = await methods.pickSeveral(model, title);
  if (!ids) return undefined;
  const companions = await pickCompanions(images, found);
  if (!companions) return undefined;
  const masked = companions.masks !== undefined || found.masked > 0;
  const metrics = await pickMetrics(asking, masked);
  if (!metrics) return undefined;
  const wanting = !masked && metrics.some(({ id, needs }) => needs.includes('mask') && id !== 'grid-pointing-game');
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
