import type { Builder } from '../graph/builder';
import { gradientCam, weighted } from './cam/gradientCam';
import { camOptions } from './cam/options';
import type { Method } from './method';

/** w_k = mean of g over the locations; Σ_k w_k A^k (Selvaraju et al. 2017). */
export const gradCamRule = (b: Builder, activations: string, gradients: string): string =>
  weighted(b, b.mean(gradients, [1]), activations);

export const gradCam: Method = {
  info: {
    id: 'grad-cam',
    title: 'Grad-CAM',
    summary: 'The last feature maps, each weighed by how much the score rises with it.',
    paper: {
      title: 'Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization',
      url: 'https://arxiv.org/abs/1610.02391',
    },
    family: 'cam',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: camOptions,
  },

  explain: (subject, options, runtime) => gradientCam('grad-cam', gradCamRule, subject, options, runtime),
};
