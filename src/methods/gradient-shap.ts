import { PrismError } from '../graph/errors';
import { type FloatArray, floatArray } from '../graph/ndarray';
import type { Attribution, Method } from './method';
import { notOneGraph } from './notOneGraph';
import { baselineOption, baselinesOf } from './sampling/baseline';
import { gradientsAt } from './sampling/gradients';
import { type Noise, noiseOf, noiseOptions } from './sampling/noise';
import { type Random, seeded } from './sampling/random';
import { evaluate, feedsWith, varied } from './sampling/varied';
import { accumulateProducts, combined, sumOf } from './sampling/vectors';

/** The way of one sample from its baseline to the noisy input, and how much of it is gone. */
interface Sample {
  readonly baseline: Float32Array;
  readonly way: Float32Array;
  readonly alpha: number;
}

function* ways(
  x: FloatArray,
  baselines: readonly Float32Array[],
  noise: Noise,
  alphas: Float32Array | undefined,
  random: Random,
): Generator<Sample> {
  let sample = 0;
  for (const added of noise.arrays()) {
    const baseline = baselines[sample % baselines.length];
    const alpha = alphas ? alphas[sample] : random.uniform();
    yield { baseline, alpha, way: combined(combined(x.data, added), baseline, -1) };
    sample++;
  }
}

const pointOf = ({ baseline, way, alpha }: Sample): Float32Array => combined(baseline, way, alpha);

/** E over baselines x', α ~ U(0, 1) and noise ε of (x + ε − x') ⊙ ∇S(x' + α(x + ε − x')) (Lundberg, Lee 2017; Erion et al. 2021). */
export const gradientShap: Method = {
  info: {
    id: 'gradient-shap',
    title: 'GradientSHAP',
    summary:
      'Expected gradients: integrated gradients at random points of the ways from random baselines to noisy copies of the input.',
    paper: { title: 'A Unified Approach to Interpreting Model Predictions', url: 'https://arxiv.org/abs/1705.07874' },
    family: 'gradient',
    signed: true,
    needs: 'reverse',
    layers: false,
    options: [
      ...noiseOptions(0.05),
      {
        ...baselineOption,
        help: `${baselineOption.help} A file may hold several baselines, one behind the other: the samples take them in turn.`,
      },
      {
        key: 'alphas',
        title: 'Points from a file',
        help: 'Draws no points: an .npy file of the point of each sample on its way from 0, the baseline, to 1, the input. Their number replaces the number of samples.',
        type: 'file',
        default: '',
      },
    ],
  },

  async explain(given, options, host): Promise<Attribution> {
    const variable = await varied(given, host);
    const { subject, runtime, x } = variable;
    const baselines = baselinesOf(x, options.baseline as string, subject.input, runtime, subject.channels);
    const random = seeded(options.seed as number);
    const alphas = options.alphas === '' ? undefined : runtime.readArray(options.alphas as string).data;
    const noise = noiseOf(x, { ...options, ...(alphas && { samples: alphas.length }) }, random, runtime);
    const { count } = noise;
    if (alphas && alphas.length !== count) {
      throw new PrismError('SHAPE_MISMATCH', `${alphas.length} points were given for ${count} arrays of noise`);
    }
    const { score, output } = await evaluate(subject, runtime);
    const used = baselines.slice(0, count);
    const starts: number[] = [];
    for (const baseline of used) starts.push((await evaluate(subject, runtime, feedsWith(subject, x, baseline))).score);
    const total = new Float64Array(x.data.length);
    const map = (samples: number) =>
      floatArray(
        x.data.map((_, i) => total[i] / samples),
        x.shape,
      );
    let start = 0;
    let done = 0;
    for await (const piece of gradientsAt(variable, ways(x, used, noise, alphas, random), count, pointOf)) {
      for (const { item, gradient } of piece) {
        accumulateProducts(total, item.way, gradient);
        start += starts[done++ % used.length] / count;
      }
      runtime.progress(done / count, () => map(done));
    }
    const result = map(count);
    const actual = sumOf(result.data);
    const expected = score - start;
    return {
      of: subject.input,
      map: result,
      score,
      output,
      seed: options.seed as number,
      conservation: {
        what: 'sum against the score’s change from the baselines (equal in the mean over many samples without noise)',
        expected,
        actual,
        residual: actual - expected,
      },
    };
  },

  graph: notOneGraph('gradient-shap'),
};
