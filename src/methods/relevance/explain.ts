import { type FloatArray, floatArray } from '../../graph/ndarray';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, Runtime, Subject } from '../method';
import { type RelevanceGraph, type RelevanceRequest, relevanceGraph } from './compile';

/** What a method chooses; the subject gives the rest. */
export type RelevanceChoice = Pick<RelevanceRequest, 'composite' | 'stabiliser' | 'products'>;

const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
};

/**
 * Relevance of the subject's value for its score, by rules that `choose` makes once per key.
 *
 * @param name names rules and options: the same name means the same graph
 */
export async function explainRelevance(
  subject: Subject,
  name: string,
  choose: () => RelevanceChoice,
  runtime: Runtime,
): Promise<Attribution> {
  const { graph, feeds, score, input, range } = subject;
  const of = subject.at ?? input;
  const key = `${name}/${score.output}/${of}/${JSON.stringify(range ?? null)}`;
  const compiled: RelevanceGraph = runtime.memo(key, () =>
    relevanceGraph(graph, { input, output: score.output, of, ...(range && { range }), ...choose() }),
  );
  const program = await runtime.compile(key, () => compiled.graph);
  runtime.checkCancelled();
  const weights = seedOf(score, outputShape(graph, score.output));
  const results = await program.run(new Map([...feeds, [compiled.seed, weights]]));
  const take = (value: string): FloatArray => results.get(value) as FloatArray;
  const output = take(compiled.output);
  const expected = weights.data.reduce((total, weight, index) => total + weight * output.data[index], 0);
  const map = take(compiled.relevance);
  const actual = sum(map.data);
  const lost = take(compiled.lost).data[0];
  return {
    of,
    map: floatArray(map.data, map.shape),
    score: expected,
    output,
    conservation: {
      what: 'sum of relevance against the score',
      expected,
      actual,
      lost,
      residual: actual + lost - expected,
    },
  };
}
