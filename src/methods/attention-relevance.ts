import { type FloatArray, floatArray } from '../graph/ndarray';
import { explainTokens, type TokenRule } from './attention/explain';
import { identity, meanOverHeads } from './attention/maps';
import { gradientXInput } from './gradient-x-input';
import type { Attribution, Method, MethodInfo } from './method';

const info: MethodInfo = {
  id: 'attention-relevance',
  title: 'Attention Relevance',
  summary:
    'Attention weights times the gradient of the score, the positive part of it averaged over heads and gathered over layers: which patches or tokens the score draws on by attention. Different for every class.',
  paper: {
    title:
      'Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers (ICCV 2021)',
    url: 'https://arxiv.org/abs/2103.15679',
  },
  family: 'attention',
  signed: false,
  needs: 'reverse',
  layers: false,
  options: [],
};

/** R ← R + Ā·R from R = I, with Ā the mean over heads of (∇A ⊙ A)⁺ (Chefer, Gur, Wolf 2021). */
const relevance: TokenRule = (b, layers, tokens, item) =>
  layers.reduce(
    (flow, { weights, gradient }) => {
      const positive = b.op('Relu', [b.mul(gradient, weights)]);
      return b.add(flow, b.matmul(meanOverHeads(b, positive, item), flow));
    },
    identity(b, tokens),
  );

/** Generic attention relevance of self-attention; of the weights of one: (∇A ⊙ A)⁺. */
export const attentionRelevance: Method = {
  info,

  async explain(subject, _options, runtime): Promise<Attribution> {
    const { all, ...attribution } = await explainTokens(subject, info.id, relevance, runtime);
    return attribution;
  },

  async attention(subject, weights, _options, runtime): Promise<FloatArray> {
    const { map } = await gradientXInput.explain({ ...subject, at: weights }, {}, runtime);
    return floatArray(
      map.data.map((value) => Math.max(0, value)),
      map.shape,
    );
  },
};
