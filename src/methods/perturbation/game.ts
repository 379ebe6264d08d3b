import type { FloatArray } from '../../graph/ndarray';
import type { Attribution, Conservation, OptionSpec, Options, Runtime, Subject } from '../method';
import { baselineOf } from '../sampling/baseline';
import { explainedValue } from './explained';
import { spread, stridesOf } from './locations';
import { openScorer, type Scored } from './scorer';
import { perLocation, type Segments, segmentsOf } from './segments';

/** Which features are shown: 1 shown, 0 hidden. */
export type Coalition = Uint8Array;

/** A model's score as a function of the features that are shown, as in the theory of games. */
export interface Game {
  readonly features: number;
  /** With all features. */
  readonly score: number;
  scores<T extends { readonly shown: Coalition }>(
    items: Iterable<T>,
    count: number,
  ): AsyncGenerator<readonly Scored<T>[]>;
  /** One number a feature as a map in the shape of what is explained. */
  map(values: ArrayLike<number>): FloatArray;
  /** The answer. */
  attribution(values: ArrayLike<number>, more?: Pick<Attribution, 'conservation' | 'seed'>): Attribution;
}

/** What stands in the place of hidden features, in the shape of the value. */
export type Hidden = (x: FloatArray, of: string, segments: Segments) => Float32Array;

/**
 * The game of a subject, with features as the options say.
 *
 * @throws PrismError those of {@link segmentsOf} and of the baseline
 */
export async function openGame(
  subject: Subject,
  options: Options,
  runtime: Runtime,
  hidden: Hidden = (x, of) => baselineOf(x, options.baseline as string, of, runtime, subject.channels),
): Promise<Game> {
  const { of, value, x } = await explainedValue(subject, runtime);
  const segments = segmentsOf(x, subject.channels, options, runtime);
  const { locations, count: features } = segments;
  const masking = { of, value, locations, hidden: hidden(x, of, segments) };
  const scorer = await openScorer(subject, masking, runtime);
  const map = (values: ArrayLike<number>): FloatArray => spread(perLocation(segments, values), locations);
  return {
    features,
    score: scorer.score,
    scores: (items, count) => scorer.scores(items, count, ({ shown }) => perLocation(segments, shown)),
    map,
    attribution: (values, more) => ({ of, map: map(values), score: scorer.score, output: scorer.output, ...more }),
  };
}

/** The score of one coalition. */
export async function scoreOf(game: Game, shown: Coalition): Promise<number> {
  for await (const [{ score }] of game.scores([{ shown }], 1)) return score;
  return game.score;
}

/** Each channel's mean over the locations of a segment. */
export function segmentMeans({ data }: FloatArray, { locations, of, count }: Segments): Float32Array {
  const { channels, stride, first } = stridesOf(locations);
  const sums = new Float64Array(count * channels);
  const sizes = new Uint32Array(count);
  of.forEach((feature, location) => {
    sizes[feature]++;
    for (let c = 0; c < channels; c++) sums[feature * channels + c] += data[first(location) + c * stride];
  });
  const means = new Float32Array(data.length);
  of.forEach((feature, location) => {
    for (let c = 0; c < channels; c++) {
      means[first(location) + c * stride] = sums[feature * channels + c] / sizes[feature];
    }
  });
  return means;
}

/** Shapley values share out what the score changes from nothing shown to everything shown. */
export const efficiency = (values: Float64Array, expected: number): Conservation => {
  const actual = values.reduce((sum, value) => sum + value, 0);
  return {
    what: 'sum over the features against the score’s change from the baseline',
    expected,
    actual,
    residual: actual - expected,
  };
};

export const seedOption: OptionSpec = {
  key: 'seed',
  title: 'Seed',
  help: 'The same seed draws the same samples.',
  type: 'integer',
  default: 0,
  min: 0,
  max: 2 ** 31 - 1,
};
