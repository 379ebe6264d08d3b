import type { ConservationInfo, ScalarMap } from '../../src/protocol';
import type { Translate } from './l10n';
import { number } from './numbers';

/** Above this relative residual a map is not what its method promises. */
const tolerance = 1e-3;

/** What the residual is measured against. */
interface Reference {
  readonly size: number;
  /** Nothing is expected, as of a contrastive map, which sums to 0. */
  readonly cancels: boolean;
}

/** The expected value; where that is nothing the sum of |relevance|, the size of what should have cancelled. */
function referenceOf({ expected }: ConservationInfo, map: ScalarMap): Reference {
  let total = 0;
  for (const value of map.data) total += Math.abs(value);
  const cancels = !(Math.abs(expected) > 1e-6 * total);
  return { cancels, size: cancels ? total : Math.abs(expected) };
}

export function relativeResidual(info: ConservationInfo, map: ScalarMap): number {
  return info.residual === 0 ? 0 : Math.abs(info.residual) / referenceOf(info, map).size;
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
  // Of what should be nothing only the size matters.
  const digits = referenceOf(info, map).cancels ? 1 : 5;
  const actual = number(info.actual, digits);
  const expected = number(info.expected, digits);
  const sides = right
    ? `${t(left!)} ${actual} ${sign} ${t(right)} ${expected}`
    : `${t(info.what)}: ${actual} ${sign} ${expected}`;
  const residual = t('residual {0}', number(info.residual, 1));
  const lost = info.lost ? `, ${t('{0} lost on the way', number(info.lost, 3))}` : '';
  return { text: `${sides} (${residual}${lost})`, broken };
}
