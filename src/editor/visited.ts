import * as vscode from 'vscode';
import type { Explanation } from '../protocol';
import type { KeptHistory, OtherMap, PanelQuestion, PanelState } from '../protocol/panel';
import { HeldExplanations } from './held';
import { PanelHistory } from './history';
import { questionBehind, titleOf } from './questions';

/** What a panel has shown: the questions, and the latest answers to them. */
export class Visited {
  readonly #history: PanelHistory;
  readonly #held: HeldExplanations;
  #steps = 0;

  /** @param release called for explanations that are no longer held */
  constructor(release: (explanation: Explanation) => void, kept: KeptHistory | undefined) {
    this.#history = new PanelHistory(kept);
    this.#held = new HeldExplanations(release);
  }

  get state(): NonNullable<PanelState['history']> {
    return { ...this.#history.kept, steps: this.#steps };
  }

  canGo(by: -1 | 1): boolean {
    return this.#history.at(by) !== undefined;
  }

  /** Moves back or forward, if there is something to show. */
  go(by: -1 | 1): PanelQuestion | undefined {
    const entry = this.#history.go(by);
    if (entry) this.#steps++;
    return entry?.question;
  }

  /** Notes what is shown now, to come back to. */
  visit(asked: PanelQuestion, explanation: Explanation): void {
    const shown = questionBehind(explanation, asked);
    this.#history.visit(asked, shown, titleOfEntry(shown, explanation));
    if (!shown.compare) void this.#held.hold(shown, explanation);
  }

  /** What was said to a question, if that still holds. */
  answer(question: PanelQuestion): Promise<Explanation | undefined> {
    return this.#held.get(question);
  }

  holds(explanation: Explanation): boolean {
    return this.#held.has(explanation);
  }

  /** What was last said of the same picture before; explained again where that no longer holds. */
  async before(explain: (question: PanelQuestion) => Promise<Explanation>): Promise<OtherMap | null> {
    const entry = this.#history.before();
    if (entry === undefined) return null;
    const { question, title } = entry;
    const held = await this.answer(question);
    const { map, method, photograph } = held ?? (await this.#heldNow(question, explain));
    return photograph ? { title, map, signed: method.signed, viewport: photograph.viewport } : null;
  }

  async #heldNow(
    question: PanelQuestion,
    explain: (question: PanelQuestion) => Promise<Explanation>,
  ): Promise<Explanation> {
    const explanation = await explain(question);
    await this.#held.hold(question, explanation);
    return explanation;
  }

  /** Answers no longer hold; the questions stay. */
  forget(): void {
    this.#held.clear();
  }
}

/** What an entry is called: what was explained, by what, as what. */
function titleOfEntry(question: PanelQuestion, { method, target }: Explanation): string {
  const by = question.compare ? vscode.l10n.t('{0} methods', question.compare.length) : method.title;
  return [titleOf(question), by, target.label].join(' · ');
}
