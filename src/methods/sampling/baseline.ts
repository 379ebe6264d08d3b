import { PrismError } from '../../graph/errors';
import type { FloatArray } from '../../graph/ndarray';
import type { OptionSpec, Runtime } from '../method';
import { inputLayout } from '../sharing-ratio/locations';
import { arraysLike } from './noise';

const BUILT_IN = ['zero', 'mean', 'blur'] as const;

/** Standard deviation of the blur as a share of the longest side. */
const BLUR = 1 / 15;

/** The option that says what counts as nothing to be seen. */
export const baselineOption: OptionSpec = {
  key: 'baseline',
  title: 'Baseline',
  help: 'What the input is compared with. zero: zeros as the model reads them, after preprocessing. mean: each channel’s mean everywhere. blur: the input, blurred. Or an .npy file in the shape of the input.',
  type: 'file',
  default: 'zero',
  choices: BUILT_IN,
};

/**
 * The baselines that the option names; a file may hold several.
 *
 * @param channels the axis over channels where it is known; guessed otherwise
 * @throws PrismError SHAPE_MISMATCH, NO_LOCATIONS where the mean or a blur is asked for of what has no locations
 */
export function baselinesOf(
  x: FloatArray,
  option: string,
  input: string,
  runtime: Runtime,
  channels?: number,
): readonly Float32Array[] {
  switch (option) {
    case 'zero':
      return [new Float32Array(x.data.length)];
    case 'mean':
      return [locationAxes(x, input, channels).reduce(meanAlong, x).data];
    case 'blur': {
      const axes = locationAxes(x, input, channels);
      const sigma = BLUR * Math.max(...axes.map((axis) => x.shape[axis]));
      return [axes.reduce((blurred, axis) => blurAlong(blurred, axis, sigma), x).data];
    }
    default:
      return arraysLike(x, option, runtime);
  }
}

/** The one baseline that the option names. Throws SHAPE_MISMATCH for a file of several, and as {@link baselinesOf}. */
export function baselineOf(
  x: FloatArray,
  option: string,
  input: string,
  runtime: Runtime,
  channels?: number,
): Float32Array {
  const [baseline, ...others] = baselinesOf(x, option, input, runtime, channels);
  if (others.length === 0) return baseline;
  throw new PrismError(
    'SHAPE_MISMATCH',
    `${option} holds ${others.length + 1} baselines; this method compares with one, of shape [${x.shape}]`,
    { file: option },
  );
}

function locationAxes({ shape }: FloatArray, input: string, channels: number | undefined): number[] {
  if (shape.length < 3) {
    throw new PrismError(
      'NO_LOCATIONS',
      `baselines of means and blurs need an input with locations (an image, a signal); ${input} has shape [${shape}]: choose zero or a file`,
      { input },
    );
  }
  const isChannel = channels === undefined ? inputLayout(input, shape) : shape.map((_, axis) => axis === channels);
  return shape.flatMap((_, axis) => (isChannel[axis] || axis === 0 ? [] : [axis]));
}

/** Applies a function to every line of elements along an axis. */
function along(x: FloatArray, axis: number, map: (line: Float64Array) => Float64Array): FloatArray {
  const length = x.shape[axis];
  const stride = x.shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const data = new Float32Array(x.data.length);
  const line = new Float64Array(length);
  for (let start = 0; start < data.length; start++) {
    if (Math.floor(start / stride) % length !== 0) continue;
    for (let i = 0; i < length; i++) line[i] = x.data[start + i * stride];
    map(line).forEach((value, i) => {
      data[start + i * stride] = value;
    });
  }
  return { ...x, data };
}

const meanAlong = (x: FloatArray, axis: number): FloatArray =>
  along(x, axis, (line) =>
    new Float64Array(line.length).fill(line.reduce((sum, value) => sum + value, 0) / line.length),
  );

/** Convolved with a Gaussian cut off at 3σ; the border's elements go on beyond it. */
function blurAlong(x: FloatArray, axis: number, sigma: number): FloatArray {
  const reach = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  return along(x, axis, (line) =>
    line.map((_, i) => {
      const sum = kernel.reduce(
        (part, weight, k) => part + weight * line[Math.min(line.length - 1, Math.max(0, i + k - reach))],
        0,
      );
      return sum / total;
    }),
  );
}
