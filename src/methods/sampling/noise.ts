import { PrismError } from '../../graph/errors';
import type { FloatArray } from '../../graph/ndarray';
import type { OptionSpec, Options, Runtime } from '../method';
import type { Random } from './random';

/** Options of the methods that add noise to what they explain. */
export const noiseOptions = (sigma: number): readonly OptionSpec[] => [
  {
    key: 'samples',
    title: 'Samples',
    help: 'How many noisy copies are explained. The mean settles with the square root of their number.',
    type: 'integer',
    default: 50,
    min: 1,
    max: 100000,
  },
  {
    key: 'sigma',
    title: 'Noise',
    help: 'Standard deviation of the noise as a share of the range of the input, from its smallest to its largest value.',
    type: 'number',
    default: sigma,
    min: 0,
    max: 10,
  },
  {
    key: 'seed',
    title: 'Seed',
    help: 'The same seed draws the same noise.',
    type: 'integer',
    default: 0,
    min: 0,
    max: 2 ** 31 - 1,
  },
  {
    key: 'noise',
    title: 'Noise from a file',
    help: 'Draws nothing: an .npy file of one or more arrays of noise in the shape of the input, one behind the other, added as they are. Their number replaces the number of samples.',
    type: 'file',
    default: '',
  },
];

/** Noise for each sample. */
export interface Noise {
  readonly count: number;
  /** In order; drawn when it is asked for. */
  arrays(): Iterable<Float32Array>;
}

/**
 * The noise that the options ask for.
 *
 * @param x what it is added to
 * @throws PrismError SHAPE_MISMATCH when the elements of a file do not make whole arrays of the shape of `x`
 */
export function noiseOf(x: FloatArray, options: Options, random: Random, runtime: Runtime): Noise {
  if (options.noise !== '') {
    const arrays = arraysLike(x, options.noise as string, runtime);
    return { count: arrays.length, arrays: () => arrays };
  }
  const count = options.samples as number;
  const sigma = (options.sigma as number) * range(x.data);
  return {
    count,
    *arrays() {
      for (let sample = 0; sample < count; sample++) yield x.data.map(() => sigma * random.normal());
    },
  };
}

/** One or more arrays of the shape of `x` that a file holds. Throws SHAPE_MISMATCH. */
export function arraysLike(x: FloatArray, path: string, runtime: Runtime): readonly Float32Array[] {
  const { data, shape } = runtime.readArray(path);
  const size = x.data.length;
  if (data.length === 0 || data.length % size !== 0) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `${path} has shape [${shape}]; it must hold one or more arrays of shape [${x.shape}], as what is explained has`,
      { file: path },
    );
  }
  return Array.from({ length: data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

function range(data: Float32Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}
