import { judgeMasked } from './masked';
import type { Metric } from './metric';

/** 100 · max(0, o − p) / (1 − p); its mean over images is the average gain. */
export const averageGain: Metric = {
  info: {
    id: 'average-gain',
    title: 'Average gain',
    summary:
      'How much of what its probability lacks, in per cent, the target gains when the image is multiplied by its map; a fall counts as 0.',
    paper: {
      title: 'Opti-CAM: Optimizing saliency maps for interpretability',
      url: 'https://arxiv.org/abs/2301.07002',
    },
    better: 'higher',
    needs: ['model'],
    options: [],
  },
  judge: (judged, _options, runtime) =>
    judgeMasked(judged, runtime, ({ whole, masked }) => (100 * Math.max(0, masked - whole)) / (1 - whole)),
};
