import { EMPTY_MASK, FLAT_MAP, isFlat, maskOf, maskSize } from './evidence';
import { type Metric, undefinedFor } from './metric';

/** 1 where any location of the highest value lies in the mask. */
export const pointingGame: Metric = {
  info: {
    id: 'pointing-game',
    title: 'Pointing game',
    summary: 'Whether the most relevant location lies in the evidence; over images, the share of hits.',
    paper: { title: 'Top-down Neural Attention by Excitation Backprop', url: 'https://arxiv.org/abs/1608.00507' },
    better: 'higher',
    needs: ['mask'],
    options: [],
  },

  async judge(judged) {
    if (maskSize(judged) === 0) return undefinedFor(EMPTY_MASK);
    if (isFlat(judged)) return undefinedFor(FLAT_MAP);
    const mask = maskOf(judged);
    const highest = judged.map.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return { value: judged.map.some((value, i) => value === highest && mask[i] !== 0) ? 1 : 0 };
  },
};
