import { explainTokens, type TokenRule } from './attention/explain';
import { identity, meanOverHeads } from './attention/maps';
import type { Attribution, Method, MethodInfo } from './method';

const info: MethodInfo = {
  id: 'attention-rollout',
  title: 'Attention Rollout',
  summary:
    'How much of every patch or token reaches the one that decides, if attention weights (mean over heads) and skip connections were all that moves information. The same for every class.',
  paper: {
    title: 'Quantifying Attention Flow in Transformers (ACL 2020)',
    url: 'https://arxiv.org/abs/2005.00928',
  },
  family: 'attention',
  signed: false,
  needs: 'reverse',
  layers: false,
  options: [],
};

/** Â_L · … · Â_1 with Â = (mean over heads of A + I), rows divided by their sums (Abnar, Zuidema 2020). */
const rollout: TokenRule = (b, layers, tokens, item) => {
  const skip = identity(b, tokens);
  return layers
    .map(({ weights }) => {
      const both = b.add(meanOverHeads(b, weights, item), skip);
      return b.div(both, b.sum(both, [1]));
    })
    .reduce((flow, layer) => b.matmul(layer, flow));
};

/** Attention rollout; rows add up to 1, of which tokens that are no patches keep a share. */
export const attentionRollout: Method = {
  info,

  async explain(subject, _options, runtime): Promise<Attribution> {
    const { all, ...attribution } = await explainTokens(subject, info.id, rollout, runtime);
    const actual = attribution.map.data.reduce((total, value) => total + value, 0);
    const lost = all - actual;
    return {
      ...attribution,
      conservation: {
        what: 'sum over patches and other tokens against 1',
        expected: 1,
        actual,
        lost,
        residual: all - 1,
      },
    };
  },
};
