import { areaUnder, baselineOption, removalCurve, stepOption } from './flipping';
import type { Metric } from './metric';

/** Pixel flipping, the most relevant locations first. */
export const morf: Metric = {
  info: {
    id: 'morf',
    title: 'Most relevant first',
    summary:
      'Pixel flipping from the most relevant location on: the area under the probability, divided by the number of steps.',
    paper: {
      title: 'Evaluating the Visualization of What a Deep Neural Network Has Learned',
      url: 'https://arxiv.org/abs/1509.06321',
    },
    better: 'lower',
    needs: ['model'],
    axes: { x: 'share removed, most relevant first', y: 'probability' },
    options: [stepOption, baselineOption],
  },

  async judge(judged, options, runtime) {
    const curve = await removalCurve(judged, 'most', options, runtime);
    return { value: areaUnder(curve), curve: [...curve] };
  },
};
