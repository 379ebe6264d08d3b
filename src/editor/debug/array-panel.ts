import * as vscode from 'vscode';
import type { ArrayHostApi, ArrayPanelApi, ArrayState } from '../../protocol/array';
import { type Implementation, toRemoteError } from '../../rpc';
import { strings, ViewPanel } from '../view-panel';
import type { ArraySource, Wish } from './array-source';

export interface ArrayPanelOptions {
  readonly extension: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly title: string;
  readonly where: string;
  /** Whether zero is the middle of the colours. */
  readonly signed?: boolean;
  /** What its Explain button does with the item that is shown. */
  readonly explain?: (item: number) => Promise<void>;
  /** What its Refresh button does. */
  readonly refresh?: () => Promise<void>;
}

/** An array as a picture in a webview of its own. */
export class ArrayPanel implements vscode.Disposable {
  readonly #options: ArrayPanelOptions;
  readonly #view: ViewPanel<ArrayHostApi, ArrayPanelApi, ArrayState>;
  #source?: ArraySource;
  #wish: Wish = { item: 0 };

  constructor(options: ArrayPanelOptions) {
    this.#options = options;
    const { title, where, signed = false, explain } = options;
    const viewColumn = vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    const place = { viewColumn, preserveFocus: true };
    const explainable = explain !== undefined;
    this.#view = new ViewPanel(vscode.window.createWebviewPanel('modelPrism.array', title, place), {
      ...options,
      script: 'array',
      state: { title, where, status: 'working', signed, notes: [], explainable, l10n: strings() },
      host: this.#host,
      send: (api) => () => api.update(this.state),
    });
  }

  get state(): ArrayState {
    return this.#view.state;
  }

  get onDisposed(): vscode.Event<void> {
    return this.#view.onDisposed;
  }

  dispose(): void {
    this.#view.panel.dispose();
  }

  reveal(): void {
    this.#view.panel.reveal(undefined, true);
  }

  /** Shows another array, or the same at another stop, with the item and channel that were chosen. */
  async show(source: ArraySource, where: string, notes: readonly string[] = []): Promise<void> {
    this.#source = source;
    this.#view.update({ where, notes });
    await this.#fetch();
  }

  /** The picture is no longer of now; `error` says why. */
  stale(error?: unknown): void {
    this.#view.runs.cancel();
    const { view } = this.state;
    const status = view ? 'stale' : 'failed';
    this.#view.update(error === undefined ? { status } : { status, error: toRemoteError(error) });
  }

  async #fetch(): Promise<void> {
    const source = this.#source;
    if (!source) return;
    const run = this.#view.runs.begin();
    this.#view.update({ status: 'working' });
    try {
      const view = await source.view(this.#wish, run.cancel);
      if (run.cancel.aborted) return;
      this.#wish = { item: view.item, channel: view.channel };
      this.#view.update({ status: 'ready', view, error: undefined });
    } catch (error) {
      if (!run.cancel.aborted) this.stale(error);
    }
  }

  readonly #host: Implementation<ArrayHostApi> = {
    ready: async () => this.state,
    show: async (wish) => {
      this.#wish = wish;
      await this.#fetch();
    },
    explain: async () => this.#options.explain?.(this.state.view?.item ?? 0),
    refresh: async () => (this.#options.refresh ? this.#options.refresh() : this.#fetch()),
  };
}
