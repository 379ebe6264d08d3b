import type { Metric } from '../metrics/metric';
import type { JudgedMetric, MetricSummary } from '../protocol/study';
import { toRemoteError } from '../rpc';
import type { Desk } from './desk';
import { type Answer, fromEmbedding, outputOf } from './explain';
import { Judge } from './judge';
import { maskFor } from './mask';
import { wantedMetrics } from './score';

/** What is told of a metric. */
export const summaryOf = ({ info: { id, title, summary, better, needs } }: Metric): MetricSummary => ({
  id,
  title,
  summary,
  better,
  needs,
});

/**
 * What metrics say of an explanation that was given; a metric that fails says so.
 *
 * @param mask a file: where the evidence is
 * @throws PrismError UNKNOWN_METRIC, those of reading the mask, CANCELLED
 */
export async function judgeAnswer(
  { request, scratch }: Desk,
  { model, prepared, score, method, options, attribution }: Answer,
  metrics: readonly string[],
  mask: string | undefined,
): Promise<JudgedMetric[]> {
  const output = outputOf(model, prepared, score.output);
  const judged = { model, prepared: await fromEmbedding(prepared, score), output, score };
  const judge = new Judge(judged, request, scratch);
  const evidence = mask === undefined ? undefined : await maskFor(mask, judge.layout, prepared.seen);
  const told: JudgedMetric[] = [];
  for (const wanted of wantedMetrics(metrics)) {
    const { id } = wanted.metric.info;
    const summary = summaryOf(wanted.metric);
    try {
      const found = await judge.judge(attribution.map, [wanted], { mask: evidence, by: { method, options } });
      const { value = null, reason, curve } = found.get(id) ?? {};
      told.push({ ...summary, value, ...(reason !== undefined && { reason }), ...(curve && { curve: [...curve] }) });
    } catch (error) {
      request.checkCancelled();
      told.push({ ...summary, value: null, error: toRemoteError(error) });
    }
  }
  return told;
}
