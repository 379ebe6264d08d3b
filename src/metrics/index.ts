import { PrismError } from '../graph/errors';
import { attributionLocalisation } from './attribution-localisation';
import { averageDrop } from './average-drop';
import { averageGain } from './average-gain';
import { averageIncrease } from './average-increase';
import { completeness } from './completeness';
import { complexity } from './complexity';
import { deletion } from './deletion';
import { faithfulnessCorrelation } from './faithfulness-correlation';
import { gini } from './gini';
import { gridPointingGame } from './grid-pointing-game';
import { insertion } from './insertion';
import { lerf } from './lerf';
import { localLipschitz } from './local-lipschitz';
import { maxSensitivity } from './max-sensitivity';
import type { Metric } from './metric';
import { morf } from './morf';
import { mprt } from './mprt';
import { pointingGame } from './pointing-game';
import { relevanceRank } from './relevance-rank';
import { tokenDeletion } from './token-deletion';

/** Every metric, in the order in which a person is offered them. A new metric is a file and one line here. */
export const METRICS: readonly Metric[] = [
  averageDrop,
  averageGain,
  averageIncrease,
  deletion,
  insertion,
  morf,
  lerf,
  tokenDeletion,
  faithfulnessCorrelation,
  pointingGame,
  attributionLocalisation,
  relevanceRank,
  gridPointingGame,
  gini,
  complexity,
  maxSensitivity,
  localLipschitz,
  mprt,
  completeness,
];

/** The metric of this identifier. Throws UNKNOWN_METRIC with the list of those there are. */
export function metricById(id: string): Metric {
  const metric = METRICS.find(({ info }) => info.id === id);
  if (metric) return metric;
  throw new PrismError(
    'UNKNOWN_METRIC',
    `there is no metric ${JSON.stringify(id)}; known: ${METRICS.map(({ info }) => info.id).join(', ')}`,
  );
}
