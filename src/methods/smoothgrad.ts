import type { Method } from './method';
import { notOneGraph } from './notOneGraph';
import { noiseOptions } from './sampling/noise';
import { noisyGradients } from './sampling/noisyGradients';

/** Mean of ∂S/∂x at x + N(0, σ²) (Smilkov et al. 2017). */
export const smoothGrad: Method = {
  info: {
    id: 'smoothgrad',
    title: 'SmoothGrad',
    summary:
      'The mean gradient of noisy copies of the input: what stays when the gradient’s own noise is averaged out.',
    paper: { title: 'SmoothGrad: removing noise by adding noise', url: 'https://arxiv.org/abs/1706.03825' },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: noiseOptions(0.15),
  },

  explain: (subject, options, runtime) => noisyGradients(subject, options, runtime, (mean) => mean),
  graph: notOneGraph('smoothgrad'),
};
