import * as vscode from 'vscode';
import type { Explanation } from '../../protocol';
import type {
  AttentionContent,
  AttentionHostApi,
  AttentionState,
  AttentionSubject,
  AttentionViewApi,
} from '../../protocol/attention';
import type { Client, Implementation } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import { nothingExplained } from '../living';
import type { Panels } from '../panels';
import { titleOf } from '../questions';
import { strings, ViewPanel } from '../view-panel';

export interface AttentionRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

/** The attention of the explanation on show, in a webview beside it; another explanation is followed. */
export class AttentionPanel implements vscode.Disposable {
  readonly #rooms: AttentionRooms;
  readonly #view: ViewPanel<AttentionHostApi, AttentionViewApi, AttentionState>;
  #content?: AttentionContent;

  constructor(rooms: AttentionRooms) {
    this.#rooms = rooms;
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false };
    const panel = vscode.window.createWebviewPanel('modelPrism.attention', vscode.l10n.t('Attention'), place);
    this.#view = new ViewPanel(panel, {
      ...rooms,
      script: 'attention',
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

  get state(): AttentionState {
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

  /** What there is to show is large, and most states in a row are of the same. */
  #sender(api: Client<AttentionViewApi>): () => Promise<void> {
    let sent: string | undefined;
    return async () => {
      const { shown } = this.state;
      if (shown !== undefined && shown !== sent && this.#content) {
        await api.attentions(this.#content);
        sent = shown;
      }
      await api.update(this.state);
    };
  }

  /** The panel shows another explanation, works on one, or is gone. */
  #follow(): void {
    const { current } = this.#rooms.panels;
    const explanation = current?.explanation;
    const stale = !explanation ? 'gone' : current?.working ? 'changing' : undefined;
    if (stale !== this.state.stale && this.state.shown !== undefined) this.#view.update({ stale });
    if (!explanation || explanation.id === this.state.subject?.id) return;
    const { id, model, target, method } = explanation;
    const input = current?.question ? titleOf(current.question) : '';
    this.#view.panel.title = vscode.l10n.t('Attention: {0}', input);
    void this.#build({ id, model: model.name, target, method, input }, explanation);
  }

  #build(subject: AttentionSubject, { text, photograph }: Pick<Explanation, 'text' | 'photograph'>): Promise<void> {
    const what = `attention of ${subject.model}`;
    this.#view.update({ subject });
    return this.#view.work(what, async (run) => {
      const attentions = await this.#rooms.engine.api.attentions({ explanation: subject.id }, run);
      if (!this.#view.wants(run)) return {};
      this.#rooms.log.info(`${what}: ${attentions.layers.length} layers`);
      this.#content = {
        explanation: subject.id,
        attentions,
        ...(text && { text }),
        ...(photograph && { photograph }),
      };
      return { shown: subject.id };
    });
  }

  /** The explanation whose attentions are shown. Throws NOTHING_EXPLAINED. */
  get #shown(): string {
    const { shown } = this.state;
    if (shown !== undefined) return shown;
    throw nothingExplained();
  }

  readonly #host: Implementation<AttentionHostApi> = {
    ready: async () => {
      this.#view.send();
      return this.state;
    },
    heads: async (params, { signal }) =>
      this.#rooms.engine.api.attentionHeads({ explanation: this.#shown, ...params }, { cancel: signal }),
    head: async (params, { signal }) =>
      this.#rooms.engine.api.attentionHead({ explanation: this.#shown, ...params }, { cancel: signal }),
    cancel: async () => this.#view.runs.cancel(),
    retry: async () => {
      const { subject } = this.state;
      const explanation = this.#rooms.panels.current?.explanation;
      if (subject && explanation?.id === subject.id) void this.#build(subject, explanation);
    },
    showLog: async () => this.#rooms.log.show(),
  };
}
