import type { Method, MethodInfo } from './method';
import { relevanceMethod } from './relevance/explain';
import { zeroRule } from './relevance/rules';

const info: MethodInfo = {
  id: 'attn-lrp',
  title: 'AttnLRP',
  summary:
    'Relevance propagation made for transformers: attention weights receive relevance too. Softmax is expanded to first order, both factors of a product get half, activations pass relevance on, normalisations divide by a constant. Biases keep a share, which is reported.',
  paper: {
    title: 'AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for Transformers (ICML 2024)',
    url: 'https://arxiv.org/abs/2402.05602',
  },
  family: 'relevance',
  signed: true,
  needs: 'reverse',
  layers: false,
  options: [],
};

/**
 * AttnLRP (Achtibat et al. 2024) without stabilisers: relevance stays a factor of the value it belongs to, and nothing
 * is divided.
 */
const rules = relevanceMethod(info, () => ({
  name: info.id,
  choose: () => ({
    composite: { first: [], layers: [['any', zeroRule]] },
    stabiliser: 0,
    products: 'halves',
    sums: 'contributions',
  }),
}));

/** AttnLRP, also of attention weights. */
export const attnLrp: Method = {
  ...rules,
  async attention(subject, weights, options, runtime) {
    return (await rules.explain({ ...subject, at: weights }, options, runtime)).map;
  },
};
