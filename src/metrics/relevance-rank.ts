import { EMPTY_MASK, FLAT_MAP, isFlat, maskOf, maskSize } from './evidence';
import { descending } from './layout';
import { type Metric, undefinedFor } from './metric';

/** |top-K ∩ mask| / K, K = |mask|. */
export const relevanceRank: Metric = {
  info: {
    id: 'relevance-rank',
    title: 'Relevance rank accuracy',
    summary: 'Of as many most relevant locations as the evidence has, the share that lies in it.',
    paper: {
      title: 'CLEVR-XAI: A benchmark dataset for the ground truth evaluation of neural network explanations',
      url: 'https://arxiv.org/abs/2003.07258',
    },
    better: 'higher',
    needs: ['mask'],
    options: [],
  },

  async judge(judged) {
    const size = maskSize(judged);
    if (size === 0) return undefinedFor(EMPTY_MASK);
    if (isFlat(judged)) return undefinedFor(FLAT_MAP);
    const mask = maskOf(judged);
    const hits = descending(judged.map)
      .subarray(0, size)
      .reduce((count, location) => count + mask[location], 0);
    return { value: hits / size };
  },
};
