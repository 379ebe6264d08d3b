import type { Builder } from '../graph/builder';
import { gradientCam, weighted } from './cam/gradientCam';
import { camOptions } from './cam/options';
import type { Method } from './method';

/**
 * α = g²/(2g² + ΣA·g³ + 1e-6), 0 where g is 0; w_k = Σ α·ReLU(g) (Chattopadhay et al. 2018, for a score that is the
 * exponential of the logit).
 */
const rule = (b: Builder, activations: string, gradients: string): string => {
  const square = b.mul(gradients, gradients);
  const cube = b.mul(square, gradients);
  const denominator = b.add(b.add(b.scale(square, 2), b.mul(b.sum(activations, [1]), cube)), b.float(1e-6));
  const alpha = b.op('Where', [b.op('Equal', [gradients, b.float(0)]), b.float(0), b.div(square, denominator)]);
  return weighted(b, b.sum(b.mul(alpha, b.op('Relu', [gradients])), [1]), activations);
};

export const gradCamPlusPlus: Method = {
  info: {
    id: 'grad-cam++',
    title: 'Grad-CAM++',
    summary: 'Grad-CAM with weights that give every place of an object its due, however many there are.',
    paper: {
      title: 'Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks',
      url: 'https://arxiv.org/abs/1710.11063',
    },
    family: 'cam',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: camOptions,
  },

  explain: (subject, options, runtime) => gradientCam('grad-cam++', rule, subject, options, runtime),
};
