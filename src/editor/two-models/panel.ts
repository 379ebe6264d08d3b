import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { Explanation } from '../../protocol';
import type { ModelsApi, ModelsHostApi, ModelsQuestion, ModelsState } from '../../protocol/models';
import type { Implementation } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import { nothingExplained } from '../living';
import type { Panels } from '../panels';
import { strings, ViewPanel } from '../view-panel';

export interface ModelsRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly panels: Panels;
  readonly log: vscode.LogOutputChannel;
}

/** Two models on one input, layer by layer, in a webview of their own. */
export class ModelsPanel implements vscode.Disposable {
  readonly #rooms: ModelsRooms;
  readonly #view: ViewPanel<ModelsHostApi, ModelsApi, ModelsState>;

  constructor(rooms: ModelsRooms, question: ModelsQuestion) {
    this.#rooms = rooms;
    const title = question.models.map((model) => path.parse(model).name).join(' ⇄ ');
    const place = { viewColumn: vscode.ViewColumn.Active, preserveFocus: false };
    this.#view = new ViewPanel(vscode.window.createWebviewPanel('modelPrism.models', title, place), {
      ...rooms,
      script: 'models',
      state: { status: 'working', question, l10n: strings() },
      host: this.#host,
      send: (api) => () => api.update(this.state),
    });
    this.#view.own({ dispose: () => this.#release() });
    void this.#compare();
  }

  get state(): ModelsState {
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
    if (engine.client.status.state !== 'ready') return;
    for (const { id } of this.state.explanations ?? []) engine.api.release({ explanation: id }).catch(() => {});
  }

  #compare(): Promise<void> {
    const { models, ...question } = this.state.question;
    const what = models.join(' ⇄ ');
    return this.#view.work(what, async (run) => {
      const { api } = this.#rooms.engine;
      const first = await api.explain({ ...question, model: models[0] }, run);
      // The same class, whatever the other one predicts.
      const second = await api.explain({ ...question, model: models[1], target: first.target.index }, run);
      const divergence = await api.diverge({ first: first.id, second: second.id }, run);
      this.#rooms.log.info(`${what}: part at ${divergence.parted ?? 'no layer'}`);
      return { explanations: [first, second], divergence };
    });
  }

  #sides(): readonly [Explanation, Explanation] {
    const { explanations } = this.state;
    if (explanations) return explanations;
    throw nothingExplained();
  }

  readonly #host: Implementation<ModelsHostApi> = {
    ready: async () => this.state,
    layerMaps: async ({ layer }, { signal }) => {
      const values = this.state.divergence?.layers[layer]?.values;
      const sides = this.#sides();
      if (!values) throw new PrismError('PFV_UNKNOWN_LAYER', vscode.l10n.t('There is no such layer.'));
      const { api } = this.#rooms.engine;
      const ask = (side: 0 | 1) =>
        api.layerMaps({ explanation: sides[side].id, layers: [values[side]] }, { cancel: signal });
      const [[first], [second]] = await Promise.all([ask(0), ask(1)]);
      return [first, second];
    },
    open: async ({ side }) => {
      const { models, ...question } = this.state.question;
      const target = this.state.explanations?.[0].target.index;
      const asked = { ...question, model: models[side], ...(target !== undefined && { target }) };
      void this.#rooms.panels.explain(asked);
    },
    cancel: async () => this.#view.runs.cancel(),
    retry: async () => void this.#compare(),
    showLog: async () => this.#rooms.log.show(),
  };
}
