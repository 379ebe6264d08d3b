import type { NdArray } from '../../src/graph/ndarray';
import { floatArray } from '../../src/graph/ndarray';
import { specialise } from '../../src/graph/specialise';
import type { Score, Subject } from '../../src/methods/method';
import { type Case, loadCase } from './cases';

/** The score that a golden gradient is of: an element, a class over a mask, or a class of the first batch item. */
function scoreOf(golden: Case): Score {
  const [{ params, target }] = golden.expect;
  const forward = golden.expect.find(({ what }) => what === 'forward');
  const output = (params.score_value ?? params.output ?? forward?.of) as string;
  if (Array.isArray(params.index)) return { output, select: params.index };
  const classIndex = (Array.isArray(target) ? target[0] : target) as number;
  const mask = golden.expect.find(({ what }) => what === 'score.mask')?.array();
  const rank = forward?.array().shape.length ?? 2;
  const rest = Array.from({ length: rank - 2 }, () => (mask ? ':' : 0) as ':' | 0);
  if (!mask) return { output, select: [0, classIndex, ...rest] };
  const region = floatArray(Float32Array.from(mask.data as Float32Array), mask.shape.slice(-rest.length));
  return { output, select: [0, classIndex, ...rest], region };
}

/** A golden case of an architecture, its gradient's score and value to be explained by relevance. */
export async function subjectOfFamily(name: string): Promise<Subject> {
  const golden = loadCase(name);
  const inputs = golden.inputs();
  const graph = await specialise(
    golden.graph(),
    new Map(Object.entries(inputs).map(([key, { shape }]) => [key, shape])),
  );
  const [{ of }] = golden.expect;
  const input = graph.inputs.find((value) => value.name === of)?.name ?? graph.inputs[0].name;
  return {
    graph,
    feeds: new Map(Object.entries(inputs)) as ReadonlyMap<string, NdArray>,
    input,
    score: scoreOf(golden),
    ...(of !== input && { at: of }),
  };
}
