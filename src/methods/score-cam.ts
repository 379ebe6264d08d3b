import { elementCount } from '../graph/tensor';
import { activationsOf, addChannel, attributionOf, positivePart } from './cam/forwardCam';
import { camOptions } from './cam/options';
import { enlarged } from './cam/spatial';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { explainedValue } from './perturbation/explained';
import { openScorer } from './perturbation/scorer';

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
    const { layer, rows } = seen;
    const [channels, places] = rows.shape;
    const { of, value } = await explainedValue({ ...subject, at: subject.input }, runtime);
    const count = elementCount(layer.inputMap);
    const locations = { shape: value.shape, grid: layer.inputMap, count, channels: undefined };
    const hidden = new Float32Array(value.data.length);
    const scorer = await openScorer(subject, { of, value, locations, hidden }, runtime);
    const row = (channel: number): Float32Array => rows.data.subarray(channel * places, (channel + 1) * places);
    const varying = Array.from(Array(channels).keys()).filter((k) => row(k).some((part) => part !== row(k)[0]));
    const maskOf = (channel: number): Float32Array => {
      const large = enlarged(row(channel), layer.locations, layer.input);
      const low = large.reduce((least, part) => Math.min(least, part), Number.POSITIVE_INFINITY);
      const high = large.reduce((most, part) => Math.max(most, part), Number.NEGATIVE_INFINITY);
      return large.map((part) => (part - low) / (high - low));
    };
    // The softmax as it grows: weights relative to the highest score so far.
    const sum = new Float64Array(places);
    let total = 0;
    let highest = Number.NEGATIVE_INFINITY;
    let done = 0;
    for await (const piece of scorer.scores(varying, varying.length, maskOf)) {
      for (const { item, score } of piece) {
        if (score > highest) {
          const shrink = Math.exp(highest - score);
          for (let place = 0; place < places; place++) sum[place] *= shrink;
          total *= shrink;
          highest = score;
        }
        const weight = Math.exp(score - highest);
        total += weight;
        addChannel(sum, rows, item, weight);
      }
      done += piece.length;
      runtime.progress(done / varying.length, () => positivePart(sum, layer));
    }
    const raw = Float32Array.from(sum, (part) => (total > 0 ? part / total : 0));
    return attributionOf(subject, options, seen, raw, runtime);
  },

  graph: notOneGraph('score-cam'),
};
