import { PrismError } from '../graph/errors';
import type { Graph } from '../graph/ir';
import type { JudgedMetric } from '../protocol/study';
import type { Answer } from './explain';
import type { LivingExplanation } from './explanations';
import { locationsOf, wholeParts } from './parts';
import type { Savable } from './save';
import { savedPage } from './savedPage';

/** What can be saved of a living explanation. */
export function savable(living: LivingExplanation, judged: readonly JudgedMetric[] = []): Savable {
  const { answer, report, photograph } = living;
  const { attribution, method } = answer;
  const locations = locationsOf(answer);
  return {
    report,
    map: attribution.map,
    locations,
    signed: method.info.signed,
    title: method.info.title,
    ...(photograph && { photograph }),
    ...wholeParts(answer, report),
    page: () => savedPage(living, locations, judged),
    graph: () => graphOf(answer),
  };
}

/** The explanation as a model of its own, before any provider's rewrites. */
function graphOf({ graphs, method, options, prepared, score, attribution, question }: Answer): Graph {
  if (method.graph) {
    const { specialised, feeds, input } = prepared;
    const { of } = attribution;
    const erf = question.erf && { value: question.erf.value, position: [] };
    const subject = {
      graph: specialised.graph,
      feeds,
      input,
      score,
      ...(of !== input && { at: of }),
      ...(erf && { erf }),
    };
    return method.graph(subject, options);
  }
  const [build, ...others] = graphs;
  if (build && others.length === 0) return build();
  throw new PrismError(
    'NOT_ONE_GRAPH',
    `${method.info.id} takes ${graphs.length} graphs and arithmetic between them: it cannot be saved as one model`,
  );
}
