import { areaUnder, baselineOption, removalCurve, stepOption } from './flipping';
import type { Metric } from './metric';

/** The area under the probability while locations are removed, the most relevant first. */
export const deletion: Metric = {
  info: {
    id: 'deletion',
    title: 'Deletion',
    summary:
      'How fast the probability falls when the most relevant locations are removed first: the area under the curve.',
    paper: {
      title: 'RISE: Randomized Input Sampling for Explanation of Black-box Models',
      url: 'https://arxiv.org/abs/1806.07421',
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
