import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Progress } from '../../protocol';
import type { TokenStudyParams, TokensApi, TokensHostApi, TokensState } from '../../protocol/tokens';
import { cancelled, type Implementation, toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import { exportTo } from '../export';
import type { MethodChoice } from '../methods';
import { panelHtml, panelIcon, panelRoots } from '../panel-html';
import { WebviewLink } from '../webview-link';

/** Between two reports of progress to the webview. */
const PROGRESS_MS = 200;
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
  readonly #panel: vscode.WebviewPanel;
  readonly #rooms: TokensRooms;
  readonly #link: WebviewLink<TokensHostApi, TokensApi>;
  #state: TokensState;
  #run?: AbortController;
  #reported = 0;
  #disposed = false;

  readonly onDisposed: vscode.Event<void>;

  constructor(rooms: TokensRooms, question: TokenStudyParams) {
    this.#rooms = rooms;
    const { text = '', textFile, model } = question;
    const name = textFile === undefined ? `“${text.trim().slice(0, 24)}”` : path.basename(textFile);
    const title = vscode.l10n.t('{0}, token by token', name);
    this.#panel = vscode.window.createWebviewPanel('modelPrism.tokens', title, {
      viewColumn: vscode.ViewColumn.Active,
      preserveFocus: false,
    });
    this.#panel.iconPath = panelIcon(rooms.extension);
    this.onDisposed = this.#panel.onDidDispose;
    this.#state = { status: 'working', question, goal: FIRST, l10n: vscode.l10n.bundle ?? {} };
    const { webview } = this.#panel;
    webview.options = { enableScripts: true, localResourceRoots: panelRoots(rooms.extension) };
    this.#link = new WebviewLink(webview, this.#host, (api) => () => api.update(this.#state));
    webview.html = panelHtml(webview, rooms.extension, 'tokens', title);
    this.#panel.onDidDispose(() => this.dispose());
    rooms.log.debug(`${model}: ${title}`);
    void this.#explain();
  }

  get state(): TokensState {
    return this.#state;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#run?.abort(cancelled());
    this.#link.dispose();
    this.#release();
  }

  #release(): void {
    const { engine } = this.#rooms;
    const { study } = this.#state;
    if (study && engine.client.status.state === 'ready') engine.api.releaseTokens({ study: study.id }).catch(() => {});
  }

  /** Explains until there are as many rows as asked for. */
  async #explain(): Promise<void> {
    this.#run?.abort(cancelled());
    const run = new AbortController();
    this.#run = run;
    const { engine, log } = this.#rooms;
    const options = { cancel: run.signal, onProgress: (progress: Progress) => this.#progress(run, progress) };
    const current = (): boolean => this.#run === run && !this.#disposed;
    this.#update({ status: 'working', error: undefined, progress: undefined });
    try {
      let study = this.#state.study ?? (await engine.api.openTokens(this.#state.question, options));
      if (!current()) return;
      // The labels of a text are as many as its words: all of them are wanted.
      if (study.kind === 'labels') this.#update({ goal: study.tokens.length });
      while (current() && study.ended === undefined && study.rows.length < this.#state.goal) {
        this.#update({ study });
        study = await engine.api.nextToken({ study: study.id }, options);
      }
      if (!current()) return;
      log.info(`${study.model.name} by ${study.method.id}: ${study.rows.length} tokens`);
      this.#update({ status: 'ready', study, progress: undefined });
    } catch (error) {
      if (!current()) return;
      const failure = toRemoteError(error);
      if (failure.code === 'CANCELLED' && this.#state.study) {
        return this.#update({ status: 'ready', goal: this.#state.study.rows.length, progress: undefined });
      }
      log.error(`${failure.code}: ${failure.message}`);
      this.#update({ status: 'failed', error: failure, progress: undefined });
    }
  }

  #progress(run: AbortController, { fraction, message }: Progress): void {
    const now = performance.now();
    if (this.#run !== run || now - this.#reported < PROGRESS_MS) return;
    this.#reported = now;
    this.#update({ progress: { message, ...(fraction !== undefined && { fraction }) } });
  }

  #update(change: { readonly [K in keyof TokensState]?: TokensState[K] | undefined }): void {
    if (this.#disposed) return;
    this.#state = { ...this.#state, ...change } as TokensState;
    this.#link.update();
  }

  readonly #host: Implementation<TokensHostApi> = {
    ready: async () => this.#state,
    more: async ({ count }) => {
      const { study, goal } = this.#state;
      this.#update({ goal: Math.max(study?.rows.length ?? 0, this.#state.status === 'working' ? goal : 0) + count });
      if (this.#state.status !== 'working') void this.#explain();
    },
    pickMethod: async () => {
      const { question } = this.#state;
      const method = await this.#rooms.methods.pick(question.model);
      if (!method) return;
      this.#release();
      const options = this.#rooms.methods.options(method.id);
      this.#update({ question: { ...question, method: method.id, options }, study: undefined });
      void this.#explain();
    },
    exportAs: async ({ format }) => {
      const { study, question } = this.#state;
      if (!study) return;
      const beside = question.textFile ?? question.model;
      const name = `${path.parse(question.textFile ?? 'text').name}.tokens.${study.method.id}.${format}`;
      const file = path.join(path.dirname(beside), name);
      await exportTo(file, { [NAMES[format]]: [format] }, (to) =>
        this.#rooms.engine.api.saveTokens({ study: study.id, path: to }),
      );
    },
    cancel: async () => this.#run?.abort(cancelled()),
    retry: async () => {
      this.#update({ study: undefined });
      void this.#explain();
    },
    showLog: async () => this.#rooms.log.show(),
  };
}
