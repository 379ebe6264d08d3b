import type { Method } from './method';
import { notOneGraph } from './notOneGraph';
import { noiseOptions } from './sampling/noise';
import { noisyGradients } from './sampling/noisyGradients';

/** Mean of (∂S/∂x)² at x + N(0, σ²) (Hooker et al. 2019). */
export const smoothGradSquared: Method = {
  info: {
    id: 'smoothgrad-sq',
    title: 'SmoothGrad²',
    summary:
      'The mean squared gradient of noisy copies of the input: how sensitive the score is to each value, whatever the direction.',
    paper: {
      title: 'A Benchmark for Interpretability Methods in Deep Neural Networks',
      url: 'https://arxiv.org/abs/1806.10758',
    },
    family: 'gradient',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: noiseOptions(0.15),
  },

  explain: (subject, options, runtime) => noisyGradients(subject, options, runtime, (_mean, square) => square),
  graph: notOneGraph('smoothgrad-sq'),
};
