import type { ScalarMap } from '../../src/protocol';
import type { Translate } from './l10n';
import { number, percent } from './numbers';
import { strongest, sums } from './strongest';

/** Thirds of the map, row by row. */
const regions = (t: Translate): readonly string[] => [
  t('top left'),
  t('top'),
  t('top right'),
  t('left'),
  t('centre'),
  t('right'),
  t('bottom left'),
  t('bottom'),
  t('bottom right'),
];

/** The part of the sum of magnitudes that lies in each ninth of the map, row by row. */
export function regionShares(map: ScalarMap): readonly number[] {
  const totals = new Array<number>(9).fill(0);
  const third = (index: number, length: number): number => Math.min(2, Math.floor((3 * index) / length));
  for (let i = 0; i < map.data.length; i++) {
    const value = map.data[i]!;
    if (!Number.isFinite(value)) continue;
    const column = third(i % map.width, map.width);
    const row = third(Math.floor(i / map.width), map.height);
    totals[3 * row + column] = totals[3 * row + column]! + Math.abs(value);
  }
  const { magnitude } = sums(map);
  return totals.map((total) => (magnitude === 0 ? 0 : total / magnitude));
}

/** What a map shows, for those who cannot see it. */
export function describeMap(map: ScalarMap, t: Translate): string {
  const [peak] = strongest(map, 1);
  if (peak === undefined) return t('All {0} × {1} values are zero.', map.width, map.height);
  const names = regions(t);
  const where = regionShares(map)
    .map((share, i) => ({ share, name: names[i]! }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .slice(0, 3)
    .map(({ share, name }) => `${name} ${percent(share)}`)
    .join(', ');
  const { sum } = sums(map);
  return [
    t('{0} × {1} values, sum {2}.', map.width, map.height, number(sum, 4)),
    t('Strongest: {0} at column {1}, row {2}.', number(peak.value), peak.x, peak.y),
    t('Most of it lies {0}.', where),
  ].join(' ');
}
