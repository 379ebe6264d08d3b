import * as vscode from 'vscode';
import type { Explanation, ScalarMap } from '../../protocol';
import type { SourcedValue } from '../../protocol/source';
import { toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import type { Panels } from '../panels';
import { LayerFacts } from './facts';
import { afterEdit, byLine, type ValuesByLine } from './lines';

/** After a file was saved, before the code is read again. */
const PAUSE_MS = 300;
/** After a key, before the text is read as it stands. */
const TYPING_PAUSE_MS = 600;

/** Which lines of the training code made which layers of the model that was explained last. The engine reads the code. */
export class SourceTies implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #files = new Map<string, ValuesByLine>();
  #values: readonly SourcedValue[] = [];
  #model?: string;
  /** Where the code was found, if not where the model's settings say. */
  #root?: string;
  #run = 0;
  #timer?: NodeJS.Timeout;
  #reading: Promise<void> = Promise.resolve();

  readonly onChanged = this.#changed.event;
  readonly facts: LayerFacts;

  constructor(
    private readonly engine: EngineRoom,
    private readonly panels: Panels,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.facts = new LayerFacts(engine, log);
    this.#disposables = [
      this.#changed,
      panels.onChanged(() => this.#follow()),
      vscode.workspace.onDidSaveTextDocument(({ languageId }) => {
        if (languageId === 'python' && this.#model) this.#later(PAUSE_MS);
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
      this.#root = undefined;
      this.#read();
    }
    // Code first: without lines there is nowhere to show facts.
    void this.#reading
      .then(() => this.#files.size > 0 && this.facts.follow(explanation))
      .then((isNew) => isNew && this.#changed.fire());
  }

  #later(pause: number): void {
    clearTimeout(this.#timer);
    // What is being read is old by now.
    this.#run += 1;
    this.#timer = setTimeout(() => this.#read(), pause);
  }

  #read(): void {
    this.#run += 1;
    this.#reading = this.#readCode(this.#model ?? '', this.#run);
  }

  async #readCode(model: string, run: number): Promise<void> {
    try {
      const { api } = this.engine;
      const open = unsaved();
      let read = await api.source({ model, open, ...(this.#root !== undefined && { root: this.#root }) });
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(model))?.uri.fsPath;
      // Models often lie in a folder of their own, away from the code.
      if (folder && this.#root === undefined && read.values.every(({ source }) => !source)) {
        read = await api.source({ model, open, root: folder });
        if (read.values.some(({ source }) => source)) this.#root = folder;
      }
      if (run !== this.#run) return;
      const { values } = read;
      const files = byLine(values);
      // A line is being written: what was known of the others has moved along with them.
      for (const file of read.broken) {
        const kept = this.#files.get(file);
        if (kept) files.set(file, kept);
      }
      this.#values = values;
      this.#files = files;
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
    if (changes.length > 0) this.#later(TYPING_PAUSE_MS);
  }
}

/** Texts of Python files as they are in the editor, where the disk has others. */
function unsaved(): Record<string, string> {
  const edited = vscode.workspace.textDocuments.filter(
    ({ languageId, isDirty, uri }) => languageId === 'python' && isDirty && uri.scheme === 'file',
  );
  return Object.fromEntries(edited.map((document) => [document.uri.fsPath, document.getText()]));
}
