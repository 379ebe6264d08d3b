import { writeCsv } from '../csv';
import type { Wanted } from '../judge';
import type { Entry } from './evaluation';

/** A line a picture and method; a metric without a value is an empty cell. */
export function csvOf(entries: readonly Entry[], wanted: readonly Wanted[]): string {
  const metrics = wanted.map(({ metric }) => metric.info.id);
  const header = ['image', 'method', 'target', 'probability', 'predicted', 'label', 'explain ms', ...metrics];
  const lines = entries.map(({ image, method, target, predicted, label, explainMs, metrics: found }) => [
    image,
    method,
    target?.label,
    target?.probability,
    predicted?.label,
    label?.label,
    explainMs,
    ...metrics.map((id) => found[id]?.value),
  ]);
  return writeCsv([header, ...lines]);
}
