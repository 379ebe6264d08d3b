import { PrismError } from '../graph/errors';
import type { FloatArray } from '../graph/ndarray';
import type { Options } from '../methods/method';
import type { Judged, Metric, MetricRuntime } from './metric';
import { sum } from './statistics';

/** The input that the score is compared with; undefined where the sum is to be the whole score. */
function reference({ input }: Judged, { baseline }: Options, runtime: MetricRuntime): Float32Array | undefined {
  if (baseline === 'none') return undefined;
  if (baseline === 'zero') return new Float32Array(input.length);
  const file = baseline as string;
  const { shape, data } = runtime.readArray(file);
  if (data.length === input.length) return data;
  throw new PrismError(
    'SHAPE_MISMATCH',
    `${file} of shape [${shape}] is no baseline for an input of ${input.length} elements`,
    { file },
  );
}

const residuals = (layers: ReadonlyMap<string, FloatArray>, score: number): Record<string, number> =>
  Object.fromEntries([...layers].map(([layer, { data }]) => [layer, sum(data) - score]));

/** |Σ a − (S(x) − S(x'))|; for methods that give every layer its relevance, each layer's sum less the score as well. */
export const completeness: Metric = {
  info: {
    id: 'completeness',
    title: 'Completeness',
    summary:
      'How far the sum of the attribution misses what the score changes from a baseline to the image; with no baseline, the score itself (conservation).',
    paper: { title: 'Axiomatic Attribution for Deep Networks', url: 'https://arxiv.org/abs/1703.01365' },
    better: 'lower',
    needs: ['model'],
    options: [
      {
        key: 'baseline',
        title: 'Baseline',
        help: 'zero: zeros as the model reads them. none: the sum is compared with the score itself, as relevance methods promise. Or an .npy file in the shape of the input.',
        type: 'file',
        default: 'zero',
        choices: ['zero', 'none'],
      },
    ],
  },

  async judge(judged, options, runtime) {
    const baseline = reference(judged, options, runtime);
    const inputs = [judged.input, ...(baseline ? [baseline] : [])];
    const { score } = await runtime.scores(inputs.length, (index) => inputs[index]);
    const expected = score[0] - (baseline ? score[1] : 0);
    const actual = sum(judged.attribution.data);
    const residual = Math.abs(actual - expected);
    const layers = await runtime.layers();
    return {
      value: residual,
      details: {
        sum: actual,
        expected,
        relative: residual / (Math.abs(expected) || 1),
        ...(layers && { layers: residuals(layers, score[0]) }),
      },
    };
  },
};
