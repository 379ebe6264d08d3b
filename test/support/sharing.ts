import type { Graph } from '../../src/graph/ir';
import type { NdArray } from '../../src/graph/ndarray';
import { specialise } from '../../src/graph/specialise';
import type { Options, Score, Subject } from '../../src/methods/method';
import { loadCase } from './cases';

export const SRD_DEFAULTS: Options = { head: 'auto', contrastive: false, official: false, 'class-token': 'directed' };

/** A golden case ready for a PFV method: its model specialised to its inputs. */
export async function subjectOf(
  name: string,
): Promise<Omit<Subject, 'score'> & { readonly output: string; readonly graph: Graph }> {
  const golden = loadCase(name);
  const inputs = golden.inputs();
  const graph = await specialise(
    golden.graph(),
    new Map(Object.entries(inputs).map(([input, { shape }]) => [input, shape])),
  );
  const feeds = new Map(Object.entries(inputs)) as ReadonlyMap<string, NdArray>;
  return { graph, feeds, input: graph.inputs[0].name, output: graph.outputs[0].name };
}

/** The logit of one class, for outputs [1, classes, …]; positions are summed. */
export function classScore(graph: Graph, output: string, target: number): Score {
  const rank = graph.outputs.find(({ name }) => name === output)?.shape?.length ?? 2;
  return { output, select: Array.from({ length: rank }, (_, axis) => (axis === 0 ? 0 : axis === 1 ? target : ':')) };
}

/** max |a − b| / max |b|. */
export function relativeToMaximum(a: ArrayLike<number>, b: ArrayLike<number | bigint>): number {
  if (a.length !== b.length) throw new Error(`${a.length} elements against ${b.length}`);
  let error = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - Number(b[i]));
    error = Number.isNaN(difference) ? Number.NaN : Math.max(error, difference);
    size = Math.max(size, Math.abs(Number(b[i])));
  }
  return error / size;
}
