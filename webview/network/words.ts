import type { Network } from '../../src/protocol/flow';
import type { Translate } from '../logic/l10n';
import { number, percent, shape } from '../logic/numbers';
import type { Balance, Box, Drawn, Ribbon } from './drawn';

/** What is said of places in a network. */

/** An amount, and its share of what set out where that means something. */
function amount(value: number, total: number): string {
  const share = value / total;
  return Number.isFinite(share) && Math.abs(share) < 10 ? `${number(value)} (${percent(share)})` : number(value);
}

/** In as few letters as possible. */
export function shareOf({ kind, balance }: Box, { total, widths }: Network): string {
  if (widths === 'none') return '';
  const value = kind === 'output' ? balance.in : balance.out;
  const share = value / total;
  return Number.isFinite(share) && Math.abs(share) < 10 ? percent(share) : number(value);
}

/** An amount of one stream, or of two by how much each has of it. */
function amounts(value: number, against: number | undefined, total: number, t: Translate): string {
  if (against === undefined || (value === 0 && against === 0)) return amount(value, total);
  return t('{0} for, {1} against', amount(value - against, total), amount(against, total));
}

/** Lines about what relevance does at a place. */
export function balanceLines(box: Box, { total }: Network, t: Translate): [string, string][] {
  const { balance, kind } = box;
  const told = (key: 'in' | 'out' | 'sink' | 'lost'): string => amounts(balance[key], balance.against?.[key], total, t);
  if (kind === 'input') return [[t('Arrives here'), told('out')]];
  if (kind === 'output') return [[t('Sets out'), told('in')]];
  return [
    [t('Comes in'), told('out')],
    [t('Goes on'), told('in')],
    [t('Stays in biases and constants'), told('sink')],
    ...(balance.lost === 0 ? [] : [[t('Lost: met only zeros'), told('lost')] as [string, string]]),
  ];
}

/** How far coming in is from going on and staying, relative to all that set out. */
export const gapOf = ({ out, in: on, sink, lost }: Balance): number => on + sink + lost - out;

/** Operator, or class and number of operators. */
export function about({ kind, about: operator, count, node }: Box, t: Translate): string {
  if (kind === 'module') return [operator, t('{0} operators', count)].filter(Boolean).join(' · ');
  return kind === 'node' ? operator : shape(node.shape);
}

export function boxText(box: Box, network: Network, t: Translate): string {
  const head = [box.title, about(box, t)].join(' · ');
  if (network.widths === 'none') return head;
  return [head, ...balanceLines(box, network, t).map(([name, value]) => `${name}: ${value}`)].join('\n');
}

export function ribbonText(
  { from, to, relevance, against }: Ribbon,
  { boxes }: Drawn,
  network: Network,
  t: Translate,
): string {
  const title = (id: string): string => boxes.find((box) => box.id === id)?.title ?? '';
  const way = t('{0} → {1}', title(from), title(to));
  if (network.widths === 'none') return way;
  const words =
    relevance < 0
      ? t('Relevance against: {0}', amount(relevance, network.total))
      : t('Relevance: {0}', amounts(relevance, against, network.total, t));
  return `${way}\n${words}`;
}

/** Room that a letter of a title and of the line below it is given, px; few need more. */
export const LETTER = 6.4;
export const SMALL_LETTER = 5.8;

/** As much of a text as there is room for. */
export function clipped(text: string, width: number, letter = LETTER): string {
  const most = Math.max(3, Math.floor(width / letter));
  if (text.length <= most) return text;
  const tail = Math.floor(most / 3);
  return `${text.slice(0, most - tail - 1)}…${text.slice(text.length - tail)}`;
}
