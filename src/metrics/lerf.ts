import { areaUnder, baselineOption, removalCurve, stepOption } from './flipping';
import type { Metric } from './metric';

/** Pixel flipping, the least relevant locations first; and how far it lies above the other order. */
export const lerf: Metric = {
  info: {
    id: 'lerf',
    title: 'Least relevant first',
    summary:
      'Pixel flipping from the least relevant location on: the area under the probability, divided by the number of steps. `difference` is LeRF − MoRF, which a random map brings to 0.',
    paper: {
      title: 'Evaluating the Visualization of What a Deep Neural Network Has Learned',
      url: 'https://arxiv.org/abs/1509.06321',
    },
    better: 'higher',
    needs: ['model'],
    axes: { x: 'share removed, least relevant first', y: 'probability' },
    options: [stepOption, baselineOption],
  },

  async judge(judged, options, runtime) {
    const curve = await removalCurve(judged, 'least', options, runtime);
    const value = areaUnder(curve);
    const opposite = areaUnder(await removalCurve(judged, 'most', options, runtime));
    return { value, curve: [...curve], details: { difference: value - opposite } };
  },
};
