import type { Graph } from '../graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../graph/ndarray';
import type { RuleTable } from '../ops/rule';
import { vjp } from '../ops/vjp';
import { type GradientGraph, gradientGraph } from '../reverse/gradient';
import { scoreWeights } from '../reverse/score';
import { repeated } from './batching';
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

/** The gradient of a score as a function of the model's inputs. */
export type Differentiated = (feeds: ReadonlyMap<string, NdArray>) => Promise<GradientResult>;

/** How a gradient is taken if not in the ordinary way. */
export interface Variant {
  /** Rules in place of the ordinary gradient's; its name must say which. */
  readonly table?: RuleTable<string>;
  /** How many inputs the graph takes at once; each has a score of its own. */
  readonly copies?: number;
}

/**
 * Makes the gradient of the subject's score with respect to values of the graph ready to be computed many times.
 *
 * @throws PrismError UNSUPPORTED_OPERATOR where a node on the way has no rule
 */
export async function differentiate(
  { graph, score }: Subject,
  wrt: readonly string[],
  runtime: Runtime,
  { table = vjp, copies = 1 }: Variant = {},
): Promise<Differentiated> {
  const key = `${table.name}/${score.output}/${wrt.join(',')}${copies === 1 ? '' : `/${copies}`}`;
  const compiled: GradientGraph = runtime.memo(key, () =>
    gradientGraph(graph, { output: score.output, wrt, seed: 'weights', table }),
  );
  const program = await runtime.compile(key, () => compiled.graph);
  const shape = outputShape(graph, score.output);
  const seed =
    copies === 1 ? seedOf(score, shape) : repeated(seedOf(score, [shape[0] / copies, ...shape.slice(1)]), copies);
  return async (feeds) => {
    runtime.checkCancelled();
    const results = await program.run(new Map([...feeds, [compiled.seed, seed]]));
    const take = (name: string): FloatArray => results.get(name) as FloatArray;
    return {
      score: take(compiled.score).data.reduce((total, value) => total + value, 0),
      output: take(compiled.output),
      gradients: new Map([...compiled.gradients].map(([value, name]) => [value, take(name)])),
    };
  };
}

/** The static shape of an output of a specialised graph. */
export const outputShape = (graph: Graph, output: string): readonly number[] =>
  graph.outputs.find(({ name }) => name === output)?.shape as readonly number[];

/** The gradient of the subject's score with respect to values of the graph; see {@link differentiate}. */
export async function gradientOf(
  subject: Subject,
  wrt: readonly string[],
  runtime: Runtime,
  variant?: Variant,
): Promise<GradientResult> {
  return (await differentiate(subject, wrt, runtime, variant))(subject.feeds);
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
