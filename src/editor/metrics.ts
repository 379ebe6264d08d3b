import * as vscode from 'vscode';
import type { Kind } from '../engine/evaluation/evaluation';
import { USUAL_METRICS } from '../engine/evaluation/usual';
import type { Explanation, InputParams } from '../protocol';
import type { MetricSummary, StudyApi } from '../protocol/study';
import type { EngineRoom } from './engine-room';
import { maskBeside } from './files';

/** Where the choice for pictures, texts or rows is kept. */
const keyFor = (kind: Kind): string => (kind === 'images' ? 'metrics' : `metrics.${kind}`);

/** Whether a metric needs to know where the evidence is; a mosaic of pictures knows by itself. */
export const needsMask = ({ id, needs }: MetricSummary): boolean =>
  needs.includes('mask') && id !== 'grid-pointing-game';

/** Only pictures have masks, and only texts tokens. */
const isFor = (kind: Kind, needs: MetricSummary['needs']): boolean =>
  !(needs.includes('tokens') && kind !== 'texts') && !(needs.includes('mask') && kind !== 'images');

interface MetricItem extends vscode.QuickPickItem {
  readonly metric: MetricSummary;
}

/** Which metrics judge, until the person takes others: the last ones used in this workspace. */
export class MetricChoice {
  constructor(
    private readonly memory: vscode.Memento,
    private readonly engine: EngineRoom,
  ) {}

  /** Lets the person choose metrics for what is judged; undefined when they choose none. */
  async pick(kind: Kind, masked: boolean): Promise<readonly MetricSummary[] | undefined> {
    const key = keyFor(kind);
    const usual = [...USUAL_METRICS[kind], ...(masked ? USUAL_METRICS.withMasks : [])];
    const chosen = this.memory.get<readonly string[]>(key) ?? usual;
    const items = this.engine.api.metrics({}).then((metrics) =>
      metrics
        .filter(({ needs }) => isFor(kind, needs))
        .map((metric): MetricItem => {
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
  { image, row, text, textFile }: InputParams,
): Promise<Parameters<StudyApi['judge']>[0] | undefined> {
  const mask = image === undefined ? undefined : maskBeside(image);
  const kind = row !== undefined ? 'rows' : (text ?? textFile) !== undefined ? 'texts' : 'images';
  const metrics = await choice.pick(kind, mask !== undefined);
  if (!metrics) return undefined;
  return { explanation: explanation.id, metrics: metrics.map(({ id }) => id), ...(mask !== undefined && { mask }) };
}
