import { ZERO_MAP } from './evidence';
import { type Metric, undefinedFor } from './metric';
import { sum } from './statistics';

/** Σ (2i − n − 1)·aᵢ / (n·Σ a) over |a| in ascending order, i from 1: 0 for an even map, near 1 for a single location. */
export const gini: Metric = {
  info: {
    id: 'gini',
    title: 'Sparseness',
    summary:
      'The Gini index of the absolute relevances: 0 where all locations have the same, near 1 where one has all.',
    paper: {
      title: 'Concise Explanations of Neural Networks using Adversarial Training',
      url: 'https://arxiv.org/abs/1810.06583',
    },
    better: 'higher',
    needs: [],
    options: [],
  },

  async judge({ map }) {
    const sizes = map.map(Math.abs).sort();
    const total = sum(sizes);
    if (total === 0) return undefinedFor(ZERO_MAP);
    const count = sizes.length;
    const weighted = sizes.reduce((part, size, i) => part + (2 * (i + 1) - count - 1) * size, 0);
    return { value: weighted / (count * total) };
  },
};
