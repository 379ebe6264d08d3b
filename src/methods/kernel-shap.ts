import { PrismError } from '../graph/errors';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { fewestCoalitions, kernelCoalitions, properCoalitions } from './perturbation/coalitions';
import { efficiency, openGame, scoreOf, seedOption } from './perturbation/game';
import { CoalitionRegression } from './perturbation/regression';
import { segmentOptions } from './perturbation/segments';
import { baselineOption } from './sampling/baseline';
import { seeded } from './sampling/random';

/** With more features there are more than a million coalitions. */
const MOST_FOR_ALL = 20;
/** How often the values so far are shown. */
const PREVIEWS = 20;

/** Shapley values by weighted linear regression on coalitions of features (Lundberg, Lee 2017). */
export const kernelShap: Method = {
  info: {
    id: 'kernel-shap',
    title: 'KernelSHAP',
    summary:
      'Shapley values of superpixels or columns: what each adds to the score, on average over all orders of adding them. They sum to the score’s change from the baseline. Needs forward passes only.',
    paper: { title: 'A Unified Approach to Interpreting Model Predictions', url: 'https://arxiv.org/abs/1705.07874' },
    family: 'perturbation',
    signed: true,
    needs: 'forward',
    layers: false,
    options: [
      {
        key: 'samples',
        title: 'Samples',
        help: 'How many combinations of features are tried. With all of them the values are exact: 2 to the power of their number, up to 20 features.',
        type: 'integer',
        default: 2048,
        min: 2,
        max: 10_000_000,
        choices: ['all'],
      },
      baselineOption,
      ...segmentOptions,
      seedOption,
    ],
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const game = await openGame(subject, options, runtime);
    const { features, score } = game;
    const nothing = await scoreOf(game, new Uint8Array(features));
    const change = score - nothing;
    const seed = options.seed as number;
    const answer = (values: Float64Array, sampled: boolean): Attribution =>
      game.attribution(values, { conservation: efficiency(values, change), ...(sampled && { seed }) });
    if (features === 1) return answer(Float64Array.of(change), false);
    const { count, items, sampled } = kernelCoalitions(features, budgetOf(options.samples, features), seeded(seed));
    const regression = new CoalitionRegression(features);
    let done = 0;
    let shown = 0;
    for await (const chunk of game.scores(items, count)) {
      for (const { item, score: reached } of chunk) regression.add(item.shown, reached - nothing, item.weight);
      done += chunk.length;
      const due = Math.floor((PREVIEWS * done) / count);
      const preview = due > shown ? regression.constrained(change) : undefined;
      shown = due;
      runtime.progress(done / count, preview && game.map(preview));
    }
    return answer(regression.constrained(change) as Float64Array, sampled);
  },

  graph: notOneGraph('kernel-shap'),
};

/** How many coalitions may be tried. Throws BAD_OPTION for too few of them, or for all of too many features. */
function budgetOf(samples: unknown, features: number): number {
  if (samples === 'all') {
    if (features <= MOST_FOR_ALL) return properCoalitions(features);
    throw new PrismError(
      'BAD_OPTION',
      `option samples of kernel-shap is all, but ${features} features have 2^${features} combinations; give a number, or at most ${MOST_FOR_ALL} features`,
      { option: 'samples' },
    );
  }
  const fewest = fewestCoalitions(features);
  if ((samples as number) >= fewest) return samples as number;
  throw new PrismError(
    'BAD_OPTION',
    `option samples of kernel-shap is ${samples}, but ${features} features need at least ${fewest}; give more, or fewer features`,
    { option: 'samples' },
  );
}
