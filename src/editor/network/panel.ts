import * as vscode from 'vscode';
import type { Explanation } from '../../protocol';
import type { Network } from '../../protocol/flow';
import type { NetworkApi, NetworkHostApi, NetworkState, NetworkSubject } from '../../protocol/network';
import type { Client, Implementation } from '../../rpc';
import { commands } from '../contributions';
import type { EngineRoom } from '../engine-room';
import { nothingExplained } from '../living';
import type { Panels } from '../panels';
import { titleOf } from '../questions';
import { strings, ViewPanel } from '../view-panel';

export interface NetworkRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

/** The network of the explanation on show, in a webview beside it; another explanation is followed. */
export class NetworkPanel implements vscode.Disposable {
  readonly #rooms: NetworkRooms;
  readonly #view: ViewPanel<NetworkHostApi, NetworkApi, NetworkState>;
  #network?: Network;

  constructor(rooms: NetworkRooms) {
    this.#rooms = rooms;
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false };
    const panel = vscode.window.createWebviewPanel('modelPrism.network', vscode.l10n.t('Network'), place);
    this.#view = new ViewPanel(panel, {
      ...rooms,
      script: 'network',
      state: { status: 'empty', l10n: strings() },
      host: this.#host,
      send: (api) => this.#sender(api),
    });
    this.#view.own(
      rooms.panels.onChanged(() => this.#follow()),
      panel,
    );
    this.#follow();
  }

  get state(): NetworkState {
    return this.#view.state;
  }

  get onDisposed(): vscode.Event<void> {
    return this.#view.onDisposed;
  }

  reveal(): void {
    this.#view.panel.reveal();
  }

  dispose(): void {
    this.#view.dispose();
  }

  /** The network is large, and most states in a row are of the same. */
  #sender(api: Client<NetworkApi>): () => Promise<void> {
    let sent: string | undefined;
    return async () => {
      const { shown } = this.state;
      if (shown !== undefined && shown !== sent && this.#network) {
        await api.network({ explanation: shown, network: this.#network });
        sent = shown;
      }
      await api.update(this.state);
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
    if (stale !== this.state.stale && this.state.shown !== undefined) this.#view.update({ stale });
    if (!explanation || explanation.id === this.state.subject?.id) return;
    const question = current?.question;
    const { id, model, target, method, text } = explanation;
    const input = question ? titleOf(question) : '';
    const subject = { id, model: model.name, target, method, input, ...(text && { text }) };
    this.#view.panel.title = vscode.l10n.t('Network of {0}', input);
    void this.#build(subject);
  }

  #build(subject: NetworkSubject): Promise<void> {
    const what = `network of ${subject.model}`;
    this.#view.update({ subject });
    return this.#view.work(what, async (run) => {
      const network = await this.#rooms.engine.api.network({ explanation: subject.id }, run);
      if (!this.#view.wants(run)) return {};
      this.#rooms.log.info(`${what}: ${network.nodes.length} nodes, ${network.groups.length} modules`);
      this.#network = network;
      return { shown: subject.id };
    });
  }

  readonly #host: Implementation<NetworkHostApi> = {
    ready: async () => {
      this.#view.send();
      return this.state;
    },
    valueMap: async (params, { signal }) => {
      const { shown } = this.state;
      if (shown === undefined) throw nothingExplained();
      return this.#rooms.engine.api.valueMap({ explanation: shown, ...params }, { cancel: signal });
    },
    openLayer: async ({ layer }) => {
      const { current } = this.#rooms.panels;
      if (current?.explanation?.layers.some(({ id }) => id === layer)) current.openLayer(layer);
    },
    goToCode: async ({ value }) => {
      await vscode.commands.executeCommand(commands.goToCode, value);
    },
    cancel: async () => this.#view.runs.cancel(),
    retry: async () => {
      const { subject } = this.state;
      if (subject) void this.#build(subject);
    },
    showLog: async () => this.#rooms.log.show(),
  };
}
