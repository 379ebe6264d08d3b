import { judgeMasked } from './masked';
import type { Metric } from './metric';

/** 100 where o > p; its mean over images is the share of images whose probability rises. */
export const averageIncrease: Metric = {
  info: {
    id: 'average-increase',
    title: 'Average increase',
    summary: 'The share of images, in per cent, whose probability rises when they are multiplied by their map.',
    paper: {
      title: 'Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks',
      url: 'https://arxiv.org/abs/1710.11063',
    },
    better: 'higher',
    needs: ['model'],
    options: [],
  },
  judge: (judged, _options, runtime) => judgeMasked(judged, runtime, ({ whole, masked }) => (masked > whole ? 100 : 0)),
};
