import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { Explanation, Progress } from '../../protocol';
import type { Network } from '../../protocol/flow';
import type { NetworkApi, NetworkHostApi, NetworkState, NetworkSubject } from '../../protocol/network';
import { type Client, cancelled, type Implementation, toRemoteError } from '../../rpc';
import { commands } from '../contributions';
import type { EngineRoom } from '../engine-room';
import { panelHtml, panelIcon, panelRoots } from '../panel-html';
import type { Panels } from '../panels';
import { titleOf } from '../questions';
import { WebviewLink } from '../webview-link';

/** Between two reports of progress to the webview. */
const PROGRESS_MS = 200;

export interface NetworkRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

type Change = { readonly [K in keyof NetworkState]?: NetworkState[K] | undefined };

/** The network of the explanation on show, in a webview beside it; another explanation is followed. */
export class NetworkPanel implements vscode.Disposable {
  readonly #rooms: NetworkRooms;
  readonly #panel: vscode.WebviewPanel;
  readonly #link: WebviewLink<NetworkHostApi, NetworkApi>;
  readonly #disposables: vscode.Disposable[];
  #state: NetworkState;
  #network?: Network;
  #run?: AbortController;
  #reported = 0;
  #disposed = false;

  readonly onDisposed: vscode.Event<void>;

  constructor(rooms: NetworkRooms) {
    this.#rooms = rooms;
    const viewColumn = vscode.ViewColumn.Beside;
    const title = vscode.l10n.t('Network');
    this.#panel = vscode.window.createWebviewPanel('modelPrism.network', title, { viewColumn, preserveFocus: false });
    this.#panel.iconPath = panelIcon(rooms.extension);
    this.onDisposed = this.#panel.onDidDispose;
    this.#state = { status: 'empty', l10n: vscode.l10n.bundle ?? {} };
    const { webview } = this.#panel;
    webview.options = { enableScripts: true, localResourceRoots: panelRoots(rooms.extension) };
    this.#link = new WebviewLink(webview, this.#host, (api) => this.#sender(api));
    webview.html = panelHtml(webview, rooms.extension, 'network', title);
    this.#disposables = [
      this.#link,
      rooms.panels.onChanged(() => this.#follow()),
      this.#panel.onDidDispose(() => this.dispose()),
    ];
    this.#follow();
  }

  get state(): NetworkState {
    return this.#state;
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#run?.abort(cancelled());
    for (const disposable of this.#disposables) disposable.dispose();
    this.#panel.dispose();
  }

  /** The network is large, and most states in a row are of the same. */
  #sender(api: Client<NetworkApi>): () => Promise<void> {
    let sent: string | undefined;
    return async () => {
      const { shown } = this.#state;
      if (shown !== undefined && shown !== sent && this.#network) {
        await api.network({ explanation: shown, network: this.#network });
        sent = shown;
      }
      await api.update(this.#state);
    };
  }

  get #explanation(): Explanation | undefined {
    return this.#rooms.panels.current?.explanation;
  }

  /** The panel shows another explanation, works on one, or is gone. */
  #follow(): void {
    const { current } = this.#rooms.panels;
    const explanation = this.#explanation;
    const stale = !explanation ? 'gone' : current?.working ? 'changing' : undefined;
    if (stale !== this.#state.stale && this.#state.shown !== undefined) this.#update({ stale });
    if (!explanation || explanation.id === this.#state.subject?.id) return;
    const question = current?.question;
    const { id, model, target, method } = explanation;
    const input = question ? titleOf(question) : '';
    const subject = { id, model: model.name, target, method, input };
    this.#panel.title = vscode.l10n.t('Network of {0}', input);
    void this.#build(subject);
  }

  async #build(subject: NetworkSubject): Promise<void> {
    this.#run?.abort(cancelled());
    const run = new AbortController();
    this.#run = run;
    const { engine, log } = this.#rooms;
    this.#update({ status: 'working', subject, error: undefined, progress: undefined });
    try {
      const network = await engine.api.network(
        { explanation: subject.id },
        { cancel: run.signal, onProgress: (progress: Progress) => this.#progress(run, progress) },
      );
      if (this.#run !== run || this.#disposed) return;
      log.info(`network of ${subject.model}: ${network.nodes.length} nodes, ${network.groups.length} modules`);
      this.#network = network;
      this.#update({ status: 'ready', shown: subject.id, progress: undefined });
    } catch (error) {
      if (this.#run !== run || this.#disposed) return;
      const failure = toRemoteError(error);
      log.error(`network of ${subject.model}: ${failure.code}: ${failure.message}`);
      this.#update({ status: 'failed', error: failure, progress: undefined });
    }
  }

  #progress(run: AbortController, { message, fraction }: Progress): void {
    const now = performance.now();
    if (this.#run !== run || now - this.#reported < PROGRESS_MS) return;
    this.#reported = now;
    this.#update({ progress: { message, ...(fraction !== undefined && { fraction }) } });
  }

  #update(change: Change): void {
    if (this.#disposed) return;
    this.#state = { ...this.#state, ...change } as NetworkState;
    this.#link.update();
  }

  readonly #host: Implementation<NetworkHostApi> = {
    ready: async () => {
      this.#link.update();
      return this.#state;
    },
    valueMap: async ({ value }, { signal }) => {
      const { shown } = this.#state;
      if (shown === undefined)
        throw new PrismError('NOTHING_EXPLAINED', vscode.l10n.t('Nothing has been explained yet.'));
      return this.#rooms.engine.api.valueMap({ explanation: shown, value }, { cancel: signal });
    },
    openLayer: async ({ layer }) => {
      const { current } = this.#rooms.panels;
      if (current?.explanation?.layers.some(({ id }) => id === layer)) current.openLayer(layer);
    },
    goToCode: async ({ value }) => {
      await vscode.commands.executeCommand(commands.goToCode, value);
    },
    cancel: async () => this.#run?.abort(cancelled()),
    retry: async () => {
      const { subject } = this.#state;
      if (subject) void this.#build(subject);
    },
    showLog: async () => this.#rooms.log.show(),
  };
}
