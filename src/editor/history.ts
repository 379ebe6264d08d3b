import type { HistoryEntry, KeptHistory, PanelQuestion } from '../protocol/panel';
import { isQuestion } from './kept-question';

/** Questions that a panel remembers. */
const MOST_ENTRIES = 40;
/** Longer ones, such as of a pasted text, are forgotten with the window. */
const MOST_CHARACTERS = 4000;

const same = (a: PanelQuestion | undefined, b: PanelQuestion): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The questions that a panel has shown, one after the other, as the pages of a browser. */
export class PanelHistory {
  #entries: readonly HistoryEntry[] = [];
  #index = -1;

  constructor(kept?: KeptHistory) {
    if (kept === undefined) return;
    this.#entries = kept.entries;
    this.#index = kept.index;
  }

  /** The entry so many steps further; undefined where there is none. */
  at(by: number): HistoryEntry | undefined {
    return this.#entries[this.#index + by];
  }

  /**
   * A question was shown. What could be gone forward to is given up, unless it is the present entry that was shown
   * again: by its own question, or as what comes of it.
   *
   * @param asked as it was asked
   * @param shown with what was left open filled in
   */
  visit(asked: PanelQuestion, shown: PanelQuestion, title: string): void {
    const present = this.at(0)?.question;
    if (same(present, asked) || same(present, shown)) {
      this.#entries = this.#entries.with(this.#index, { question: shown, title });
      return;
    }
    const before = this.#entries.slice(0, this.#index + 1);
    this.#entries = [...before, { question: shown, title }].slice(-MOST_ENTRIES);
    this.#index = this.#entries.length - 1;
  }

  /** The last question before the present one about the same picture by itself. */
  before(): HistoryEntry | undefined {
    const image = this.at(0)?.question.image;
    const earlier = this.#entries.slice(0, Math.max(0, this.#index));
    return earlier.findLast(({ question }) => question.image === image && question.compare === undefined);
  }

  /** Moves to an entry, if it is there. */
  go(by: number): HistoryEntry | undefined {
    const entry = this.at(by);
    if (entry) this.#index += by;
    return entry;
  }

  get kept(): KeptHistory {
    const brief = (entry: HistoryEntry): boolean => JSON.stringify(entry).length <= MOST_CHARACTERS;
    const entries = this.#entries.filter(brief);
    const index = this.#entries.slice(0, this.#index + 1).filter(brief).length - 1;
    return { entries, index: Math.max(0, index) };
  }
}

/** The history that a webview has kept for the host: entries that make no sense are left out. */
export function keptHistory(state: unknown): KeptHistory | undefined {
  if (typeof state !== 'object' || state === null || !('history' in state)) return undefined;
  const { entries, index } = (state.history ?? {}) as Partial<Record<keyof KeptHistory, unknown>>;
  if (!Array.isArray(entries) || !Number.isInteger(index)) return undefined;
  const sound = (entry: Partial<HistoryEntry> | null): boolean =>
    typeof entry?.title === 'string' && isQuestion(entry.question);
  const present = entries.slice(0, (index as number) + 1).filter(sound).length - 1;
  const kept = (entries as HistoryEntry[]).filter(sound).slice(-MOST_ENTRIES);
  const dropped = entries.filter(sound).length - kept.length;
  if (kept.length === 0) return undefined;
  return { entries: kept, index: Math.min(kept.length - 1, Math.max(0, present - dropped)) };
}
