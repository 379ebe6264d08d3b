import { type FloatArray, floatArray } from '../graph/ndarray';
import { gradientOf } from './gradient';
import type { Attribution, Method } from './method';
import { elementsAt } from './sampling/varied';

/**
 * x ⊙ ∂score/∂x. For a network that is linear around x without biases the sum is the score; how far it is from that is
 * told as the residual.
 */
export const gradientXInput: Method = {
  info: {
    id: 'gradient-x-input',
    title: 'Gradient × Input',
    summary: 'Each input value times the gradient of the score: its contribution to first order.',
    paper: {
      title: 'Not Just a Black Box: Learning Important Features Through Propagating Activation Differences',
      url: 'https://arxiv.org/abs/1605.01713',
    },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: [],
  },

  async explain(subject, _options, runtime): Promise<Attribution> {
    const of = subject.at ?? subject.input;
    const { score, output, gradients } = await gradientOf(subject, [of], runtime);
    const gradient = gradients.get(of) as FloatArray;
    const values = (await elementsAt(subject, of, runtime)).data as Float32Array;
    const map = floatArray(
      gradient.data.map((slope, index) => slope * values[index]),
      gradient.shape,
    );
    const actual = map.data.reduce((total, value) => total + value, 0);
    return {
      of,
      map,
      score,
      output,
      conservation: {
        what: 'sum of gradient × input against the score (equal only without biases)',
        expected: score,
        actual,
        residual: actual - score,
      },
    };
  },
};
