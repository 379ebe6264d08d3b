import { type FloatArray, floatArray } from '../../graph/ndarray';
import type { CamLayer } from '../cam/layer';
import { outputShape, seedOf } from '../gradient';
import type { Attribution, Method, MethodInfo, Options, RelevanceFlow, Runtime, Subject } from '../method';
import { type RelevanceChoice, type RelevanceGraph, relevanceGraph } from './compile';

const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
};

/** Rules, and where they start. */
interface RelevanceRules {
  /** Names rules and options: the same name means the same graph. */
  readonly name: string;
  /** Called once for each name. */
  choose(): RelevanceChoice;
  /** Where relevance starts; at the score itself when absent. */
  readonly layer?: CamLayer;
}

/** A walk that was run. */
interface Walked {
  readonly of: string;
  readonly compiled: RelevanceGraph;
  readonly weights: FloatArray;
  take(value: string): FloatArray;
}

async function walk(
  subject: Subject,
  { name, choose, layer }: RelevanceRules,
  runtime: Runtime,
  followed = false,
): Promise<Walked> {
  const { graph, feeds, score, input, range } = subject;
  const of = subject.at ?? input;
  const way = followed ? '/followed' : '';
  const key = `${name}/${score.output}/${layer?.value ?? ''}/${of}/${JSON.stringify(range ?? null)}${way}`;
  const compiled: RelevanceGraph = runtime.memo(key, () =>
    relevanceGraph(graph, {
      input,
      output: score.output,
      of,
      ...(range && { range }),
      ...(layer && { layer }),
      followed,
      ...choose(),
    }),
  );
  const program = await runtime.compile(key, () => compiled.graph, [compiled.seed]);
  runtime.checkCancelled();
  const weights = seedOf(score, outputShape(graph, score.output));
  const results = await program.run(new Map([...feeds, [compiled.seed, weights]]));
  return { of, compiled, weights, take: (value) => results.get(value) as FloatArray };
}

const reachedBy = ({ weights, compiled, take }: Walked): number => {
  const output = take(compiled.output).data;
  return weights.data.reduce((total, weight, index) => total + weight * output[index], 0);
};

/** Relevance of the subject's value for its score. */
async function explainRelevance(subject: Subject, rules: RelevanceRules, runtime: Runtime): Promise<Attribution> {
  const walked = await walk(subject, rules, runtime);
  const { of, compiled, take } = walked;
  const { layer } = rules;
  const reached = reachedBy(walked);
  const expected = compiled.start === undefined ? reached : take(compiled.start).data[0];
  const map = take(compiled.relevance);
  const actual = sum(map.data);
  const lost = take(compiled.lost).data[0];
  return {
    of,
    map: floatArray(map.data, map.shape),
    score: reached,
    output: take(compiled.output),
    conservation: {
      what: layer ? `sum of relevance against what ${layer.value} starts with` : 'sum of relevance against the score',
      expected,
      actual,
      lost,
      residual: actual + lost - expected,
    },
  };
}

/** Where the relevance went. Undefined where branches get it in full, so that no total means anything. */
async function relevanceFlow(
  subject: Subject,
  rules: RelevanceRules,
  runtime: Runtime,
): Promise<RelevanceFlow | undefined> {
  if (rules.choose().sums === 'copies') return undefined;
  const walked = await walk(subject, rules, runtime, true);
  const { compiled, take } = walked;
  const { followed, start } = compiled;
  if (!followed) return undefined;
  const relevance = start === undefined ? reachedBy(walked) : take(start).data[0];
  return {
    nodes: followed.nodes,
    starts: [{ value: followed.from, relevance }],
    moves: followed.read(take(followed.vector).data),
  };
}

/**
 * A method that propagates relevance.
 *
 * @param rulesOf the rules for a subject and options
 */
export const relevanceMethod = (
  info: MethodInfo,
  rulesOf: (options: Options, subject: Subject, runtime: Runtime) => RelevanceRules,
): Method => ({
  info,
  explain: (subject, options, runtime) => explainRelevance(subject, rulesOf(options, subject, runtime), runtime),
  flow: (subject, options, runtime) => relevanceFlow(subject, rulesOf(options, subject, runtime), runtime),
});
