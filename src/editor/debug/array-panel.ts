import * as vscode from 'vscode';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import type { ArrayHostApi, ArrayPanelApi, ArrayState } from '../../protocol/array';
import { type Client, cancelled, client, type Implementation, portTransport, serve, toRemoteError } from '../../rpc';
import { panelHtml, panelRoots } from '../panel-html';
import type { ArraySource, Wish } from './array-source';

const arrayViewType = 'modelPrism.array';

export interface ArrayPanelOptions {
  readonly extension: vscode.Uri;
  readonly title: string;
  readonly where: string;
  /** Whether zero is the middle of the colours. */
  readonly signed?: boolean;
  /** What its Explain button does with the item that is shown. */
  readonly explain?: (item: number) => Promise<void>;
  /** What its Refresh button does. */
  readonly refresh?: () => Promise<void>;
}

/** An array as a picture in a webview of its own. The document is sent the whole state whenever it says it is ready. */
export class ArrayPanel implements vscode.Disposable {
  readonly #panel: vscode.WebviewPanel;
  readonly #options: ArrayPanelOptions;
  readonly onDisposed: vscode.Event<void>;
  #source?: ArraySource;
  #wish: Wish = { item: 0 };
  #state: ArrayState;
  #run?: AbortController;
  #connection?: MessageConnection;
  #client?: Client<ArrayPanelApi>;
  #deliver: (message: unknown) => void = () => {};

  constructor(options: ArrayPanelOptions) {
    const { extension, title, where, signed = false } = options;
    this.#options = options;
    const viewColumn = vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
    const panel = vscode.window.createWebviewPanel(arrayViewType, title, { viewColumn, preserveFocus: true });
    panel.webview.options = { enableScripts: true, localResourceRoots: panelRoots(extension) };
    const icon = (theme: string): vscode.Uri =>
      vscode.Uri.joinPath(extension, 'media', 'icons', `explain-${theme}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    this.#panel = panel;
    this.onDisposed = panel.onDidDispose;
    this.#state = {
      title,
      where,
      status: 'working',
      signed,
      notes: [],
      explainable: options.explain !== undefined,
      l10n: vscode.l10n.bundle ?? {},
    };
    panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message));
    panel.onDidDispose(() => this.#close());
    panel.webview.html = panelHtml(panel.webview, extension, 'array', title);
  }

  get state(): ArrayState {
    return this.#state;
  }

  dispose(): void {
    this.#panel.dispose();
  }

  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  /** Shows another array, or the same at another stop, with the item and channel that were chosen. */
  async show(source: ArraySource, where: string, notes: readonly string[] = []): Promise<void> {
    this.#source = source;
    this.#update({ where, notes });
    await this.#fetch();
  }

  /** The picture is no longer of now; `error` says why. */
  stale(error?: unknown): void {
    this.#run?.abort(cancelled());
    const { view } = this.#state;
    const status = view ? 'stale' : 'failed';
    this.#update(error === undefined ? { status } : { status, error: toRemoteError(error) });
  }

  async #fetch(): Promise<void> {
    const source = this.#source;
    if (!source) return;
    this.#run?.abort(cancelled());
    const run = new AbortController();
    this.#run = run;
    this.#update({ status: 'working' });
    try {
      const view = await source.view(this.#wish, run.signal);
      if (run.signal.aborted) return;
      this.#wish = { item: view.item, channel: view.channel };
      const { error: _, ...rest } = this.#state;
      this.#state = rest;
      this.#update({ status: 'ready', view });
    } catch (error) {
      if (this.#run === run && !run.signal.aborted) this.stale(error);
    }
  }

  #update(change: Partial<ArrayState>): void {
    this.#state = { ...this.#state, ...change };
    // A hidden document takes nothing; when it is shown again it asks.
    this.#client?.update(this.#state).catch(() => {});
  }

  #receive(message: unknown): void {
    if (typeof message === 'object' && message !== null && 'method' in message && message.method === 'ready')
      this.#open();
    this.#deliver(message);
  }

  /** Each life of the document gets a connection of its own. */
  #open(): void {
    this.#connection?.dispose();
    const { reader, writer } = portTransport({
      post: (message) => this.#panel.webview.postMessage(message),
      listen: (callback) => {
        this.#deliver = callback;
        return { dispose: () => {} };
      },
    });
    const connection = createMessageConnection(reader, writer);
    connection.onError(() => {});
    serve<ArrayHostApi>(connection, this.#host);
    connection.listen();
    this.#connection = connection;
    this.#client = client<ArrayPanelApi>(connection);
  }

  #close(): void {
    this.#run?.abort(cancelled());
    this.#connection?.dispose();
  }

  readonly #host: Implementation<ArrayHostApi> = {
    ready: async () => this.#state,
    show: async (wish) => {
      this.#wish = wish;
      await this.#fetch();
    },
    explain: async () => this.#options.explain?.(this.#state.view?.item ?? 0),
    refresh: async () => (this.#options.refresh ? this.#options.refresh() : this.#fetch()),
  };
}
