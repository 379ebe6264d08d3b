import * as path from 'node:path';
import * as vscode from 'vscode';
import type { TokenStudy, TokenStudyParams, TokensApi, TokensHostApi, TokensState } from '../../protocol/tokens';
import { type Implementation, toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import { exportTo } from '../export';
import type { MethodChoice } from '../methods';
import type { Run } from '../runs';
import { strings, ViewPanel } from '../view-panel';

/** New tokens that are explained without being asked for. */
const FIRST = 8;
const NAMES = { png: 'PNG', npy: 'NumPy', json: 'JSON' } as const;

export interface TokensRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly methods: MethodChoice;
  readonly log: vscode.LogOutputChannel;
}

/** A text of which token after token is explained, in a webview of its own. */
export class TokensPanel implements vscode.Disposable {
  readonly #rooms: TokensRooms;
  readonly #view: ViewPanel<TokensHostApi, TokensApi, TokensState>;

  /** @param at the token to look at first */
  constructor(rooms: TokensRooms, question: TokenStudyParams, at?: number) {
    this.#rooms = rooms;
    const { text = '', textFile } = question;
    const name = textFile === undefined ? `“${text.trim().slice(0, 24)}”` : path.basename(textFile);
    const title = vscode.l10n.t('{0}, token by token', name);
    const place = { viewColumn: vscode.ViewColumn.Active, preserveFocus: false };
    this.#view = new ViewPanel(vscode.window.createWebviewPanel('modelPrism.tokens', title, place), {
      ...rooms,
      script: 'tokens',
      state: { status: 'working', question, goal: FIRST, l10n: strings(), ...(at !== undefined && { at }) },
      host: this.#host,
      send: (api) => () => api.update(this.state),
    });
    this.#view.own({ dispose: () => this.#release() });
    void this.#explain();
  }

  get state(): TokensState {
    return this.#view.state;
  }

  get onDisposed(): vscode.Event<void> {
    return this.#view.onDisposed;
  }

  dispose(): void {
    this.#view.dispose();
  }

  #release(): void {
    const { engine } = this.#rooms;
    const { study } = this.state;
    if (study && engine.client.status.state === 'ready') engine.api.releaseTokens({ study: study.id }).catch(() => {});
  }

  /** Explains until there are as many rows as asked for. */
  async #explain(): Promise<void> {
    await this.#view.work(this.#view.panel.title, async (run) => {
      try {
        const study = await this.#rows(run);
        this.#rooms.log.info(`${study.model.name} by ${study.method.id}: ${study.rows.length} tokens`);
        return { study };
      } catch (error) {
        const { study } = this.state;
        if (toRemoteError(error).code !== 'CANCELLED' || !study) throw error;
        return { goal: study.rows.length };
      }
    });
  }

  async #rows(run: Run): Promise<TokenStudy> {
    const { api } = this.#rooms.engine;
    let study = this.state.study ?? (await api.openTokens(this.state.question, run));
    const wanted = (): boolean => this.#view.wants(run);
    // The labels of a text are as many as its words: all of them are wanted.
    if (wanted() && study.kind === 'labels') this.#view.update({ goal: study.tokens.length });
    while (wanted() && study.ended === undefined && study.rows.length < this.state.goal) {
      this.#view.update({ study });
      study = await api.nextToken({ study: study.id }, run);
    }
    return study;
  }

  readonly #host: Implementation<TokensHostApi> = {
    ready: async () => this.state,
    more: async ({ count }) => {
      const { study, goal } = this.state;
      this.#view.update({
        goal: Math.max(study?.rows.length ?? 0, this.state.status === 'working' ? goal : 0) + count,
      });
      if (this.state.status !== 'working') void this.#explain();
    },
    pickMethod: async () => {
      const { question } = this.state;
      const method = await this.#rooms.methods.pick(question.model);
      if (!method) return;
      this.#release();
      const options = this.#rooms.methods.options(method.id);
      this.#view.update({ question: { ...question, method: method.id, options }, study: undefined });
      void this.#explain();
    },
    exportAs: async ({ format }) => {
      const { study, question } = this.state;
      if (!study) return;
      const beside = question.textFile ?? question.model;
      const name = `${path.parse(question.textFile ?? 'text').name}.tokens.${study.method.id}.${format}`;
      const file = path.join(path.dirname(beside), name);
      await exportTo(file, { [NAMES[format]]: [format] }, (to) =>
        this.#rooms.engine.api.saveTokens({ study: study.id, path: to }),
      );
    },
    cancel: async () => this.#view.runs.cancel(),
    retry: async () => {
      this.#view.update({ study: undefined });
      void this.#explain();
    },
    showLog: async () => this.#rooms.log.show(),
  };
}
