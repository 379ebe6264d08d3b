import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { ArrayState } from '../../protocol/array';
import { cancelled, toPrismError } from '../../rpc';
import { commands } from '../contributions';
import type { EngineRoom } from '../engine-room';
import type { Explainer } from '../explain';
import type { MethodChoice } from '../methods';
import type { WorkspaceModels } from '../models';
import type { Panels } from '../panels';
import { ArrayPanel, type ArrayPanelOptions } from './array-panel';
import { HeldSource, VariableSource } from './array-source';
import { changesBetween } from './changes';
import { currentStop, Debuggee, type Stop } from './debuggee';
import { VariableHover } from './hover';
import { activeNotebook, kernelStop } from './kernel';
import { LiveExplainer, type LossGradient, type StopRecord } from './live';
import { StopFiles } from './store';
import { chosenExpression } from './variable';

/** Before a notification tells that the program is still computing. */
const PATIENCE_MS = 1000;
/** Stepping reports several changes in a row. */
const SETTLE_MS = 60;

export interface DebugRooms {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineRoom;
  readonly models: WorkspaceModels;
  readonly methods: MethodChoice;
  readonly panels: Panels;
  readonly explainer: Explainer;
}

/** What the extension does while a program stands at a breakpoint. */
export class DebugRoom implements vscode.Disposable {
  readonly #rooms: DebugRooms;
  readonly #debuggee: Debuggee;
  readonly #live: LiveExplainer;
  /** Open pictures of variables, by expression, those of notebooks by the notebook too. */
  readonly #arrays = new Map<string, Opened>();
  readonly #disposables: vscode.Disposable[];
  /** Whose variables they show. */
  #session?: string;
  #timer?: NodeJS.Timeout;
  #pair?: readonly [before: StopRecord, now: StopRecord];
  #changes?: ArrayPanel | undefined;

  constructor(rooms: DebugRooms) {
    const { context } = rooms;
    this.#rooms = rooms;
    this.#debuggee = new Debuggee(context.extensionPath);
    const storage = context.storageUri ?? context.globalStorageUri;
    const files = new StopFiles(vscode.Uri.joinPath(storage, 'stops').fsPath);
    this.#live = new LiveExplainer({ ...rooms, debuggee: this.#debuggee, files });
    this.#disposables = [
      vscode.debug.onDidChangeActiveStackItem(() => this.#stopped()),
      vscode.debug.onDidTerminateDebugSession(({ id }) => {
        const ended = new PrismError('SESSION_ENDED', vscode.l10n.t('The program has ended; this is what it was.'));
        if (id === this.#session) for (const panel of this.#atStops()) panel.stale(ended);
      }),
      vscode.languages.registerHoverProvider('python', new VariableHover(this.#debuggee)),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const disposable of [...this.#disposables]) disposable.dispose();
    for (const { panel } of this.#arrays.values()) panel.dispose();
    this.#changes?.dispose();
  }

  /** What the open pictures of variables show. */
  get states(): readonly ArrayState[] {
    return [...this.#arrays.values()].map(({ panel }) => panel.state);
  }

  /** Shows a variable as a picture. */
  async view(...args: readonly unknown[]): Promise<void> {
    const notebook = notebookOf(args);
    const stop = await stopAt(notebook);
    const expression = await chosenExpression(args);
    if (expression === undefined) return;
    const source = new VariableSource(this.#debuggee, stop, expression);
    const open = this.#arrays.get(keyOf(expression, notebook))?.panel ?? this.#open(expression, stop, notebook);
    open.reveal();
    if (!notebook) this.#session = stop.program.id;
    const started = performance.now();
    await open.show(source, stop.where);
    this.#rooms.log.info(`${expression} at ${stop.where} shown in ${Math.round(performance.now() - started)} ms`);
  }

  /** Explains a variable, or by it when it is a module. */
  async explain(...args: readonly unknown[]): Promise<void> {
    const notebook = notebookOf(args);
    const stop = await stopAt(notebook);
    const expression = await chosenExpression(args);
    if (expression === undefined) return;
    const shown = this.#arrays.get(keyOf(expression, notebook))?.panel.state.view?.item ?? 0;
    await this.#explain(stop, expression, itemOf(args) ?? shown);
  }

  /** Shows which elements of the input the step's update listens to. */
  async lossGradient(...args: readonly unknown[]): Promise<void> {
    const stop = await stopAt(notebookOf(args));
    const expression = await chosenExpression(args);
    if (expression === undefined) return;
    const gradient = await this.#patiently(vscode.l10n.t('Computing the gradient of the loss…'), (signal) =>
      this.#live.lossGradient(stop, expression, signal),
    );
    if (gradient) await this.#showGradient(gradient, stop);
  }

  /** Shows what changed between the last two stops. */
  async changes(): Promise<void> {
    if (!this.#pair) {
      throw new PrismError(
        'NOTHING_TO_COMPARE',
        vscode.l10n.t('Explain the same at two stops of the program first; then their difference can be shown.'),
      );
    }
    const { array, notes } = changesBetween(...this.#pair);
    const { where } = this.#pair[1];
    const source = new HeldSource(array);
    this.#changes ??= this.#make(vscode.l10n.t('What changed'), where);
    this.#changes.reveal();
    await this.#changes.show(source, where, notes);
  }

  get #place(): Pick<ArrayPanelOptions, 'extension' | 'log'> {
    return { extension: this.#rooms.context.extensionUri, log: this.#rooms.log };
  }

  /** The pictures that follow the debugger. */
  #atStops(): readonly ArrayPanel[] {
    return [...this.#arrays.values()].flatMap(({ panel, notebook }) => (notebook ? [] : [panel]));
  }

  #open(expression: string, { where }: Stop, notebook: vscode.Uri | undefined): ArrayPanel {
    const panel = new ArrayPanel({
      ...this.#place,
      title: expression,
      where,
      explain: (item) => this.#fromPanel({ expression, item, notebook: notebook?.toString() }),
      refresh: () => (notebook ? this.#askAgain(panel, expression, notebook) : this.#refresh()),
    });
    const key = keyOf(expression, notebook);
    this.#arrays.set(key, { panel, expression, notebook });
    panel.onDisposed(() => this.#arrays.delete(key));
    return panel;
  }

  /** A panel for what is computed here. */
  #make(title: string, where: string): ArrayPanel {
    const panel = new ArrayPanel({ ...this.#place, title, where, signed: true });
    panel.onDisposed(() => {
      if (this.#changes === panel) this.#changes = undefined;
    });
    return panel;
  }

  async #showGradient({ input, loss, shape, data, value, notes }: LossGradient, { where }: Stop): Promise<void> {
    const rank = shape.length;
    const channels = rank >= 3 ? shape[rank - 3] : 1;
    const [height, width] = rank >= 2 ? shape.slice(-2) : [1, shape[0] ?? 1];
    const items = data.length / (channels * height * width);
    const source = new HeldSource({ type: `∂${loss}/∂${input}`, shape: [items, channels, height, width], data });
    const panel = this.#make(`∂${loss}/∂${input}`, where);
    await panel.show(source, where, [`${loss} = ${value.toPrecision(5)}`, ...notes]);
  }

  async #fromPanel(wish: Wished): Promise<void> {
    // A button of a webview: whoever pressed it reads notifications, not rejections.
    await vscode.commands.executeCommand(commands.explainVariable, wish);
  }

  async #askAgain(panel: ArrayPanel, expression: string, notebook: vscode.Uri): Promise<void> {
    try {
      const stop = await kernelStop(notebook);
      await panel.show(new VariableSource(this.#debuggee, stop, expression), stop.where);
    } catch (error) {
      panel.stale(error);
    }
  }

  async #explain(stop: Stop, expression: string, item: number): Promise<void> {
    const started = performance.now();
    const records = await this.#patiently(vscode.l10n.t('Explaining {0}…', expression), (signal) =>
      this.#live.explain(stop, expression, item, signal),
    );
    if (!records) return;
    this.#rooms.log.info(`${expression} at ${stop.where} explained in ${Math.round(performance.now() - started)} ms`);
    const [before, now] = records;
    if (!before || !now) return;
    this.#pair = [before, now];
    if (this.#changes) await this.changes();
    else void this.#offerChanges(before, now);
  }

  async #offerChanges(before: StopRecord, now: StopRecord): Promise<void> {
    const show = vscode.l10n.t('Show What Changed');
    const text = vscode.l10n.t('The same was explained at {0}.', before.where);
    if ((await vscode.window.showInformationMessage(text, show)) !== show) return;
    if (this.#pair?.[1] === now) await vscode.commands.executeCommand(commands.showChanges);
  }

  /** Work in the program that a notification can cancel when it takes long. */
  async #patiently<R>(title: string, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const controller = new AbortController();
    const result = work(controller.signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    });
    const settled = result.then(
      () => 'settled' as const,
      () => 'settled' as const,
    );
    const first = await Promise.race([settled, late]);
    clearTimeout(timer);
    if (first === 'settled') return result;
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    return vscode.window.withProgress(options, (_progress, token) => {
      token.onCancellationRequested(() => controller.abort(cancelled()));
      return result;
    });
  }

  #stopped(): void {
    clearTimeout(this.#timer);
    if (this.#atStops().length > 0) this.#timer = setTimeout(() => void this.#refresh(), SETTLE_MS);
  }

  /** The same variables as they are at this stop; while the program runs, as they were. */
  async #refresh(): Promise<void> {
    try {
      const stop = await currentStop();
      this.#session = stop.program.id;
      for (const { panel, expression, notebook } of this.#arrays.values()) {
        if (!notebook) await panel.show(new VariableSource(this.#debuggee, stop, expression), stop.where);
      }
    } catch (error) {
      const { code } = toPrismError(error);
      if (code !== 'NOT_PAUSED') throw error;
      for (const panel of this.#atStops()) panel.stale();
    }
  }
}

/** A picture of a variable, and where the variable is. */
interface Opened {
  readonly panel: ArrayPanel;
  readonly expression: string;
  /** Absent at a breakpoint. */
  readonly notebook: vscode.Uri | undefined;
}

/** What a button of a picture asks for. */
interface Wished {
  readonly expression: string;
  readonly item: number;
  readonly notebook?: string | undefined;
}

const wishedBy = ([given]: readonly unknown[]): Partial<Wished> =>
  typeof given === 'object' && given !== null && 'item' in given ? (given as Wished) : {};

/** The item that the panel of an array shows, when its button was pressed. */
const itemOf = (args: readonly unknown[]): number | undefined => wishedBy(args).item;

/** The notebook whose variable is meant; at a breakpoint none, unless a cell is being edited. */
function notebookOf(args: readonly unknown[]): vscode.Uri | undefined {
  const { expression, notebook } = wishedBy(args);
  if (expression !== undefined) return notebook === undefined ? undefined : vscode.Uri.parse(notebook);
  const { activeStackItem } = vscode.debug;
  // Cells are debugged by sessions of Jupyter's own; a kernel that stands in one answers nothing else.
  const inCell = activeStackItem !== undefined && /jupyter|kernel/i.test(activeStackItem.session.type);
  const isRow = args[0] !== undefined && typeof args[0] !== 'string' && !(args[0] instanceof vscode.Uri);
  return inCell || (activeStackItem && isRow) ? undefined : activeNotebook();
}

const stopAt = (notebook: vscode.Uri | undefined): Promise<Stop> => (notebook ? kernelStop(notebook) : currentStop());

const keyOf = (expression: string, notebook: vscode.Uri | undefined): string =>
  notebook ? `${notebook}#${expression}` : expression;
