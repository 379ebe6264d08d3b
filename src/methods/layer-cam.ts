import type { Builder } from '../graph/builder';
import { gradientCam, weighted } from './cam/gradientCam';
import { camOptions } from './cam/options';
import type { Method } from './method';

/** Σ_k ReLU(g) ⊙ A^k (Jiang et al. 2021). */
const rule = (b: Builder, activations: string, gradients: string): string =>
  weighted(b, b.op('Relu', [gradients]), activations);

export const layerCam: Method = {
  info: {
    id: 'layer-cam',
    title: 'Layer-CAM',
    summary: 'Feature maps weighed by the positive gradient place by place: works at early layers too.',
    paper: {
      title: 'LayerCAM: Exploring Hierarchical Class Activation Maps for Localization',
      url: 'https://doi.org/10.1109/TIP.2021.3089943',
    },
    family: 'cam',
    signed: false,
    needs: 'reverse',
    layers: false,
    options: camOptions,
  },

  explain: (subject, options, runtime) => gradientCam('layer-cam', rule, subject, options, runtime),
};
