import type { FloatArray } from '../graph/ndarray';
import { gradientOf } from './gradient';
import type { Attribution, Method } from './method';
import { guidedTable, requireRectifiers } from './rectifiers';

/** See {@link guidedTable}. */
export const guidedBackprop: Method = {
  info: {
    id: 'guided-backprop',
    title: 'Guided Backpropagation',
    summary: 'The gradient of what excites the score: at every rectifier only positive gradients of active units pass.',
    paper: { title: 'Striving for Simplicity: The All Convolutional Net', url: 'https://arxiv.org/abs/1412.6806' },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: [],
  },

  async explain(subject, _options, runtime): Promise<Attribution> {
    const of = subject.at ?? subject.input;
    requireRectifiers(subject.graph, subject.score.output, 'guided-backprop');
    const { score, output, gradients } = await gradientOf(subject, [of], runtime, { table: guidedTable });
    return { of, map: gradients.get(of) as FloatArray, score, output };
  },
};
