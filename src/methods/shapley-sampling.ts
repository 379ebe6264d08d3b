import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { shuffle } from './perturbation/coalitions';
import { type Coalition, efficiency, openGame, scoreOf, seedOption } from './perturbation/game';
import { segmentOptions } from './perturbation/segments';
import { baselineOption } from './sampling/baseline';
import { type Random, seeded } from './sampling/random';

/** A coalition on the way from nothing to everything. */
interface Step {
  readonly shown: Coalition;
  /** The feature that came last. */
  readonly feature: number;
  /** Whether it is the first of an order. */
  readonly first: boolean;
}

/** Features one by one in random order, then in that order backwards: what an order overrates, the other underrates. */
function* orders(features: number, count: number, random: Random): Generator<Step> {
  const order = Array.from({ length: features }, (_, feature) => feature);
  for (let sample = 0; sample < count; sample++) {
    if (sample % 2 === 1) order.reverse();
    else shuffle(order, random);
    const shown = new Uint8Array(features);
    for (let place = 0; place < features; place++) {
      shown[order[place]] = 1;
      yield { shown: shown.slice(), feature: order[place], first: place === 0 };
    }
  }
}

/** Mean contribution of each feature over random orders in which they are added (Castro et al. 2009). */
export const shapleySampling: Method = {
  info: {
    id: 'shapley-sampling',
    title: 'Shapley Sampling',
    summary:
      'Shapley values from random orders: each superpixel or column gets what the score gains when it joins those before it. Needs forward passes only.',
    paper: {
      title: 'Polynomial calculation of the Shapley value based on sampling',
      url: 'https://doi.org/10.1016/j.cor.2008.04.004',
    },
    family: 'perturbation',
    signed: true,
    needs: 'forward',
    layers: false,
    options: [
      {
        key: 'samples',
        title: 'Orders',
        help: 'How many orders are tried, every second one the one before it backwards. Each takes as many forward passes as there are features.',
        type: 'integer',
        default: 24,
        min: 1,
        max: 1_000_000,
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
    const samples = options.samples as number;
    const seed = options.seed as number;
    const count = samples * features;
    const sums = new Float64Array(features);
    const visits = new Uint32Array(features);
    const means = (): Float64Array => sums.map((sum, feature) => sum / Math.max(1, visits[feature]));
    let before = nothing;
    let done = 0;
    for await (const chunk of game.scores(orders(features, samples, seeded(seed)), count)) {
      for (const { item, score: reached } of chunk) {
        sums[item.feature] += reached - (item.first ? nothing : before);
        visits[item.feature]++;
        before = reached;
      }
      done += chunk.length;
      runtime.progress(done / count, game.map(means()));
    }
    const values = means();
    return game.attribution(values, { conservation: efficiency(values, score - nothing), seed });
  },

  graph: notOneGraph('shapley-sampling'),
};
