import { layerOf } from './cam/gradientCam';
import { camOptions } from './cam/options';
import type { MethodInfo } from './method';
import { SECTIONAL } from './relevance/composites';
import { relevanceMethod } from './relevance/explain';
import { STABILISER } from './relevance/rules';

const info: MethodInfo = {
  id: 'rsp',
  title: 'Relative Sectional Propagation',
  summary:
    'What Grad-CAM makes of every channel of the last map, for the class and against it, followed down to the input: to the neurons that met it most, less what all of them got alike. Positive values belong to the class, negative ones are hostile to it.',
  paper: {
    title: 'Interpreting Deep Neural Networks with Relative Sectional Propagation (AAAI 2021)',
    url: 'https://arxiv.org/abs/2012.03434',
  },
  family: 'relevance',
  signed: true,
  needs: 'reverse',
  layers: false,
  options: camOptions.filter(({ key }) => key === 'layer'),
};

/** Relative sectional propagation (Nam, Choi, Lee 2021) for one class, from the layer that a class activation map takes. */
export const rsp = relevanceMethod(info, (options, { at: _, ...whole }, runtime) => ({
  name: info.id,
  choose: () => ({ composite: SECTIONAL, stabiliser: STABILISER, products: 'gates', sums: 'positive' }),
  layer: layerOf(whole, options, runtime),
}));
