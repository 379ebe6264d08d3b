import { PrismError } from '../graph/errors';
import type { Attribution, Method, Options } from './method';
import { notOneGraph } from './notOneGraph';
import { explainedValue } from './perturbation/explained';
import { isRow, type Locations, locationsOf, neighbourAxes, spread } from './perturbation/locations';
import { openScorer } from './perturbation/scorer';
import { baselineOf, baselineOption } from './sampling/baseline';

/** Windows along one axis. */
interface Steps {
  readonly window: number;
  readonly stride: number;
  readonly count: number;
}

/** Windows across an axis when nobody says how large they are. */
const ACROSS = { one: 16, more: 8 } as const;

/** The last window of an axis may reach beyond its end, so that all is covered. */
function stepsAlong(locations: Locations, options: Options): Steps[] {
  const axes = neighbourAxes(locations);
  return locations.grid.map((dim, axis) => {
    if (!axes.includes(axis)) return { window: 1, stride: 1, count: dim };
    const wished = isRow(locations) ? 1 : Math.round(dim / (axes.length === 1 ? ACROSS.one : ACROSS.more));
    const window = Math.min(dim, options.window === 'auto' ? Math.max(1, wished) : (options.window as number));
    const stride = options.stride === 'auto' ? Math.max(1, Math.floor(window / 2)) : (options.stride as number);
    if (stride > window && window < dim) {
      throw new PrismError(
        'BAD_OPTION',
        `option stride of occlusion is ${stride}, but must be at most the window's ${window}: what lies between windows would never be covered`,
        { option: 'stride' },
      );
    }
    return { window, stride, count: Math.ceil((dim - window) / stride) + 1 };
  });
}

/** The locations of every window. */
function* windows(grid: readonly number[], steps: readonly Steps[]): Generator<number[]> {
  const place = grid.map(() => 0);
  for (;;) {
    let inside = [0];
    grid.forEach((dim, axis) => {
      const { window, stride } = steps[axis];
      const start = place[axis] * stride;
      const length = Math.min(window, dim - start);
      inside = inside.flatMap((outer) => Array.from({ length }, (_, i) => outer * dim + start + i));
    });
    yield inside;
    let axis = grid.length - 1;
    while (axis >= 0 && ++place[axis] === steps[axis].count) place[axis--] = 0;
    if (axis < 0) return;
  }
}

/** Mean over the windows that cover a location of what the score loses when they are hidden (Zeiler, Fergus 2014). */
export const occlusion: Method = {
  info: {
    id: 'occlusion',
    title: 'Occlusion',
    summary:
      'How much the score drops when a window is hidden, for every place of the window. Needs forward passes only.',
    paper: { title: 'Visualizing and Understanding Convolutional Networks', url: 'https://arxiv.org/abs/1311.2901' },
    family: 'perturbation',
    signed: true,
    needs: 'forward',
    layers: false,
    options: [
      {
        key: 'window',
        title: 'Window',
        help: 'Side of the window, in values of the input along each of its axes. auto: an eighth of a picture’s sides, single columns of a table, single tokens.',
        type: 'integer',
        default: 'auto',
        min: 1,
        choices: ['auto'],
      },
      {
        key: 'stride',
        title: 'Stride',
        help: 'How far the window moves at a time. auto: half of the window.',
        type: 'integer',
        default: 'auto',
        min: 1,
        choices: ['auto'],
      },
      { ...baselineOption, help: `What a window shows instead. ${baselineOption.help}` },
    ],
  },

  async explain(subject, options, runtime): Promise<Attribution> {
    const { of, value, x } = await explainedValue(subject, runtime);
    const locations = locationsOf(x.shape, subject.channels);
    const steps = stepsAlong(locations, options);
    const hidden = baselineOf(x, options.baseline as string, of, runtime, subject.channels);
    const scorer = await openScorer(subject, { of, value, locations, hidden }, runtime);
    const sums = new Float64Array(locations.count);
    const covered = new Uint32Array(locations.count);
    const map = () =>
      spread(
        sums.map((sum, location) => (covered[location] ? sum / covered[location] : 0)),
        locations,
      );
    const count = steps.reduce((product, axis) => product * axis.count, 1);
    let done = 0;
    const chunks = scorer.scores(windows(locations.grid, steps), count, (window) => {
      const mask = new Float32Array(locations.count).fill(1);
      for (const location of window) mask[location] = 0;
      return mask;
    });
    for await (const chunk of chunks) {
      for (const { item, score } of chunk) {
        for (const location of item) {
          sums[location] += scorer.score - score;
          covered[location]++;
        }
      }
      done += chunk.length;
      runtime.progress(done / count, map());
    }
    return { of, map: map(), score: scorer.score, output: scorer.output };
  },

  graph: notOneGraph('occlusion'),
};
