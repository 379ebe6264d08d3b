import { judgeMasked } from './masked';
import type { Metric } from './metric';

/** 100 · max(0, p − o) / p; its mean over images is the average drop. */
export const averageDrop: Metric = {
  info: {
    id: 'average-drop',
    title: 'Average drop',
    summary:
      'How much of its probability, in per cent, the target loses when the image is multiplied by its map; a rise counts as 0.',
    paper: {
      title: 'Grad-CAM++: Improved Visual Explanations for Deep Convolutional Networks',
      url: 'https://arxiv.org/abs/1710.11063',
    },
    better: 'lower',
    needs: ['model'],
    options: [],
  },
  judge: (judged, _options, runtime) =>
    judgeMasked(judged, runtime, ({ whole, masked }) => (100 * Math.max(0, whole - masked)) / whole),
};
