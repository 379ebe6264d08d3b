import type { Tensor } from '../graph/ir';
import { seeded } from '../methods/sampling/random';
import { drawnWeights, type WeightedLayer, weightedLayers } from './layerWeights';
import { type Metric, undefinedFor } from './metric';
import { mean, spearman } from './statistics';

type Order = 'cascading' | 'independent' | 'bottom-up';

/** Which layers are drawn anew at each step. */
function steps(layers: readonly WeightedLayer[], order: Order): readonly (readonly WeightedLayer[])[] {
  if (order === 'independent') return layers.map((layer) => [layer]);
  const ordered = order === 'bottom-up' ? layers.toReversed() : layers;
  return ordered.map((_, last) => ordered.slice(0, last + 1));
}

/** So many of them, at equal distances, the last among them. 0: all. */
const spread = <T>(all: readonly T[], count: number): readonly T[] =>
  count === 0 || count >= all.length
    ? all
    : Array.from({ length: count }, (_, i) => all[Math.round(((i + 1) * all.length) / count) - 1]);

/**
 * Model parameter randomisation: Spearman's correlation (equal values share ranks) of the absolute explanation with the
 * one of the same model after its layers' weights were drawn anew. Biases and batch normalisation stay.
 */
export const mprt: Metric = {
  info: {
    id: 'mprt',
    title: 'Parameter randomisation',
    summary:
      'A sanity check: rank correlation of the explanation with those of the model whose layers are drawn anew, one after the other. An explanation that shows what the model has learned changes. The value is the mean over the layers.',
    paper: { title: 'Sanity Checks for Saliency Maps', url: 'https://arxiv.org/abs/1810.03292' },
    better: 'lower',
    needs: ['method'],
    axes: { x: 'share of the layers drawn anew', y: 'rank correlation' },
    options: [
      {
        key: 'order',
        title: 'Order',
        help: 'cascading: from the output on, every step adds a layer. independent: one layer at a time. bottom-up: as cascading, from the input on.',
        type: 'choice',
        default: 'cascading',
        choices: ['cascading', 'independent', 'bottom-up'],
      },
      {
        key: 'steps',
        title: 'Steps',
        help: 'How many of the steps are looked at, at equal distances, the last among them. 0: all.',
        type: 'integer',
        default: 0,
        min: 0,
      },
      { key: 'seed', title: 'Seed', help: 'What the drawn weights depend on.', type: 'integer', default: 0 },
    ],
  },

  async judge(_judged, options, runtime) {
    const { graph } = runtime;
    const layers = weightedLayers(graph);
    if (layers.length === 0) return undefinedFor('the model has no layers with weights');
    const random = seeded(options.seed as number);
    const drawn = new Map<WeightedLayer, ReadonlyMap<string, Tensor>>(
      layers.map((layer) => [layer, drawnWeights(layer, graph, random)]),
    );
    const own = (await runtime.explain()).data.map(Math.abs);
    const correlations: (number | undefined)[] = [];
    const all = spread(steps(layers, options.order as Order), options.steps as number);
    for (const changed of all) {
      runtime.checkCancelled();
      const weights = new Map(changed.flatMap((layer) => [...(drawn.get(layer) ?? [])]));
      const { data } = await runtime.explain({ weights });
      // A constant map has no ranks in common with any other.
      correlations.push(spearman(own, data.map(Math.abs)));
      runtime.progress(correlations.length / all.length);
    }
    const curve = correlations.map((value) => value ?? 0);
    const names = all.map((changed) => changed[changed.length - 1].name);
    const constant = names.filter((_, i) => correlations[i] === undefined);
    return {
      value: mean(curve),
      curve,
      details: { layers: names, last: curve.at(-1), seed: options.seed, ...(constant.length > 0 && { constant }) },
    };
  },
};
