import * as vscode from 'vscode';
import type { ViewState } from '../protocol/view';
import { type Implementation, toRemoteError } from '../rpc';
import { type PanelScript, panelHtml, panelIcon, panelRoots } from './panel-html';
import { type Run, Runs } from './runs';
import { type Sender, WebviewLink } from './webview-link';

/** Progress is told of at once, so that one sees that something happens. */
const PACE = { first: 0, every: 200 };

/** Undefined takes a part of the state away. */
export type Change<State> = { readonly [K in keyof State]?: State[K] | undefined };

/** What makes one view another than the next. */
interface View<Host, Api, State> {
  readonly extension: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly script: PanelScript;
  /** What it shows first. */
  readonly state: State;
  /** What its documents may ask. */
  readonly host: Implementation<Host>;
  /** Sends what a document has not got. */
  readonly send: Sender<Api>;
  /** Called whenever it has shown how far its work is. */
  readonly onProgress?: () => void;
}

/** The strings of the display language, which every view is sent. */
export const strings = (): ViewState['l10n'] => vscode.l10n.bundle ?? {};

/**
 * A webview panel: its page, its icon, and the link to its documents, which come and go. It shows a state, and of the
 * work that leads to the next one how far it is and what became of it.
 */
export class ViewPanel<Host, Api, State extends ViewState> implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #link: WebviewLink<Host, Api>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #state: State;
  #disposed = false;

  readonly onChanged = this.#changed.event;
  readonly onDisposed: vscode.Event<void>;
  readonly runs: Runs;

  constructor(
    readonly panel: vscode.WebviewPanel,
    { extension, log, script, state, host, send, onProgress }: View<Host, Api, State>,
  ) {
    this.#log = log;
    this.#state = state;
    this.runs = new Runs(({ message, fraction }) => {
      this.#change({ progress: { message, ...(fraction !== undefined && { fraction }) } });
      onProgress?.();
    }, PACE);
    this.onDisposed = panel.onDidDispose;
    const { webview } = panel;
    panel.iconPath = panelIcon(extension);
    webview.options = { enableScripts: true, localResourceRoots: panelRoots(extension) };
    this.#link = new WebviewLink(webview, host, send);
    webview.html = panelHtml(webview, extension, script, panel.title);
    this.#disposables = [this.#link, this.#changed, panel.onDidDispose(() => this.dispose())];
  }

  get state(): State {
    return this.#state;
  }

  /** What goes with the panel. */
  own(...disposables: readonly vscode.Disposable[]): void {
    this.#disposables.push(...disposables);
  }

  /** Lets go of everything but the tab, which may outlive the extension. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.runs.cancel();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  update(change: Change<State>): void {
    this.#change(change);
  }

  #change(change: Change<State> | Change<ViewState>): void {
    if (this.#disposed) return;
    this.#state = { ...this.#state, ...change } as State;
    this.#link.update();
    this.#changed.fire();
  }

  /** Tells the document of the state again. */
  send(): void {
    this.#link.update();
  }

  /** Whether what a piece of work has found is still wanted. */
  wants(run: Run): boolean {
    return this.runs.isLatest(run) && !this.#disposed;
  }

  /**
   * Does a piece of work in place of the one before. What it resolves to is shown, and so is its failure.
   *
   * @param what names the work in the log
   */
  async work(what: string, task: (run: Run) => Promise<Change<State>>): Promise<void> {
    const run = this.runs.begin();
    this.#change({ status: 'working', error: undefined, progress: undefined });
    try {
      const found = await task(run);
      if (this.wants(run)) this.#change({ status: 'ready', progress: undefined, ...found });
    } catch (reason) {
      if (!this.wants(run)) return;
      const error = toRemoteError(reason);
      this.#log.error(`${what}: ${error.code}: ${error.message}`);
      this.#change({ status: 'failed', error, progress: undefined });
    } finally {
      this.runs.end(run);
    }
  }
}
