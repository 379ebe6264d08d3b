import type { Builder } from '../graph/builder';
import { gradientCam, weighted } from './cam/gradientCam';
import { camOptions } from './cam/options';
import type { Method } from './method';

/** Σ_k g ⊙ A^k (Draelos, Carin 2020). */
const rule = (b: Builder, activations: string, gradients: string): string => weighted(b, gradients, activations);

export const hiResCam: Method = {
  info: {
    id: 'hires-cam',
    title: 'HiResCAM',
    summary: 'Feature maps weighed by the gradient place by place, so that the map shows where the model looked.',
    paper: {
      title: 'Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks',
      url: 'https://arxiv.org/abs/2011.08891',
    },
    family: 'cam',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: camOptions,
  },

  explain: (subject, options, runtime) => gradientCam('hires-cam', rule, subject, options, runtime),
};
