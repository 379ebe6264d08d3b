import { floatArray } from '../graph/ndarray';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { baselineOf, baselineOption } from './sampling/baseline';
import { gaussLegendre } from './sampling/gaussLegendre';
import { gradientsAt } from './sampling/gradients';
import { evaluate, feedsWith, type Varied, varied } from './sampling/varied';
import { accumulate, combined, product, sumOf } from './sampling/vectors';

/** Wishes for a residual are given up beyond this many points. */
const MAX_STEPS = 12800;

/** (x − x') ⊙ ∫ ∇S(x' + α(x − x')) dα by quadrature; sums in double precision. */
async function integrate(variable: Varied, baseline: Float32Array, steps: number): Promise<Float32Array> {
  const { runtime, x } = variable;
  const { points, weights } = gaussLegendre(steps);
  const total = new Float64Array(x.data.length);
  const way = combined(x.data, baseline, -1);
  const pointOf = (step: number): Float32Array => combined(baseline, way, points[step]);
  let done = 0;
  for await (const piece of gradientsAt(variable, points.keys(), steps, pointOf)) {
    for (const { item: step, gradient } of piece) accumulate(total, gradient, weights[step]);
    done += piece.length;
    runtime.progress(done / steps, () => floatArray(product(way, total), x.shape));
  }
  return product(way, total);
}

/** Integrated gradients (Sundararajan, Taly, Yan 2017) by Gauss–Legendre quadrature along the straight path. */
export const integratedGradients: Method = {
  info: {
    id: 'integrated-gradients',
    title: 'Integrated Gradients',
    summary:
      'The gradient collected on the way from a baseline to the input: contributions that add up to how far the score moved.',
    paper: { title: 'Axiomatic Attribution for Deep Networks', url: 'https://arxiv.org/abs/1703.01365' },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: [
      {
        key: 'steps',
        title: 'Steps',
        help: 'Points on the way from the baseline to the input at which the gradient is taken.',
        type: 'integer',
        default: 50,
        min: 1,
        max: MAX_STEPS,
      },
      baselineOption,
      {
        key: 'tolerance',
        title: 'Tolerance',
        help: `Doubles the steps until what is missing from the sum is at most this share of the score’s change, but to no more than ${MAX_STEPS}. 0 keeps the steps as they are.`,
        type: 'number',
        default: 0,
        min: 0,
        max: 1,
      },
    ],
  },

  async explain(given, options, host): Promise<Attribution> {
    const variable = await varied(given, host);
    const { subject, runtime, x } = variable;
    const baseline = baselineOf(x, options.baseline as string, subject.input, runtime, subject.channels);
    const { score, output } = await evaluate(subject, runtime);
    const start = await evaluate(subject, runtime, feedsWith(subject, x, baseline));
    const expected = score - start.score;
    const wish = options.tolerance as number;
    for (let steps = options.steps as number; ; steps *= 2) {
      const data = await integrate(variable, baseline, steps);
      const actual = sumOf(data);
      const residual = actual - expected;
      if (wish > 0 && Math.abs(residual) > wish * Math.abs(expected) && 2 * steps <= MAX_STEPS) continue;
      return {
        of: subject.input,
        map: floatArray(data, x.shape),
        score,
        output,
        conservation: {
          what: `sum of ${steps} steps against the score’s change from the baseline`,
          expected,
          actual,
          residual,
        },
      };
    }
  },

  graph: notOneGraph('integrated-gradients'),
};
