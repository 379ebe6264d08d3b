import type { Method } from './method';
import { notOneGraph } from './notOneGraph';
import { noiseOptions } from './sampling/noise';
import { noisyGradients } from './sampling/noisyGradients';

/** Variance of ∂S/∂x over x + N(0, σ²), divided by their number (Adebayo et al. 2018). */
export const varGrad: Method = {
  info: {
    id: 'vargrad',
    title: 'VarGrad',
    summary: 'How much the gradient of each input value varies over noisy copies of the input.',
    paper: {
      title: 'Local Explanation Methods for Deep Neural Networks Lack Sensitivity to Parameter Values',
      url: 'https://arxiv.org/abs/1810.03307',
    },
    family: 'gradient',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: noiseOptions(0.15),
  },

  explain: (subject, options, runtime) =>
    noisyGradients(subject, options, runtime, (mean, square) => Math.max(0, square - mean * mean)),
  graph: notOneGraph('vargrad'),
};
