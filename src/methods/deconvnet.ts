import type { FloatArray } from '../graph/ndarray';
import { gradientOf } from './gradient';
import type { Attribution, Method } from './method';
import { deconvolutionTable, requireRectifiers } from './rectifiers';

/** See {@link deconvolutionTable}. */
export const deconvnet: Method = {
  info: {
    id: 'deconvnet',
    title: 'Deconvnet',
    summary:
      'The score projected back through the layers: at every rectifier only what is positive passes, whether the unit was active or not.',
    paper: { title: 'Visualizing and Understanding Convolutional Networks', url: 'https://arxiv.org/abs/1311.2901' },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: [],
  },

  async explain(subject, _options, runtime): Promise<Attribution> {
    const of = subject.at ?? subject.input;
    requireRectifiers(subject.graph, subject.score.output, 'deconvnet');
    const { score, output, gradients } = await gradientOf(subject, [of], runtime, { table: deconvolutionTable });
    return { of, map: gradients.get(of) as FloatArray, score, output };
  },
};
