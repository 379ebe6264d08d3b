import type { OptionSpec, Options } from '../methods/method';
import { ascending, descending, elementsOf, locationCount } from './layout';
import type { Judged, MetricRuntime } from './metric';
import { sum } from './statistics';

/** About how many steps a curve has unless told otherwise: 224 pixels a step at 224 × 224. */
const STEPS = 224;

export const stepOption: OptionSpec = {
  key: 'step',
  title: 'Locations a step',
  help: 'How many locations change at once. 0: as many as give 224 steps (224 pixels a step at 224 × 224).',
  type: 'integer',
  default: 0,
  min: 0,
};

export const baselineOption: OptionSpec = {
  key: 'baseline',
  title: 'Removed value',
  help: 'What a removed location holds in every channel, as the model reads it (after preprocessing).',
  type: 'number',
  default: 0,
};

/** Which locations come first. */
export type Order = 'most' | 'least';

/** How an image turns into another: location by location, in the order of the map. */
interface Walk {
  readonly order: Order;
  readonly from: Float32Array;
  readonly to: Float32Array;
  readonly options: Options;
}

/** How many locations change at each step. */
const stepSize = (count: number, options: Options): number =>
  (options.step as number) || Math.max(1, Math.round(count / STEPS));

/** The probability of the target after every step, step 0 included. */
async function probabilitiesAlong(
  { map, layout }: Judged,
  { order, from, to, options }: Walk,
  runtime: MetricRuntime,
): Promise<Float64Array> {
  const places = order === 'most' ? descending(map) : ascending(map);
  const step = stepSize(places.length, options);
  const elements = elementsOf(layout);
  const current = from.slice();
  let done = 0;
  const { probability } = await runtime.scores(1 + Math.ceil(places.length / step), (index) => {
    for (; done < Math.min(index * step, places.length); done++) {
      for (const element of elements(places[done])) current[element] = to[element];
    }
    return current.slice();
  });
  return probability;
}

/** Removes locations in the order of the map: the curve of deletion (most) and of MoRF and LeRF (most, least). */
export function removalCurve(
  judged: Judged,
  order: Order,
  options: Options,
  runtime: MetricRuntime,
): Promise<Float64Array> {
  const step = stepSize(locationCount(judged.layout), options);
  return runtime.memo(`removal/${order}/${step}/${options.baseline}`, () => {
    const removed = new Float32Array(judged.input.length).fill(options.baseline as number);
    return probabilitiesAlong(judged, { order, from: judged.input, to: removed, options }, runtime);
  });
}

/** Brings the input back in the order of the map, the most relevant location first. */
export const insertionCurve = (
  judged: Judged,
  start: Float32Array,
  options: Options,
  runtime: MetricRuntime,
): Promise<Float64Array> =>
  probabilitiesAlong(judged, { order: 'most', from: start, to: judged.input, options }, runtime);

/** The area under a curve of n + 1 scores over a width of 1: (Σs − s₀/2 − sₙ/2) / n. */
export const areaUnder = (curve: Float64Array): number =>
  (sum(curve) - curve[0] / 2 - curve[curve.length - 1] / 2) / (curve.length - 1);
