import { EMPTY_MASK, maskOf, maskSize, shares, ZERO_MAP } from './evidence';
import { type Metric, undefinedFor } from './metric';

/** Σ_mask |a| / Σ |a|. */
export const attributionLocalisation: Metric = {
  info: {
    id: 'attribution-localisation',
    title: 'Attribution localisation',
    summary:
      'The share of absolute relevance inside the evidence. A map without knowledge gets the mask’s share of the image.',
    paper: {
      title: 'Towards Best Practice in Explaining Neural Network Decisions with LRP',
      url: 'https://arxiv.org/abs/1910.09840',
    },
    better: 'higher',
    needs: ['mask'],
    options: [],
  },

  async judge(judged) {
    const size = maskSize(judged);
    if (size === 0) return undefinedFor(EMPTY_MASK);
    const [all, inside] = shares(judged.map, maskOf(judged), Math.abs);
    if (all === 0) return undefinedFor(ZERO_MAP);
    return { value: inside / all, details: { maskShare: size / judged.map.length } };
  },
};
