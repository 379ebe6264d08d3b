import { PrismError } from '../graph/errors';
import type { OptionSpec, Options } from '../methods/method';
import { seeded } from '../methods/sampling/random';
import type { Judged, MetricRuntime } from './metric';

export const perturbationOptions: readonly OptionSpec[] = [
  {
    key: 'radius',
    title: 'Radius',
    help: 'The noise is uniform from −radius to radius, in the values that the model reads (after preprocessing).',
    type: 'number',
    default: 0.2,
    min: 0,
  },
  {
    key: 'samples',
    title: 'Samples',
    help: 'How many noisy copies are explained.',
    type: 'integer',
    default: 10,
    min: 1,
    max: 10_000,
  },
  { key: 'seed', title: 'Seed', help: 'What the draws depend on.', type: 'integer', default: 0 },
  {
    key: 'noise',
    title: 'Noise from a file',
    help: 'Draws nothing: an .npy file of several arrays in the shape of the input, one behind the other.',
    type: 'file',
    default: '',
  },
];

/** An input nearby, explained again. */
export interface Neighbour {
  readonly input: Float32Array;
  readonly attribution: Float32Array;
}

/** The explanation of the input by the method, and those of noisy copies of it. */
export interface Neighbourhood {
  readonly own: Float32Array;
  readonly neighbours: readonly Neighbour[];
}

function* noiseOf({ input }: Judged, options: Options, runtime: MetricRuntime): Generator<Float32Array> {
  const { radius, samples, seed, noise } = options as { radius: number; samples: number; seed: number; noise: string };
  if (noise === '') {
    const random = seeded(seed);
    for (let i = 0; i < samples; i++) yield input.map(() => radius * (2 * random.uniform() - 1));
    return;
  }
  const { shape, data } = runtime.readArray(noise);
  if (data.length === 0 || data.length % input.length !== 0) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `${noise} of shape [${shape}] does not hold arrays of ${input.length} elements, as the input has`,
      { file: noise },
    );
  }
  for (let start = 0; start < data.length; start += input.length) yield data.subarray(start, start + input.length);
}

/** Explains noisy copies of the input, for the same target; made once for the metrics that look at them. */
export function neighbourhood(judged: Judged, options: Options, runtime: MetricRuntime): Promise<Neighbourhood> {
  return runtime.memo(`neighbourhood/${JSON.stringify(options)}`, async () => {
    const own = (await runtime.explain()).data;
    const neighbours: Neighbour[] = [];
    const noises = [...noiseOf(judged, options, runtime)];
    for (const noise of noises) {
      runtime.checkCancelled();
      const input = judged.input.map((value, i) => value + noise[i]);
      neighbours.push({ input, attribution: (await runtime.explain({ input })).data });
      runtime.progress(neighbours.length / noises.length);
    }
    return { own, neighbours };
  });
}

/** What draws are repeated by; nothing for noise from a file. */
export const seedDetails = ({ seed, noise }: Options): Record<string, unknown> => (noise === '' ? { seed } : {});
