import { type Metric, undefinedFor } from './metric';
import { mean } from './statistics';

/** Shares of the tokens that are taken out, one after the other. */
const SHARES = [0.01, 0.05, 0.1, 0.2, 0.5];

/**
 * Comprehensiveness (DeYoung et al. 2020): the mean of p(text) − p(text without its ⌈share·n⌉ most relevant tokens) over
 * the paper's shares.
 */
export const tokenDeletion: Metric = {
  info: {
    id: 'token-deletion',
    title: 'Token deletion',
    summary:
      'Comprehensiveness: how much of its probability the target loses, on average, when the most relevant 1, 5, 10, 20 and 50 % of the tokens are taken out of the text.',
    paper: {
      title: 'ERASER: A Benchmark to Evaluate Rationalized NLP Models',
      url: 'https://arxiv.org/abs/1911.03429',
    },
    better: 'higher',
    needs: ['model', 'tokens'],
    options: [],
  },

  async judge({ map, input }, _options, { tokens, scores, checkCancelled, progress }) {
    if (!tokens) return undefinedFor('what is explained is no class of a text');
    const { words } = tokens;
    if (words.length < 2) return undefinedFor('the text has a single token');
    // Of equal ones the first comes first: sorting keeps their order.
    const ordered = words.toSorted((a, b) => map[b] - map[a]);
    const whole = (await scores(1, () => input)).probability[0];
    const left: number[] = [];
    for (const share of SHARES) {
      checkCancelled();
      left.push((await tokens.without(ordered.slice(0, Math.ceil(share * words.length)))).probability);
      progress(left.length / SHARES.length);
    }
    return {
      value: mean(left.map((probability) => whole - probability)),
      details: { whole, left, shares: SHARES, tokens: words.length },
    };
  },
};
