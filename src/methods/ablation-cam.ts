import { floatArray } from '../graph/ndarray';
import { extract } from '../graph/prune';
import { castTo } from '../ops/common';
import { activationsOf, addChannel, attributionOf, compileScore, computeInput, positivePart } from './cam/forwardCam';
import { camOptions } from './cam/options';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';

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
    const { graph, score } = subject;
    const { layer, rows, value } = seen;
    const [channels, places] = rows.shape;
    const maskShape = layer.channels.map((axis) => layer.shape[axis]);
    const scoreWith = await compileScore(
      subject,
      `ablation-cam/${score.output}/${layer.value}`,
      () =>
        computeInput(extract(graph, [layer.value], [score.output]), layer.value, (b) => {
          const whole = b.input('whole', b.dtype(layer.value), layer.shape);
          const kept = b.input('kept', 'float32', maskShape);
          const spread = layer.shape.map((size, axis) => (layer.channels.includes(axis) ? size : 1));
          return b.mul(whole, b.reshape(castTo(b, kept, b.dtype(whole)), spread));
        }),
      runtime,
      seen.scoreOf,
    );
    const sum = new Float64Array(places);
    const kept = new Float32Array(channels).fill(1);
    // Drops are small: what is subtracted must come from the same graph.
    const whole = await scoreWith(value, floatArray(kept, maskShape));
    for (let k = 0; k < channels; k++) {
      kept[k] = 0;
      const drop = whole - (await scoreWith(value, floatArray(kept, maskShape)));
      kept[k] = 1;
      // Without a score there is no share of it; the drops themselves are left.
      addChannel(sum, rows, k, drop / (whole || 1));
      runtime.progress((k + 1) / channels, positivePart(sum, layer));
    }
    return attributionOf(subject, options, seen, Float32Array.from(sum), runtime);
  },

  graph: notOneGraph('ablation-cam'),
};
