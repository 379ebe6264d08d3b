import { PrismError } from '../graph/errors';
import type { Attribution, Method, Runtime } from './method';
import { notOneGraph } from './notOneGraph';
import { explainedValue } from './perturbation/explained';
import { seedOption } from './perturbation/game';
import { type Locations, locationsOf, spread } from './perturbation/locations';
import { riseMasks } from './perturbation/riseMasks';
import { openScorer } from './perturbation/scorer';
import { baselineOf, baselineOption } from './sampling/baseline';
import { seeded } from './sampling/random';

/** Masks that a file holds, one behind the other. */
function masksFrom(file: string, { count, grid }: Locations, runtime: Runtime): Float32Array[] {
  const { data, shape } = runtime.readArray(file);
  if (data.length === 0 || data.length % count !== 0 || data.some((share) => !(share >= 0 && share <= 1))) {
    throw new PrismError(
      'SHAPE_MISMATCH',
      `${file} has shape [${shape}]; it must hold one or more masks of shape [${grid}], with numbers from 0 (hidden) to 1 (shown)`,
      { file },
    );
  }
  return Array.from({ length: data.length / count }, (_, i) => data.subarray(i * count, (i + 1) * count));
}

/** 1/(N p) Σ f(x ⊙ M) M over random masks M (Petsiuk, Das, Saenko 2018). */
export const rise: Method = {
  info: {
    id: 'rise',
    title: 'RISE',
    summary:
      'Where the input was visible when the score was high: the mean of random soft masks, each weighted by the score it left. Needs forward passes only.',
    paper: {
      title: 'RISE: Randomized Input Sampling for Explanation of Black-box Models',
      url: 'https://arxiv.org/abs/1806.07421',
    },
    family: 'perturbation',
    signed: false,
    relative: true,
    needs: 'forward',
    layers: false,
    options: [
      {
        key: 'samples',
        title: 'Masks',
        help: 'How many random masks are tried. Fewer than a thousand leave a grainy map.',
        type: 'integer',
        default: 4000,
        min: 1,
        max: 10_000_000,
      },
      {
        key: 'cells',
        title: 'Cells',
        help: 'Cells of a mask along each axis before it is enlarged: more of them see smaller things and need more masks.',
        type: 'integer',
        default: 7,
        min: 1,
        max: 1000,
      },
      {
        key: 'probability',
        title: 'Probability',
        help: 'How likely a cell is shown.',
        type: 'number',
        default: 0.5,
        min: 0.001,
        max: 1,
      },
      { ...baselineOption, help: `What is seen where a mask hides. ${baselineOption.help}` },
      seedOption,
      {
        key: 'masks',
        title: 'Masks from a file',
        help: 'Draws nothing: an .npy file of masks over the locations of the input, one behind the other, from 0 (hidden) to 1 (shown). Their number replaces the number of masks.',
        type: 'file',
        default: '',
      },
    ],
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const { of, value, x } = await explainedValue(subject, runtime);
    const locations = locationsOf(x.shape, subject.channels);
    const hidden = baselineOf(x, options.baseline as string, of, runtime, subject.channels);
    const probability = options.probability as number;
    const seed = options.seed as number;
    const given = options.masks === '' ? undefined : masksFrom(options.masks as string, locations, runtime);
    const count = given?.length ?? (options.samples as number);
    const masks = given ?? riseMasks(locations, options.cells as number, probability, count, seeded(seed));
    const scorer = await openScorer(subject, { of, value, locations, hidden }, runtime);
    const sums = new Float64Array(locations.count);
    let done = 0;
    const map = () =>
      spread(
        sums.map((sum) => sum / (done * probability)),
        locations,
      );
    for await (const chunk of scorer.scores(masks, count, (mask) => mask)) {
      for (const { item, score } of chunk)
        item.forEach((share, location) => {
          sums[location] += score * share;
        });
      done += chunk.length;
      runtime.progress(done / count, map());
    }
    const { score, output } = scorer;
    return { of, map: map(), score, output, ...(!given && { seed }) };
  },

  graph: notOneGraph('rise'),
};
