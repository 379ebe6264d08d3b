import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { openGame } from './perturbation/game';
import { segmentOptions } from './perturbation/segments';
import { baselineOption } from './sampling/baseline';

/** Each feature in turn is hidden, all others shown. */
function* withoutOne(features: number) {
  for (let feature = 0; feature < features; feature++) {
    const shown = new Uint8Array(features).fill(1);
    shown[feature] = 0;
    yield { shown, feature };
  }
}

/** What the score loses when one feature is replaced by its baseline. */
export const featureAblation: Method = {
  info: {
    id: 'feature-ablation',
    title: 'Feature Ablation',
    summary:
      'How much the score drops when one superpixel, column or segment of your own is hidden. Needs forward passes only.',
    family: 'perturbation',
    signed: true,
    needs: 'forward',
    layers: false,
    options: [...segmentOptions, baselineOption],
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const game = await openGame(subject, options, runtime);
    const { features, score } = game;
    const values = new Float64Array(features);
    let done = 0;
    for await (const chunk of game.scores(withoutOne(features), features)) {
      for (const { item, score: reached } of chunk) values[item.feature] = score - reached;
      done += chunk.length;
      runtime.progress(done / features, game.map(values));
    }
    return game.attribution(values);
  },

  graph: notOneGraph('feature-ablation'),
};
