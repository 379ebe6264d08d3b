import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { Explanation } from '../protocol';
import type { KeptHistory } from '../protocol/panel';
import type { ServiceApi } from '../protocol/service';
import { type CallContext, type Client, toRemoteError } from '../rpc';
import type { Comparison } from './comparison';
import type { EngineRoom } from './engine-room';
import { Visited } from './visited';

/** The engine has lost an explanation: it was evicted, or the process is another one. */
const gone: ReadonlySet<string> = new Set(['EXPLANATION_GONE', 'ENGINE_CRASHED', 'ENGINE_RESTARTED']);

export const nothingExplained = (): PrismError =>
  new PrismError('NOTHING_EXPLAINED', vscode.l10n.t('Nothing has been explained yet.'));

/** What the engine keeps for a panel: the explanation on show, those compared, and those one may go back to. */
export class LivingExplanations {
  readonly visited: Visited;
  #comparison?: Comparison | undefined;

  constructor(
    private readonly engine: EngineRoom,
    private readonly shown: () => Explanation | undefined,
    history: KeptHistory | undefined,
  ) {
    this.visited = new Visited((explanation) => this.release(explanation), history);
  }

  get comparison(): Comparison | undefined {
    return this.#comparison;
  }

  /** Takes another comparison, or none; what only the one before has found is released. */
  set comparison(next: Comparison | undefined) {
    const before = this.#comparison;
    this.#comparison = next;
    for (const explanation of before?.explanations ?? []) this.release(explanation);
  }

  /** Releases everything. */
  dispose(): void {
    this.comparison = undefined;
    this.visited.forget();
    const explanation = this.shown();
    if (explanation) this.#letGo(explanation);
  }

  /** Releases an explanation, unless it may be looked at again. */
  release(explanation: Explanation | undefined): void {
    if (!explanation || explanation.id === this.shown()?.id) return;
    if (!this.#comparison?.holds(explanation) && !this.visited.holds(explanation)) this.#letGo(explanation);
  }

  #letGo(explanation: Explanation): void {
    // An engine that has ended holds nothing, and must not be started for this.
    if (this.engine.client.status.state !== 'ready') return;
    this.engine.api.release({ explanation: explanation.id }).catch(() => {});
  }

  /**
   * Asks about the explanation on show, and once more when the engine had lost it.
   *
   * @param again has a lost one made again; resolves when that has come to an end, is undefined where it cannot be
   */
  async ask<R>(
    context: CallContext,
    question: (api: Client<ServiceApi>, explanation: string) => Promise<R>,
    again: (lost: Explanation) => Promise<void> | undefined,
  ): Promise<R> {
    const asked = this.shown();
    if (!asked) throw nothingExplained();
    try {
      return await question(this.engine.api, asked.id);
    } catch (error) {
      const work = gone.has(toRemoteError(error).code) ? again(asked) : undefined;
      if (!work) throw error;
      await work;
      context.signal.throwIfAborted();
      const explanation = this.shown();
      if (!explanation || explanation === asked) throw error;
      return question(this.engine.api, explanation.id);
    }
  }
}
