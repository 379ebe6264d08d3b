import { scaleLocations } from './layout';
import { type Judged, type Judgement, type MetricRuntime, undefinedFor } from './metric';

/** The probability of the target on the image, and on the image times its map. */
export interface Masked {
  readonly whole: number;
  readonly masked: number;
}

/** The map brought to 0 … 1 by itself; undefined for a constant map. */
function normalised(map: Float64Array): Float64Array | undefined {
  const [low, high] = map.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return high > low ? map.map((value) => (value - low) / (high - low)) : undefined;
}

async function measure({ map, input, layout }: Judged, runtime: MetricRuntime): Promise<Masked | undefined> {
  const factors = normalised(map);
  if (!factors) return undefined;
  const inputs = [input, scaleLocations(layout, input, factors)];
  const { probability } = await runtime.scores(2, (index) => inputs[index]);
  return { whole: probability[0], masked: probability[1] };
}

/** Judges what the target loses or gains when only what the map shows is left of the image. */
export async function judgeMasked(
  judged: Judged,
  runtime: MetricRuntime,
  valueFrom: (masked: Masked) => number,
): Promise<Judgement> {
  const masked = await runtime.memo('masked', () => measure(judged, runtime));
  if (!masked) return undefinedFor('the map is constant');
  const value = valueFrom(masked);
  return {
    value: Number.isFinite(value) ? value : null,
    ...(!Number.isFinite(value) && { reason: `the probability of the target is ${masked.whole}` }),
    details: { ...masked },
  };
}
