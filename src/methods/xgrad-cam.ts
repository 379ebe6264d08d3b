import type { Builder } from '../graph/builder';
import { gradientCam, weighted } from './cam/gradientCam';
import { camOptions } from './cam/options';
import type { Method } from './method';

/** w_k = Σ g·A / (Σ A + 1e-7) over the locations (Fu et al. 2020). */
const rule = (b: Builder, activations: string, gradients: string): string => {
  const total = b.add(b.sum(activations, [1]), b.float(1e-7));
  return weighted(b, b.div(b.sum(b.mul(gradients, activations), [1]), total), activations);
};

export const xGradCam: Method = {
  info: {
    id: 'xgrad-cam',
    title: 'XGrad-CAM',
    summary: 'Grad-CAM with weights chosen so that the map’s parts add up to the score as well as they can.',
    paper: {
      title: 'Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs',
      url: 'https://arxiv.org/abs/2008.02312',
    },
    family: 'cam',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: camOptions,
  },

  explain: (subject, options, runtime) => gradientCam('xgrad-cam', rule, subject, options, runtime),
};
