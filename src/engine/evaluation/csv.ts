import type { Wanted } from '../judge';
import type { Entry } from './evaluation';

/** A cell: quoted where it has to be, and never taken for a formula by a spreadsheet. */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

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
  return [header, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}
