import type { ComparedMethod, ComparisonState, HistoryEntry, PanelState } from '../../src/protocol/panel';

/** The entry of the history so many steps further. */
export function historyEntry(state: PanelState | undefined, by: -1 | 0 | 1): HistoryEntry | undefined {
  const { history } = state ?? {};
  return history?.entries[history.index + by];
}

/** The last entry before the present one about the same picture by itself. */
export function historyBefore(state: PanelState | undefined): HistoryEntry | undefined {
  const { entries = [], index = 0 } = state?.history ?? {};
  const image = entries[index]?.question.image;
  return entries
    .slice(0, index)
    .findLast(({ question }) => question.image === image && image !== undefined && question.compare === undefined);
}

/** The methods of a comparison, each once. */
export const methodsOf = ({ methods }: ComparisonState): readonly string[] => [
  ...new Set(methods.map(({ method }) => method)),
];

/** What each method of a comparison says, class by class. */
export const rowsOf = (comparison: ComparisonState): readonly (readonly ComparedMethod[])[] =>
  methodsOf(comparison).map((method) => comparison.methods.filter((cell) => cell.method === method));

/** Whether the explanation on show was opened from the comparison beside it. */
export function openedFromComparison(state: PanelState | undefined, comparing: boolean): boolean {
  const compared = historyEntry(state, 0)?.question.compare !== undefined;
  return state?.comparison !== undefined && !comparing && compared;
}

/** Whether one has just gone back or forward. */
export const stepped = (before: PanelState | undefined, now: PanelState): boolean =>
  before?.history !== undefined && before.history.steps !== now.history?.steps;
