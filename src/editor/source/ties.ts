import * as vscode from 'vscode';
import type { Explanation, ScalarMap, SourcedValue } from '../../protocol';
import { toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import type { Panels } from '../panels';
import { afterEdit, byLine, type ValuesByLine } from './lines';

/** After a file was saved, before the code is read again. */
const PAUSE_MS = 300;
/** Maps are asked for by the part, so that a person's own questions come between. */
const MAPS_AT_ONCE = 8;

/** Which lines of the training code made which layers of the model that was explained last. The engine reads the code. */
export class SourceTies implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #files = new Map<string, ValuesByLine>();
  #values: readonly SourcedValue[] = [];
  #model?: string;
  #explained?: string;
  #shares = new Map<string, number>();
  #run = 0;
  #timer?: NodeJS.Timeout;
  #reading: Promise<void> = Promise.resolve();

  readonly onChanged = this.#changed.event;

  constructor(
    private readonly engine: EngineRoom,
    private readonly panels: Panels,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.#disposables = [
      this.#changed,
      panels.onChanged(() => this.#follow()),
      vscode.workspace.onDidSaveTextDocument(({ languageId }) => {
        if (languageId === 'python' && this.#model) this.#later();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) =>
        this.#edited(document, contentChanges),
      ),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  get explanation(): Explanation | undefined {
    return this.panels.current?.explanation;
  }

  /** What lines of a file made; lines count from 1. */
  lines(file: string): ValuesByLine {
    return this.#files.get(file) ?? new Map();
  }

  /** The layer's part of the relevance of the whole input, where the method tells it. */
  share(layer: string | undefined): number | undefined {
    return layer === undefined ? undefined : this.#shares.get(layer);
  }

  /** The value of the model that a layer of the panel is, once the code has been read. */
  async valueOf(layer: string): Promise<SourcedValue | undefined> {
    this.#follow();
    await this.#reading;
    return this.#values.find(({ value }) => value === layer);
  }

  /** The map of a layer of the explanation on show. */
  async map(layer: string): Promise<ScalarMap | undefined> {
    const { explanation } = this;
    if (!explanation?.layers.some(({ id }) => id === layer)) return undefined;
    const [map] = await this.engine.api.layerMaps({ explanation: explanation.id, layers: [layer] });
    return map;
  }

  /** The panel shows another model or another explanation. */
  #follow(): void {
    const { explanation } = this;
    if (!explanation || this.panels.current?.working) return;
    const model = explanation.model.path;
    if (model !== this.#model) {
      this.#model = model;
      this.#read();
    }
    if (explanation.id !== this.#explained) {
      this.#explained = explanation.id;
      void this.#weigh(explanation);
    }
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), PAUSE_MS);
  }

  #read(): void {
    this.#run += 1;
    this.#reading = this.#readCode(this.#model ?? '', this.#run);
  }

  async #readCode(model: string, run: number): Promise<void> {
    try {
      const { api } = this.engine;
      let { values } = await api.source({ model });
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(model))?.uri.fsPath;
      // Models often lie in a folder of their own, away from the code.
      if (folder && values.every(({ source }) => !source)) ({ values } = await api.source({ model, root: folder }));
      if (run !== this.#run) return;
      this.#values = values;
      this.#files = byLine(values);
      const tied = values.filter(({ source }) => source).length;
      this.log.info(`${tied} of ${values.length} values of ${model} are tied to lines of code`);
    } catch (error) {
      if (run !== this.#run) return;
      this.#files = new Map();
      this.#values = [];
      const { code, message } = toRemoteError(error);
      this.log.warn(`training code of ${model}: ${code}: ${message}`);
    }
    this.#changed.fire();
  }

  /** Sums of layers over that of the input. */
  async #weigh(explanation: Explanation): Promise<void> {
    this.#shares = new Map();
    const { id, layers, statistics } = explanation;
    const whole = statistics.sum;
    const isTelling = Math.abs(whole) > 1e-6 * Math.max(Math.abs(statistics.min), Math.abs(statistics.max));
    const shares = new Map<string, number>();
    try {
      for (let at = 0; isTelling && at < layers.length; at += MAPS_AT_ONCE) {
        const some = layers.slice(at, at + MAPS_AT_ONCE).map((layer) => layer.id);
        const maps = await this.engine.api.layerMaps({ explanation: id, layers: some });
        if (id !== this.#explained) return;
        maps.forEach(({ data }, index) => {
          shares.set(some[index], data.reduce((sum, value) => sum + value, 0) / whole);
        });
      }
      this.#shares = shares;
    } catch (error) {
      // The explanation has been replaced; the next one comes with maps of its own.
      this.log.debug(`relevance of layers: ${toRemoteError(error).message}`);
    }
    this.#changed.fire();
  }

  #edited(document: vscode.TextDocument, changes: readonly vscode.TextDocumentContentChangeEvent[]): void {
    let lines = this.#files.get(document.uri.fsPath);
    if (!lines) return;
    // From below upwards, so that one edit does not move the lines of another.
    const ordered = [...changes].sort((a, b) => b.range.start.line - a.range.start.line);
    for (const { range, text } of ordered) {
      lines = afterEdit(lines, {
        first: range.start.line + 1,
        last: range.end.line + 1,
        lines: text.split('\n').length,
      });
    }
    this.#files.set(document.uri.fsPath, lines);
  }
}
