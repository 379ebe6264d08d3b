/** Which value takes the end colour of the map. */
export type ScaleRule = 'maximum' | 'percentile';

/** What the robust scale leaves out: the strongest half per cent of the locations. */
const robustPercentile = 99.5;

/** max |value| over the finite values; 0 for an empty map. */
export function largest(data: Float32Array): number {
  let most = 0;
  for (const value of data) {
    const magnitude = Math.abs(value);
    if (magnitude > most && magnitude < Infinity) most = magnitude;
  }
  return most;
}

/**
 * The q-th percentile of |value| over the finite values, interpolated linearly between order statistics (the default
 * of NumPy); 0 for an empty map.
 */
export function percentile(data: Float32Array, q: number): number {
  const sorted = data.map(Math.abs).filter(Number.isFinite).sort();
  if (sorted.length === 0) return 0;
  const position = (q / 100) * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

/** The magnitude painted in the end colour. A robust scale of 0 (nearly all values are 0) falls back to the maximum. */
export function scaleOf(data: Float32Array, rule: ScaleRule): number {
  if (rule === 'maximum') return largest(data);
  return percentile(data, robustPercentile) || largest(data);
}
