import { PrismError } from '../graph/errors';
import type { FloatArray } from '../graph/ndarray';
import type { Attribution, Method, MethodInfo, Options } from './method';
import type { SharingOptions } from './sharing-ratio/compile';
import { openSharing } from './sharing-ratio/explanation';
import { sharingFlow } from './sharing-ratio/followed';
import { singleGraph } from './sharing-ratio/single';

const info: MethodInfo = {
  id: 'srd',
  title: 'Sharing Ratio Decomposition',
  summary:
    'How much of every pixel stands in the feature vectors that made the decision, layer by layer: each vector is shared out over its sources by what they contributed, inactive channels included.',
  paper: {
    title: 'Respect the model: Fine-grained and Robust Explanation with Sharing Ratio Decomposition (ICLR 2024)',
    url: 'https://arxiv.org/abs/2402.03348',
  },
  family: 'pfv',
  signed: true,
  needs: 'reverse',
  layers: true,
  options: [
    {
      key: 'head',
      title: 'Head',
      help: 'How the class score becomes relevance of the last layer. gap: each location’s own part of the score. gradcam: Grad-CAM at the last convolution, as the authors do for fully connected heads. srd: the fully connected layers are decomposed like all others; maps of all classes are then equal up to the score. auto: gradcam for fully connected heads, gap otherwise.',
      type: 'choice',
      default: 'auto',
      choices: ['auto', 'gap', 'gradcam', 'srd'],
    },
    {
      key: 'contrastive',
      title: 'Contrastive',
      help: 'Subtract the mean relevance of the last layer: what speaks for the class more than the average location does. The sum is then 0.',
      type: 'boolean',
      default: false,
    },
    {
      key: 'class-token',
      title: 'Class token',
      help: 'For transformers whose head reads a class token. directed: in the last attention the token’s sources get their part of the class logit above the mean logit; maps of different classes differ. plain: the token’s vector is decomposed like all others; maps of all classes are equal up to the score. redistribute: as plain, and what the token itself keeps goes to the patches in proportion.',
      type: 'choice',
      default: 'directed',
      choices: ['directed', 'plain', 'redistribute'],
    },
    {
      key: 'official',
      title: 'As the published code',
      help: 'Leave epsilon out of the folded bias of batch normalisation, as the published code does. The difference is about 1e-5 of the map’s maximum; it shows only in models that still have their batch normalisation.',
      type: 'boolean',
      default: false,
    },
  ],
};

const sharingOptions = (options: Options): SharingOptions => ({
  head: options.head as SharingOptions['head'],
  classToken: options['class-token'] === 'directed' ? 'directed' : 'plain',
  official: options.official === true,
});

const unreached = (value: string): PrismError =>
  new PrismError('PFV_UNKNOWN_LAYER', `no relevance passes ${value}; \`layers\` lists the values that have some`, {
    value,
  });

/** Sharing Ratio Decomposition (Han, Kim, Kwak, ICLR 2024). */
export const srd: Method = {
  info,

  async explain(subject, options, runtime): Promise<Attribution> {
    const { score, at, erf, input } = subject;
    const explanation = await openSharing(subject, score.output, sharingOptions(options), runtime);
    runtime.checkCancelled();
    const relevance = await explanation.relevance(score, options);
    const common = { score: relevance.score, output: explanation.output };
    if (erf) {
      const map = await explanation.receptiveField(erf.value, erf.position);
      const actual = map.data.reduce((total, value) => total + value, 0);
      return {
        ...common,
        of: input,
        map,
        conservation: { what: 'sum of the receptive field against 1', expected: 1, actual, residual: actual - 1 },
      };
    }
    const of = at ?? input;
    const map: FloatArray | undefined = relevance.maps.get(of);
    if (!map) throw unreached(of);
    return { ...common, of, map, conservation: relevance.conservation };
  },

  open(subject, options, runtime) {
    return openSharing(subject, subject.output, sharingOptions(options), runtime);
  },

  async flow(subject, options, runtime) {
    const flow = await sharingFlow(subject, sharingOptions(options), runtime);
    return options.contrastive === true ? { ...flow, withoutContrast: true } : flow;
  },

  graph({ graph, input, score, at, erf }, options) {
    if (erf)
      throw new PrismError('NOT_ONE_GRAPH', 'a receptive field is not saved as a graph; save the class map instead');
    const of = at ?? input;
    const single = singleGraph(graph, input, score.output, of, sharingOptions(options), {
      contrastive: options.contrastive === true,
      redistribute: options['class-token'] === 'redistribute',
    });
    if (single) return single;
    throw unreached(of);
  },
};
