import * as vscode from 'vscode';
import type { Explanation, InputParams } from '../protocol';
import type { MetricSummary, StudyApi } from '../protocol/study';
import type { EngineRoom } from './engine-room';
import { maskBeside } from './files';

const key = 'metrics';

/** What is judged by until somebody chooses: what is quick, and where there are masks also where relevance lies. */
const usual = {
  always: ['average-drop', 'deletion', 'insertion', 'gini'],
  withMasks: ['pointing-game', 'attribution-localisation', 'relevance-rank'],
} as const;

/** Whether a metric needs to know where the evidence is; a mosaic of pictures knows by itself. */
export const needsMask = ({ id, needs }: MetricSummary): boolean =>
  needs.includes('mask') && id !== 'grid-pointing-game';

interface MetricItem extends vscode.QuickPickItem {
  readonly metric: MetricSummary;
}

/** Which metrics judge, until the person takes others: the last ones used in this workspace. */
export class MetricChoice {
  constructor(
    private readonly memory: vscode.Memento,
    private readonly engine: EngineRoom,
  ) {}

  /** Lets the person choose metrics; undefined when they choose none. */
  async pick(masked: boolean): Promise<readonly MetricSummary[] | undefined> {
    const chosen =
      this.memory.get<readonly string[]>(key) ?? (masked ? [...usual.always, ...usual.withMasks] : usual.always);
    const items = this.engine.api.metrics({}).then((metrics) =>
      metrics.map((metric): MetricItem => {
        const wanting = needsMask(metric);
        const facts = [
          metric.id,
          metric.better === 'higher' ? vscode.l10n.t('higher is better') : vscode.l10n.t('lower is better'),
          ...(wanting ? [masked ? vscode.l10n.t('by masks') : vscode.l10n.t('needs masks: none were found')] : []),
          ...(metric.needs.includes('method') ? [vscode.l10n.t('explains again: slow')] : []),
        ];
        return {
          metric,
          label: metric.title,
          description: facts.join(' · '),
          detail: metric.summary,
          picked: chosen.includes(metric.id) && (masked || !wanting),
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
    await this.memory.update(
      key,
      picked.map(({ metric }) => metric.id),
    );
    return picked.map(({ metric }) => metric);
  }
}

/** What to judge an explanation by, which the person chooses: metrics, and the mask beside its picture. */
export async function askForMetrics(
  choice: MetricChoice,
  explanation: Explanation,
  { image }: InputParams,
): Promise<Parameters<StudyApi['judge']>[0] | undefined> {
  const mask = image === undefined ? undefined : maskBeside(image);
  const metrics = await choice.pick(mask !== undefined);
  if (!metrics) return undefined;
  return { explanation: explanation.id, metrics: metrics.map(({ id }) => id), ...(mask !== undefined && { mask }) };
}
