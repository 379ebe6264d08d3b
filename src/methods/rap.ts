import type { MethodInfo } from './method';
import { RELATIVE } from './relevance/composites';
import { relevanceMethod } from './relevance/explain';
import { STABILISER } from './relevance/rules';

const info: MethodInfo = {
  id: 'rap',
  title: 'Relative Attributing Propagation',
  summary:
    'Relevance by how much each neuron influences the next, relative to the others: in every layer what all got on average too much is taken from each alike, so that positive values are what mattered and negative ones what did not. Sums to the score.',
  paper: {
    title:
      'Relative Attributing Propagation: Interpreting the Comparative Contributions of Individual Units (AAAI 2020)',
    url: 'https://arxiv.org/abs/1904.00605',
  },
  family: 'relevance',
  signed: true,
  needs: 'reverse',
  layers: false,
  options: [],
};

/** Relative attributing propagation (Nam et al. 2020), relevance of either sign shared alike. */
export const rap = relevanceMethod(info, () => ({
  name: info.id,
  choose: () => ({ composite: RELATIVE, stabiliser: STABILISER, products: 'gates', sums: 'contributions' }),
}));
