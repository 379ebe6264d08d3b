import { PrismError } from '../graph/errors';
import type { Attribution, Method, Options, Runtime } from './method';
import { notOneGraph } from './notOneGraph';
import { type Coalition, type Hidden, openGame, seedOption, segmentMeans } from './perturbation/game';
import { CoalitionRegression } from './perturbation/regression';
import { segmentOptions } from './perturbation/segments';
import { baselineOf, baselineOption } from './sampling/baseline';
import { type Random, seeded } from './sampling/random';

/** How often the coefficients so far are shown. */
const PREVIEWS = 20;

/** By what hidden features are replaced. */
const hiddenBy =
  (option: string, runtime: Runtime, channels: number | undefined): Hidden =>
  (x, of, segments) => {
    const single = segments.count === segments.locations.count;
    if (option !== 'segments' && (option !== 'auto' || single)) {
      return baselineOf(x, option === 'auto' ? 'zero' : option, of, runtime, channels);
    }
    if (!single) return segmentMeans(x, segments);
    throw new PrismError(
      'BAD_OPTION',
      'option baseline of lime is segments, but every segment is a single location: its mean hides nothing; choose another baseline',
      { option: 'baseline' },
    );
  };

/** The samples that the options ask for. */
interface Samples {
  readonly count: number;
  readonly items: Iterable<{ readonly shown: Coalition }>;
}

function samplesOf(features: number, options: Options, random: Random, runtime: Runtime): Samples {
  if (options.masks !== '') return samplesFrom(options.masks as string, features, runtime);
  const count = options.samples as number;
  function* items() {
    yield { shown: new Uint8Array(features).fill(1) };
    for (let sample = 1; sample < count; sample++) {
      yield { shown: Uint8Array.from({ length: features }, () => Number(random.uniform() < 0.5)) };
    }
  }
  return { count, items: items() };
}

function samplesFrom(file: string, features: number, runtime: Runtime): Samples {
  const { data, shape } = runtime.readArray(file);
  if (shape.length !== 2 || shape[1] !== features || data.length === 0 || data.some((bit) => bit !== 0 && bit !== 1)) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `${file} has shape [${shape}]; it must hold rows of ${features} numbers, 1 for each feature that is shown and 0 for each that is hidden`,
      { file },
    );
  }
  const items = Array.from({ length: shape[0] }, (_, row) => ({
    shown: Uint8Array.from(data.subarray(row * features, (row + 1) * features)),
  }));
  return { count: shape[0], items };
}

/** exp(−d²/σ²)^½ of the cosine distance d to the sample that shows everything. */
function nearness(shown: Coalition, width: number): number {
  const members = shown.reduce((sum, bit) => sum + bit, 0);
  const distance = 1 - Math.sqrt(members / shown.length);
  return Math.sqrt(Math.exp(-(distance * distance) / (width * width)));
}

/** A linear model around the input: ridge regression on random combinations of features (Ribeiro et al. 2016). */
export const lime: Method = {
  info: {
    id: 'lime',
    title: 'LIME',
    summary:
      'The weights of a simple linear model that imitates the network on copies of the input with parts hidden. Needs forward passes only.',
    paper: {
      title: '“Why Should I Trust You?” Explaining the Predictions of Any Classifier',
      url: 'https://arxiv.org/abs/1602.04938',
    },
    family: 'perturbation',
    signed: true,
    needs: 'forward',
    layers: false,
    options: [
      {
        key: 'samples',
        title: 'Samples',
        help: 'How many combinations of features are tried; each feature is shown in half of them.',
        type: 'integer',
        default: 1000,
        min: 2,
        max: 10_000_000,
      },
      {
        ...baselineOption,
        default: 'auto',
        choices: ['auto', 'segments', ...(baselineOption.choices ?? [])],
        help: `What hidden features show instead. segments: each its own mean colour. auto: that, and zero where the features are single columns or tokens. ${baselineOption.help}`,
      },
      {
        key: 'kernel-width',
        title: 'Kernel width',
        help: 'How fast combinations count less with their cosine distance from the whole input.',
        type: 'number',
        default: 0.25,
        min: 0.001,
        max: 1000,
      },
      {
        key: 'alpha',
        title: 'Ridge',
        help: 'How strongly large weights are held back.',
        type: 'number',
        default: 1,
        min: 1e-9,
        max: 1e9,
      },
      ...segmentOptions,
      seedOption,
      {
        key: 'masks',
        title: 'Samples from a file',
        help: 'Draws nothing: an .npy file with a row for each sample, 1 for each feature that is shown and 0 for each that is hidden. Their number replaces the number of samples.',
        type: 'file',
        default: '',
      },
    ],
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const game = await openGame(
      subject,
      options,
      runtime,
      hiddenBy(options.baseline as string, runtime, subject.channels),
    );
    const { features } = game;
    const seed = options.seed as number;
    const { count, items } = samplesOf(features, options, seeded(seed), runtime);
    const regression = new CoalitionRegression(features);
    const alpha = options.alpha as number;
    let done = 0;
    let shown = 0;
    for await (const chunk of game.scores(items, count)) {
      for (const { item, score } of chunk) {
        regression.add(item.shown, score, nearness(item.shown, options['kernel-width'] as number));
      }
      done += chunk.length;
      const due = Math.floor((PREVIEWS * done) / count);
      runtime.progress(done / count, due > shown ? game.map(regression.ridge(alpha).coefficients) : undefined);
      shown = due;
    }
    const { coefficients, intercept } = regression.ridge(alpha);
    const actual = coefficients.reduce((sum, weight) => sum + weight, intercept);
    return game.attribution(coefficients, {
      conservation: {
        what: 'the linear model with everything shown against the score',
        expected: game.score,
        actual,
        residual: actual - game.score,
      },
      ...(options.masks === '' && { seed }),
    });
  },

  graph: notOneGraph('lime'),
};
