import { type FloatArray, floatArray } from '../../graph/ndarray';
import type { CamLayer } from '../cam/layer';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, Runtime, Subject } from '../method';
import { type RelevanceChoice, type RelevanceGraph, relevanceGraph } from './compile';

const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
};

/**
 * Relevance of the subject's value for its score, by rules that `choose` makes once per key.
 *
 * @param name names rules and options: the same name means the same graph
 * @param layer where relevance starts; at the score itself when absent
 */
export async function explainRelevance(
  subject: Subject,
  name: string,
  choose: () => RelevanceChoice,
  runtime: Runtime,
  layer?: CamLayer,
): Promise<Attribution> {
  const { graph, feeds, score, input, range } = subject;
  const of = subject.at ?? input;
  const key = `${name}/${score.output}/${layer?.value ?? ''}/${of}/${JSON.stringify(range ?? null)}`;
  const compiled: RelevanceGraph = runtime.memo(key, () =>
    relevanceGraph(graph, {
      input,
      output: score.output,
      of,
      ...(range && { range }),
      ...(layer && { layer }),
      ...choose(),
    }),
  );
  const program = await runtime.compile(key, () => compiled.graph, [compiled.seed]);
  runtime.checkCancelled();
  const weights = seedOf(score, outputShape(graph, score.output));
  const results = await program.run(new Map([...feeds, [compiled.seed, weights]]));
  const take = (value: string): FloatArray => results.get(value) as FloatArray;
  const output = take(compiled.output);
  const reached = weights.data.reduce((total, weight, index) => total + weight * output.data[index], 0);
  const expected = compiled.start === undefined ? reached : take(compiled.start).data[0];
  const map = take(compiled.relevance);
  const actual = sum(map.data);
  const lost = take(compiled.lost).data[0];
  return {
    of,
    map: floatArray(map.data, map.shape),
    score: reached,
    output,
    conservation: {
      what: layer ? `sum of relevance against what ${layer.value} starts with` : 'sum of relevance against the score',
      expected,
      actual,
      lost,
      residual: actual + lost - expected,
    },
  };
}
