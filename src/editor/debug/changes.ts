import { PrismError } from '../../graph/errors';
import { spearman } from '../../metrics/statistics';
import type { HeldArray } from './array-source';
import type { StopRecord } from './live';

/** What changed between the explanations of two stops: the maps of now and before, and their difference. */
export function changesBetween(before: StopRecord, now: StopRecord): { array: HeldArray; notes: readonly string[] } {
  const [a, b] = [before.explanation, now.explanation];
  const { width, height, data } = b.map;
  if (a.map.width !== width || a.map.height !== height) {
    throw new PrismError(
      'MAPS_DIFFER',
      `the maps of ${before.where} and ${now.where} have ${a.map.width} × ${a.map.height} and ${width} × ${height} places`,
    );
  }
  const all = new Float32Array(3 * data.length);
  all.set(data.map((value, i) => value - a.map.data[i]));
  all.set(data, data.length);
  all.set(a.map.data, 2 * data.length);
  const correlation = spearman(a.map.data, data);
  const score = ({ explanation }: StopRecord): string =>
    `${explanation.target.label} ${explanation.target.score.toPrecision(4)} (${(100 * explanation.target.probability).toFixed(1)} %)`;
  return {
    array: {
      type: b.method.title,
      shape: [1, 3, height, width],
      data: all,
      channelNames: ['difference', `now (${now.where})`, `before (${before.where})`],
    },
    notes: [
      `${before.where}: ${score(before)} → ${now.where}: ${score(now)}`,
      correlation === undefined ? 'one of the maps is constant' : `rank correlation ${correlation.toFixed(3)}`,
    ],
  };
}
