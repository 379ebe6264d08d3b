import { estimate, mean } from '../../metrics/statistics';
import type { Explainer, Wanted } from '../judge';
import type { Entry, MethodSummary } from './evaluation';

/** The middle of numbers; null of none. */
function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Values of a metric over pictures; those without one are left out. */
const valuesOf = (entries: readonly Entry[], metric: string): number[] =>
  entries.flatMap(({ metrics }) => metrics[metric]?.value ?? []);

/** Each method's means with their intervals. */
export const summarise = (
  explainers: readonly Explainer[],
  wanted: readonly Wanted[],
  entries: readonly Entry[],
): MethodSummary[] =>
  explainers.map(({ method: { info }, options }) => {
    const own = entries.filter(({ method }) => method === info.id);
    return {
      id: info.id,
      title: info.title,
      options,
      metrics: Object.fromEntries(
        wanted.map(({ metric }) => [metric.info.id, estimate(valuesOf(own, metric.info.id)) ?? null]),
      ),
      explainMs: median(own.flatMap(({ target, explainMs }) => (target ? [explainMs] : []))),
    };
  });

/** Points of a mean curve. */
const POINTS = 101;

/** The mean of curves of perhaps different lengths, each over a width of 1; undefined of none. */
export function meanCurve(entries: readonly Entry[], metric: string): number[] | undefined {
  const curves = entries.flatMap(({ metrics }) => {
    const curve = metrics[metric]?.curve;
    return curve && curve.length > 1 ? [curve] : [];
  });
  if (curves.length === 0) return undefined;
  return Array.from({ length: POINTS }, (_, i) => mean(curves.map((curve) => at(curve, i / (POINTS - 1)))));
}

/** A curve at a share of its width. */
function at(curve: readonly number[], share: number): number {
  const place = share * (curve.length - 1);
  const low = Math.min(curve.length - 2, Math.floor(place));
  return curve[low] + (place - low) * (curve[low + 1] - curve[low]);
}
