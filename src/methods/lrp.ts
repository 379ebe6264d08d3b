import type { MethodInfo } from './method';
import { COMPOSITES, type CompositeName } from './relevance/composites';
import { relevanceMethod } from './relevance/explain';
import { STABILISER } from './relevance/rules';

const info: MethodInfo = {
  id: 'lrp',
  title: 'Layer-wise Relevance Propagation',
  summary:
    'The score is shared out backward, layer by layer, in proportion to what every input of a neuron contributed. Activations pass relevance on unchanged, residual sums split it by contribution; of a product, a gate or an attention weight counts as constant and what it lets pass takes all. Biases keep a share, which is reported.',
  paper: {
    title: 'On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation',
    url: 'https://doi.org/10.1371/journal.pone.0130140',
  },
  family: 'relevance',
  signed: true,
  needs: 'reverse',
  layers: false,
  options: [
    {
      key: 'composite',
      title: 'Rules',
      help: 'Which rule treats which layer. epsilon: ε everywhere. epsilon-plus: z⁺ for convolutions (only what raises a neuron counts), ε for fully connected layers and transformers. epsilon-gamma-box: γ for convolutions, zᴮ for the first one. epsilon-alpha2beta1-flat: α2β1 for convolutions, equal shares in the first layer.',
      type: 'choice',
      default: 'epsilon-plus',
      choices: Object.keys(COMPOSITES),
    },
    {
      key: 'epsilon',
      title: 'ε',
      help: 'Added to the denominators of the ε rule with their sign: the larger, the fewer contributions survive and the more relevance is absorbed. 0 is the rule LRP-0.',
      type: 'number',
      default: 1e-6,
      min: 0,
    },
    {
      key: 'gamma',
      title: 'γ',
      help: 'How much more the γ rule favours contributions in the direction of the output; used by epsilon-gamma-box.',
      type: 'number',
      default: 0.25,
      min: 0,
    },
    {
      key: 'canonical',
      title: 'Fold normalisation',
      help: 'Batch normalisation counts as part of the layer before it, and a residual sum shares relevance by contribution. Off: relevance passes batch normalisation unchanged and goes to every branch of a sum in full, so that its total means nothing; to compare with maps that were made without canonical form.',
      type: 'boolean',
      default: true,
    },
  ],
};

/** Layer-wise relevance propagation (Bach et al. 2015) by composites of rules. */
export const lrp = relevanceMethod(info, (options) => {
  const name = options.composite as CompositeName;
  const values = { epsilon: options.epsilon as number, gamma: options.gamma as number };
  const sums = options.canonical === false ? 'copies' : 'contributions';
  return {
    name: `lrp/${name}/${values.epsilon}/${values.gamma}/${sums}`,
    choose: () => ({ composite: COMPOSITES[name](values), stabiliser: STABILISER, products: 'gates', sums }),
  };
});
