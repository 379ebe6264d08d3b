import type { ConservationInfo, ScalarMap } from '../../src/protocol';
import type { Translate } from './l10n';
import { number, percent } from './numbers';

/** Above this relative residual a map is not what its method promises. */
const tolerance = 1e-3;

/**
 * |residual| / |expected|. Where nothing is expected (a contrastive map sums to 0) the residual is measured against
 * the sum of |relevance|, the size of what should have cancelled.
 */
export function relativeResidual({ expected, residual }: ConservationInfo, map: ScalarMap): number {
  let total = 0;
  for (const value of map.data) total += Math.abs(value);
  const reference = Math.abs(expected) > 1e-6 * total ? Math.abs(expected) : total;
  return residual === 0 ? 0 : Math.abs(residual) / reference;
}

export interface ConservationText {
  /** `sum of relevance 9.2150 = logit 9.2150 (residual 3e-7)` */
  readonly text: string;
  readonly broken: boolean;
}

/** The promise of the method and how it was kept, in words. */
export function conservationText(info: ConservationInfo, map: ScalarMap, t: Translate): ConservationText {
  const broken = !(relativeResidual(info, map) <= tolerance);
  // The two sides of "sum of relevance against the logit".
  const [left, right] = info.what.split(/ against (?:the )?/);
  const sign = broken ? '≠' : '=';
  // What should be nothing is said by its size alone.
  const actual = number(info.actual, info.expected === 0 ? 1 : 5);
  const expected = number(info.expected, 5);
  const sides = right
    ? `${t(left!)} ${actual} ${sign} ${t(right)} ${expected}`
    : `${t(info.what)}: ${actual} ${sign} ${expected}`;
  const residual = t('residual {0}', number(info.residual, 1));
  const lost = info.lost ? `, ${t('{0} lost at guarded divisions', percent(info.lost))}` : '';
  return { text: `${sides} (${residual}${lost})`, broken };
}
