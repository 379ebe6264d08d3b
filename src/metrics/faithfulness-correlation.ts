import { PrismError } from '../graph/errors';
import type { Options } from '../methods/method';
import { seeded } from '../methods/sampling/random';
import { baselineOption } from './flipping';
import { elementsOf, locationCount } from './layout';
import { type Judged, type Metric, type MetricRuntime, undefinedFor } from './metric';
import { pearson, sum } from './statistics';

/** Size of the subsets unless told otherwise, as a share of all locations. */
const SHARE = 1 / 16;

/** Sets of locations: drawn without repetition, or read from a file of one row a subset. */
function subsetsOf({ layout }: Judged, options: Options, runtime: MetricRuntime): ArrayLike<number>[] {
  const count = locationCount(layout);
  if (options['subsets-file'] !== '') return readSubsets(options['subsets-file'] as string, count, runtime);
  const size = Math.min(count, (options.size as number) || Math.max(1, Math.round(count * SHARE)));
  const random = seeded(options.seed as number);
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: options.subsets as number }, () => {
    // The first steps of a shuffle: any order of `places` is as good a start as another.
    for (let i = 0; i < size; i++) {
      const other = i + Math.floor(random.uniform() * (count - i));
      [places[i], places[other]] = [places[other], places[i]];
    }
    return places.slice(0, size);
  });
}

function readSubsets(file: string, count: number, runtime: MetricRuntime): ArrayLike<number>[] {
  const { shape, data } = runtime.readArray(file);
  if (shape.length !== 2 || data.some((place) => place < 0 || place >= count || !Number.isInteger(place))) {
    throw new PrismError(
      'BAD_OPTION',
      `${file} holds no subsets; one row a subset is needed, of locations from 0 to ${count - 1}`,
      { file },
    );
  }
  return Array.from({ length: shape[0] }, (_, row) => data.subarray(row * shape[1], (row + 1) * shape[1]));
}

/** Pearson's correlation, over random subsets S, of Σ_S a and f(x) − f(x with S removed). */
export const faithfulnessCorrelation: Metric = {
  info: {
    id: 'faithfulness-correlation',
    title: 'Faithfulness correlation',
    summary:
      'Whether random sets of locations with more relevance lower the score more when they are removed: their correlation.',
    paper: {
      title: 'Evaluating and Aggregating Feature-based Model Explanations',
      url: 'https://arxiv.org/abs/2005.00631',
    },
    better: 'higher',
    needs: ['model'],
    options: [
      {
        key: 'subsets',
        title: 'Subsets',
        help: 'How many sets are drawn.',
        type: 'integer',
        default: 100,
        min: 2,
        max: 100_000,
      },
      {
        key: 'size',
        title: 'Size',
        help: 'How many locations a set has. 0: a sixteenth of all.',
        type: 'integer',
        default: 0,
        min: 0,
      },
      baselineOption,
      { key: 'seed', title: 'Seed', help: 'What the draws depend on.', type: 'integer', default: 0 },
      {
        key: 'subsets-file',
        title: 'Subsets from a file',
        help: 'Draws no sets: an .npy file of one row a set, numbers of locations counted row by row from 0.',
        type: 'file',
        default: '',
      },
    ],
  },

  async judge(judged, options, runtime) {
    const { map, input, layout } = judged;
    const subsets = subsetsOf(judged, options, runtime);
    const elements = elementsOf(layout);
    // The image itself comes first.
    const { score } = await runtime.scores(1 + subsets.length, (index) => {
      const removed = input.slice();
      if (index === 0) return removed;
      for (const location of Array.from(subsets[index - 1])) {
        for (const element of elements(location)) removed[element] = options.baseline as number;
      }
      return removed;
    });
    const sums = subsets.map((subset) => sum(Array.from(subset, (location) => map[location])));
    const drops = subsets.map((_, index) => score[0] - score[index + 1]);
    const value = pearson(sums, drops);
    const seed = options['subsets-file'] === '' ? { seed: options.seed } : {};
    const details = { subsets: subsets.length, size: subsets[0]?.length ?? 0, ...seed };
    if (value === undefined) return { ...undefinedFor('the sums or the scores of all sets are equal'), details };
    return { value, details };
  },
};
