import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { Explanation, Progress } from '../../protocol';
import type { ModelsApi, ModelsHostApi, ModelsQuestion, ModelsState } from '../../protocol/models';
import { cancelled, type Implementation, toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import { panelHtml, panelRoots } from '../panel-html';
import type { Panels } from '../panels';
import { WebviewLink } from '../webview-link';

/** Between two reports of progress to the webview. */
const PROGRESS_MS = 200;

export interface ModelsRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

/** Two models on one input, layer by layer, in a webview of their own. */
export class ModelsPanel implements vscode.Disposable {
  readonly #panel: vscode.WebviewPanel;
  readonly #rooms: ModelsRooms;
  readonly #link: WebviewLink<ModelsHostApi, ModelsApi>;
  #state: ModelsState;
  #run?: AbortController;
  #reported = 0;
  #disposed = false;

  readonly onDisposed: vscode.Event<void>;

  constructor(rooms: ModelsRooms, question: ModelsQuestion) {
    this.#rooms = rooms;
    const title = question.models.map((model) => path.parse(model).name).join(' ⇄ ');
    const viewColumn = vscode.ViewColumn.Active;
    this.#panel = vscode.window.createWebviewPanel('modelPrism.models', title, { viewColumn, preserveFocus: false });
    this.onDisposed = this.#panel.onDidDispose;
    this.#state = { status: 'working', question, l10n: vscode.l10n.bundle ?? {} };
    const { webview } = this.#panel;
    webview.options = { enableScripts: true, localResourceRoots: panelRoots(rooms.extension) };
    this.#link = new WebviewLink(webview, this.#host, (api) => () => api.update(this.#state));
    webview.html = panelHtml(webview, rooms.extension, 'models', title);
    this.#panel.onDidDispose(() => this.dispose());
    void this.#compare();
  }

  get state(): ModelsState {
    return this.#state;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#run?.abort(cancelled());
    this.#link.dispose();
    const { engine } = this.#rooms;
    if (engine.client.status.state !== 'ready') return;
    for (const { id } of this.#state.explanations ?? []) engine.api.release({ explanation: id }).catch(() => {});
  }

  async #compare(): Promise<void> {
    this.#run?.abort(cancelled());
    const run = new AbortController();
    this.#run = run;
    const { engine, log } = this.#rooms;
    const { models, ...question } = this.#state.question;
    const options = {
      cancel: run.signal,
      onProgress: (progress: Progress) => this.#progress(run, progress),
    };
    this.#update({ status: 'working', error: undefined, progress: undefined });
    try {
      const { api } = engine;
      const first = await api.explain({ ...question, model: models[0] }, options);
      // The same class, whatever the other one predicts.
      const second = await api.explain({ ...question, model: models[1], target: first.target.index }, options);
      const divergence = await api.diverge({ first: first.id, second: second.id }, options);
      if (this.#run !== run || this.#disposed) return;
      log.info(`${models.join(' ⇄ ')}: part at ${divergence.parted ?? 'no layer'}`);
      this.#update({ status: 'ready', explanations: [first, second], divergence, progress: undefined });
    } catch (error) {
      if (this.#run !== run || this.#disposed) return;
      const failure = toRemoteError(error);
      log.error(`${models.join(' ⇄ ')}: ${failure.code}: ${failure.message}`);
      this.#update({ status: 'failed', error: failure, progress: undefined });
    }
  }

  #progress(run: AbortController, progress: Progress): void {
    const now = performance.now();
    if (this.#run !== run || now - this.#reported < PROGRESS_MS) return;
    this.#reported = now;
    const { fraction, message } = progress;
    this.#update({ progress: { message, ...(fraction !== undefined && { fraction }) } });
  }

  #update(change: { readonly [K in keyof ModelsState]?: ModelsState[K] | undefined }): void {
    if (this.#disposed) return;
    this.#state = { ...this.#state, ...change } as ModelsState;
    this.#link.update();
  }

  #sides(): readonly [Explanation, Explanation] {
    const { explanations } = this.#state;
    if (explanations) return explanations;
    throw new PrismError('NOTHING_EXPLAINED', vscode.l10n.t('Nothing has been explained yet.'));
  }

  readonly #host: Implementation<ModelsHostApi> = {
    ready: async () => this.#state,
    layerMaps: async ({ layer }, { signal }) => {
      const values = this.#state.divergence?.layers[layer]?.values;
      const sides = this.#sides();
      if (!values) throw new PrismError('PFV_UNKNOWN_LAYER', vscode.l10n.t('There is no such layer.'));
      const { api } = this.#rooms.engine;
      const ask = (side: 0 | 1) =>
        api.layerMaps({ explanation: sides[side].id, layers: [values[side]] }, { cancel: signal });
      const [[first], [second]] = await Promise.all([ask(0), ask(1)]);
      return [first, second];
    },
    open: async ({ side }) => {
      const { models, ...question } = this.#state.question;
      const target = this.#state.explanations?.[0].target.index;
      const asked = { ...question, model: models[side], ...(target !== undefined && { target }) };
      void this.#rooms.panels.explain(asked);
    },
    cancel: async () => this.#run?.abort(cancelled()),
    retry: async () => void this.#compare(),
    showLog: async () => this.#rooms.log.show(),
  };
}
