import { activationsOf, addChannel, attributionOf, positivePart } from './cam/forwardCam';
import { camOptions } from './cam/options';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { openScorer } from './perturbation/scorer';

/** w_k = (S − S with A^k = 0) / S; Σ_k w_k A^k (Desai, Ramaswamy 2020). Runs what is behind the layer once a channel. */
export const ablationCam: Method = {
  info: {
    id: 'ablation-cam',
    title: 'Ablation-CAM',
    summary: 'The last feature maps, each weighed by what share of the score is lost without it. Needs no gradients.',
    paper: {
      title: 'Ablation-CAM: Visual Explanations for Deep Convolutional Network via Gradient-free Localization',
      url: 'https://doi.org/10.1109/WACV45572.2020.9093360',
    },
    family: 'cam',
    signed: false,
    needs: 'forward',
    layers: false,
    options: camOptions,
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const seen = await activationsOf(subject, options, runtime);
    const { layer, rows, value } = seen;
    const [channels, places] = rows.shape;
    // What is hidden are channels: to the scorer they are the locations.
    const grid = layer.shape.map((size, axis) => (layer.channels.includes(axis) ? size : 1));
    const locations = { shape: layer.shape, grid, count: channels, channels: undefined };
    const hidden = new Float32Array(value.data.length);
    const scorer = await openScorer(subject, { of: layer.value, value, locations, hidden }, runtime);
    const without = (channel: number): Float32Array => new Float32Array(channels).fill(1).fill(0, channel, channel + 1);
    const sum = new Float64Array(places);
    for await (const piece of scorer.scores(Array(channels).keys(), channels, without)) {
      for (const { item, score } of piece) {
        // Without a score there is no share of it; the drops themselves are left.
        addChannel(sum, rows, item, (scorer.score - score) / (scorer.score || 1));
      }
      runtime.progress(((piece.at(-1)?.item ?? 0) + 1) / channels, () => positivePart(sum, layer));
    }
    return attributionOf(subject, options, seen, Float32Array.from(sum), runtime);
  },

  graph: notOneGraph('ablation-cam'),
};
