import { type FloatArray, floatArray } from '../graph/ndarray';
import { extract } from '../graph/prune';
import { castTo } from '../ops/common';
import { activationsOf, addChannel, attributionOf, compileScore, computeInput, positivePart } from './cam/forwardCam';
import { camOptions } from './cam/options';
import { upsample } from './cam/spatial';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';

/**
 * H_k = A^k, interpolated to the input and scaled to 0…1; w = softmax over k of f(x ⊙ H_k) − f(0); Σ_k w_k A^k (Wang et
 * al. 2020). A channel that is the same everywhere masks nothing and is left out. f(0) cancels in the softmax.
 */
export const scoreCam: Method = {
  info: {
    id: 'score-cam',
    title: 'Score-CAM',
    summary:
      'The last feature maps, each weighed by the score of the input seen through it as a mask. Needs no gradients; runs the model once a channel.',
    paper: {
      title: 'Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks',
      url: 'https://arxiv.org/abs/1910.01279',
    },
    family: 'cam',
    signed: false,
    needs: 'forward',
    layers: false,
    options: camOptions,
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const seen = await activationsOf(subject, options, runtime);
    const { graph, score, feeds, input } = subject;
    const { layer, rows } = seen;
    const [channels, places] = rows.shape;
    const scoreThrough = await compileScore(
      subject,
      `score-cam/${score.output}/${input}/${layer.locations.join('x')}`,
      () =>
        computeInput(extract(graph, [], [score.output]), input, (b) => {
          const image = b.input('image', b.dtype(input), b.shape(input));
          const map = b.input('map', 'float32', [1, places]);
          const large = b.reshape(upsample(b, map, layer.locations, layer.input), layer.inputMap);
          const axes = b.ints(layer.inputMap.map((_, axis) => axis));
          const low = b.op('ReduceMin', [large, axes]);
          const mask = b.div(b.sub(large, low), b.sub(b.op('ReduceMax', [large, axes]), low));
          return b.mul(image, castTo(b, mask, b.dtype(image)));
        }),
      runtime,
      seen.scoreOf,
    );
    const image = feeds.get(input) as FloatArray;
    // The softmax as it grows: weights relative to the highest score so far.
    const sum = new Float64Array(places);
    let total = 0;
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < channels; k++) {
      const row = rows.data.slice(k * places, (k + 1) * places);
      if (row.every((value) => value === row[0])) continue;
      const reached = await scoreThrough(image, floatArray(row, [1, places]));
      if (reached > highest) {
        const shrink = Math.exp(highest - reached);
        sum.forEach((part, place) => {
          sum[place] = part * shrink;
        });
        total *= shrink;
        highest = reached;
      }
      const weight = Math.exp(reached - highest);
      total += weight;
      addChannel(sum, rows, k, weight);
      runtime.progress((k + 1) / channels, positivePart(sum, layer));
    }
    const raw = Float32Array.from(sum, (part) => (total > 0 ? part / total : 0));
    return attributionOf(subject, options, seen, raw, runtime);
  },

  graph: notOneGraph('score-cam'),
};
