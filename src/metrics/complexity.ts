import { ZERO_MAP } from './evidence';
import { type Metric, undefinedFor } from './metric';
import { sum } from './statistics';

/** −Σ p·ln p, p = |a| / Σ|a|: from 0 for a single location to ln n for an even map. */
export const complexity: Metric = {
  info: {
    id: 'complexity',
    title: 'Complexity',
    summary: 'The entropy, in nats, of the shares that the locations have of the absolute relevance.',
    paper: {
      title: 'Evaluating and Aggregating Feature-based Model Explanations',
      url: 'https://arxiv.org/abs/2005.00631',
    },
    better: 'lower',
    needs: [],
    options: [],
  },

  async judge({ map }) {
    const sizes = map.map(Math.abs);
    const total = sum(sizes);
    if (total === 0) return undefinedFor(ZERO_MAP);
    const entropy = sizes.reduce((part, size) => (size > 0 ? part - (size / total) * Math.log(size / total) : part), 0);
    return { value: entropy };
  },
};
