import { Builder } from '../../graph/builder';
import type { Graph } from '../../graph/ir';
import type { FloatArray } from '../../graph/ndarray';
import { prune } from '../../graph/prune';
import { gradientGraph } from '../../reverse/gradient';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, Options, Runtime, Score, Subject } from '../method';
import { type CamLayer, camLayer } from './layer';
import { rowsOf, shownMap } from './spatial';

/** A raw map [1, locations] from activations A and gradients g, both [channels, locations]. */
export type CamRule = (b: Builder, activations: string, gradients: string) => string;

/** Σ_k w_k A^k for weights [channels, 1]. */
export const weighted = (b: Builder, weights: string, activations: string): string =>
  b.sum(b.mul(weights, activations), [0]);

/** One forward pass and one backward pass to the layer; all names are values of the graph. */
export interface CamGraph {
  readonly graph: Graph;
  readonly seed: string;
  readonly score: string;
  /** [1, locations] */
  readonly raw: string;
}

/** Extends a model by the raw map of a rule. */
export function camGraph(model: Graph, output: string, layer: CamLayer, item: number, rule: CamRule): CamGraph {
  const made = gradientGraph(model, { output, wrt: [layer.value], seed: 'weights' });
  const b = new Builder(made.graph);
  const gradient = made.gradients.get(layer.value) as string;
  const raw = rule(b, rowsOf(b, layer.value, layer, item), rowsOf(b, gradient, layer, item));
  return { graph: b.graph(), seed: made.seed, score: made.score, raw };
}

/** The item of a batch that a score is about. */
export const itemOf = ({ select: [item] }: Score): number => (typeof item === 'number' && item > 0 ? item : 0);

/** The layer that the options name or leave open; `at` names it as well, and its map is then the answer. */
export function layerOf({ graph, input, score, at }: Subject, options: Options, runtime: Runtime): CamLayer {
  const wanted = at ?? (options.layer as string);
  return runtime.memo(`cam/layer/${input}/${score.output}/${wanted}`, () => camLayer(graph, input, score, wanted));
}

/** Whether the map is wanted over the input's locations. */
export const isUpsampled = ({ at }: Subject, options: Options): boolean =>
  options.upsample === true && at === undefined;

/** What a graph of a class activation map gives out beside the map. */
type Compiled = Pick<CamGraph, 'graph' | 'seed' | 'score'> & { readonly map: string };

/** Runs the graph that `build` makes for the layer, and says that its map is one of `of`. */
export async function runCam(
  { graph, score, feeds }: Subject,
  of: string,
  key: string,
  build: () => Compiled,
  runtime: Runtime,
): Promise<Attribution> {
  const compiled = runtime.memo(key, build);
  const program = await runtime.compile(key, () => compiled.graph);
  runtime.checkCancelled();
  const seed = seedOf(score, outputShape(graph, score.output));
  const results = await program.run(new Map([...feeds, [compiled.seed, seed]]));
  const take = (name: string): FloatArray => results.get(name) as FloatArray;
  return {
    of,
    map: take(compiled.map),
    score: take(compiled.score).data.reduce((total, value) => total + value, 0),
    output: take(score.output),
  };
}

/** Explains by a rule, in one graph. */
export function gradientCam(
  id: string,
  rule: CamRule,
  subject: Subject,
  options: Options,
  runtime: Runtime,
): Promise<Attribution> {
  const { graph, score, input } = subject;
  const layer = layerOf(subject, options, runtime);
  const item = itemOf(score);
  const large = isUpsampled(subject, options);
  const build = (): Compiled => {
    const made = camGraph(graph, score.output, layer, item, rule);
    const b = new Builder(made.graph);
    const map = large ? shownMap(b, made.raw, layer) : b.reshape(made.raw, layer.locations);
    const named = b.alias(map, `${id}(${layer.value})`);
    b.setOutputs([made.score, score.output, named]);
    return { ...made, map: named, graph: prune(b.graph()) };
  };
  const key = `${id}/${score.output}/${layer.value}/${item}/${large}`;
  return runCam(subject, large ? input : layer.value, key, build, runtime);
}
