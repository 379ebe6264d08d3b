import { batched } from '../../src/engine/batch';
import { completeOptions } from '../../src/engine/options';
import type { Graph } from '../../src/graph/ir';
import type { NdArray } from '../../src/graph/ndarray';
import { specialise } from '../../src/graph/specialise';
import type { Attribution, Method, OptionValue, Runtime, Score, Subject } from '../../src/methods/method';
import { type Case, loadCase } from './cases';
import { testRuntime } from './runtime';

/** A model ready to be explained, for several inputs at once if asked for. */
export async function subjectFor(
  model: Graph,
  feeds: ReadonlyMap<string, NdArray>,
  score: Score,
  { channels, batch = 1 }: { readonly channels?: number; readonly batch?: number } = {},
): Promise<Subject> {
  const shapes = new Map([...feeds].map(([name, { shape }]) => [name, shape]));
  const graph = await specialise(model, shapes);
  return {
    graph,
    feeds,
    input: graph.inputs[0].name,
    score,
    ...(channels !== undefined && { channels }),
    batched: async () => {
      const many = batch > 1 ? await batched(model, shapes, batch) : undefined;
      return many && { size: batch, graph: many };
    },
  };
}

/** A golden case, the score being one class of an output [1, classes]. */
export function subjectOfCase(
  golden: Case,
  output: string,
  target: number,
  more?: Parameters<typeof subjectFor>[3],
): Promise<Subject> {
  const feeds = new Map<string, NdArray>(Object.entries(golden.inputs()));
  return subjectFor(golden.graph(), feeds, { output, select: [0, target] }, more);
}

/** Explains with the options given and the defaults of all others. */
export async function explainWith(
  method: Method,
  subject: Subject,
  options: Readonly<Record<string, OptionValue>> = {},
  runtime?: Runtime,
): Promise<Attribution> {
  if (runtime) return method.explain(subject, completeOptions(method.info, options), runtime);
  const own = testRuntime({ keep: true });
  try {
    return await method.explain(subject, completeOptions(method.info, options), own);
  } finally {
    await own.release();
  }
}

/** The file of a golden case, for options that name one. */
export const caseFile = (name: string, file: string): string => `${loadCase(name).folder}/${file}`;
