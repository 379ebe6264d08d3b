import { type FloatArray, floatArray, type NdArray } from '../graph/ndarray';
import { type GradientGraph, gradientGraph } from '../reverse/gradient';
import { scoreWeights } from '../reverse/score';
import type { Attribution, Method, Runtime, Score, Subject } from './method';

/** The score's weights over its output, as the seed of a gradient graph. */
export function seedOf({ select, region }: Score, shape: readonly number[]): FloatArray {
  const index = select.map((entry) => (entry === ':' ? null : entry));
  const mask = region && { shape: region.shape, values: region.data as ArrayLike<number> };
  return floatArray(scoreWeights(shape, index, mask), shape);
}

export interface GradientResult {
  readonly score: number;
  readonly output: FloatArray;
  /** ∂score/∂value for each value asked for, in its shape. */
  readonly gradients: ReadonlyMap<string, FloatArray>;
}

/**
 * The gradient of a score with respect to values of the graph.
 *
 * @param feeds inputs in place of the subject's own, e.g. noisy copies
 * @throws PrismError UNSUPPORTED_OPERATOR where a node on the way has no rule
 */
export async function gradientOf(
  subject: Subject,
  wrt: readonly string[],
  runtime: Runtime,
  feeds: ReadonlyMap<string, NdArray> = subject.feeds,
): Promise<GradientResult> {
  const { graph, score } = subject;
  const key = `gradient/${score.output}/${wrt.join(',')}`;
  const compiled: GradientGraph = runtime.memo(key, () =>
    gradientGraph(graph, { output: score.output, wrt, seed: 'weights' }),
  );
  const program = await runtime.compile(key, () => compiled.graph);
  runtime.checkCancelled();
  const shape = graph.outputs.find(({ name }) => name === score.output)?.shape as readonly number[];
  const results = await program.run(new Map([...feeds, [compiled.seed, seedOf(score, shape)]]));
  const take = (name: string): FloatArray => results.get(name) as FloatArray;
  return {
    score: take(compiled.score).data.reduce((total, value) => total + value, 0),
    output: take(compiled.output),
    gradients: new Map([...compiled.gradients].map(([value, name]) => [value, take(name)])),
  };
}

/** ∂score/∂x (Simonyan, Vedaldi, Zisserman 2013), signed. */
export const gradient: Method = {
  info: {
    id: 'gradient',
    title: 'Gradient',
    summary: 'How the score changes with each input value, to first order.',
    paper: {
      title: 'Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps',
      url: 'https://arxiv.org/abs/1312.6034',
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
    return { of, map: gradients.get(of) as FloatArray, score, output };
  },
};
