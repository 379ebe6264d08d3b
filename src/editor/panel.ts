import { randomUUID } from 'node:crypto';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { ExplainParams, Explanation, Progress } from '../protocol';
import type { HostApi, KeptHistory, PanelApi, PanelQuestion, PanelState, PinnedPicture } from '../protocol/panel';
import type { ServiceApi } from '../protocol/service';
import { type CallContext, type Client, cancelled, toPrismError, toRemoteError } from '../rpc';
import { Comparison } from './comparison';
import type { ConfigDiagnostics } from './diagnostics';
import type { EngineRoom } from './engine-room';
import { LivingExplanations, nothingExplained } from './living';
import type { MethodChoice } from './methods';
import { askForMetrics, type MetricChoice } from './metrics';
import { type PanelDesk, panelHost } from './panel-host';
import { panelHtml, panelIcon, workspaceRoots } from './panel-html';
import { sendSnapshots } from './panel-updates';
import type { AlikeSearches } from './pfv/alike';
import type { Pins } from './pins';
import { changedQuestion, fileOf, type QuestionChange, questionBehind, sameInput, titleOf } from './questions';
import { type Run, Runs } from './runs';
import type { LinkedState } from './state-link';
import { type Change, strings } from './view-panel';
import type { Visited } from './visited';
import { filesBehind, watchFiles } from './watch';
import { WebviewLink } from './webview-link';

/** What is answered at once needs no progress. */
const PACE = { first: 150, every: 150 };

type PanelChange = Change<PanelState>;

/** What a panel needs of the extension. */
export interface PanelRooms {
  readonly extension: vscode.Uri;
  readonly extensionId: string;
  readonly engine: EngineRoom;
  readonly methods: MethodChoice;
  readonly metrics: MetricChoice;
  readonly pins: Pins;
  readonly alike: AlikeSearches;
  readonly diagnostics: ConfigDiagnostics;
  readonly log: vscode.LogOutputChannel;
}

/** One explanation and its webview. The host knows everything; the webview may go and come back at any time. */
export class ExplanationPanel implements vscode.Disposable, PanelDesk {
  readonly #panel: vscode.WebviewPanel;
  readonly rooms: PanelRooms;
  readonly #link: WebviewLink<HostApi, PanelApi>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #state: PanelState;
  readonly #runs = new Runs((progress) => this.#working(this.question, progress), PACE);
  /** The last run; resolves when the panel has come to rest. */
  #work: Promise<void> = Promise.resolve();
  #watcher?: vscode.Disposable;
  readonly #living: LivingExplanations;
  /** Files that the explanation came from have changed while nobody was looking. */
  #stale = false;
  #disposed = false;

  /** The state, the place or the activity of the panel has changed. */
  readonly onChanged = this.#changed.event;
  readonly onDisposed: vscode.Event<void>;

  constructor(panel: vscode.WebviewPanel, rooms: PanelRooms, question?: PanelQuestion, history?: KeptHistory) {
    this.#panel = panel;
    this.rooms = rooms;
    this.#living = new LivingExplanations(rooms.engine, () => this.explanation, history);
    this.onDisposed = panel.onDidDispose;
    this.#state = {
      status: 'empty',
      methods: [],
      l10n: strings(),
      ...(question && { question }),
      history: this.visited.state,
      pins: this.#pins,
    };
    this.#link = new WebviewLink(
      panel.webview,
      panelHost(this),
      sendSnapshots(() => this.#state),
    );
    panel.webview.options = { enableScripts: true, localResourceRoots: workspaceRoots(rooms.extension) };
    panel.webview.html = panelHtml(panel.webview, rooms.extension, 'webview', panel.title);
    panel.iconPath = panelIcon(rooms.extension);
    this.#disposables = [
      this.#link,
      this.#changed,
      rooms.pins.onChanged(() => this.#update({ pins: this.#pins })),
      panel.onDidChangeViewState(() => {
        if (panel.visible && this.#stale) this.refresh();
        this.#changed.fire();
      }),
      panel.onDidDispose(() => this.dispose()),
    ];
  }

  get #pins(): readonly PinnedPicture[] {
    const { webview } = this.#panel;
    const source = (image: string): string => `${webview.asWebviewUri(vscode.Uri.file(image))}`;
    return this.rooms.pins.images.map((image) => ({ path: image, name: path.basename(image), source: source(image) }));
  }

  get state(): PanelState {
    return this.#state;
  }

  get question(): PanelQuestion | undefined {
    return this.#state.question;
  }

  get explanation(): Explanation | undefined {
    return this.#state.explanation;
  }

  get comparison(): Comparison | undefined {
    return this.#living.comparison;
  }

  get visited(): Visited {
    return this.#living.visited;
  }

  get judged(): PanelState['judged'] {
    return this.#state.judged;
  }

  get active(): boolean {
    return this.#panel.active;
  }

  get working(): boolean {
    return this.#runs.working;
  }

  get visible(): boolean {
    return this.#panel.visible;
  }

  /** Lets go of everything but the tab, which outlives the extension when the window reloads. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.cancel();
    this.#living.dispose();
    this.#watcher?.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  /** Explains, and opens a part of the explanation when it is there. */
  async open({ question, look }: LinkedState): Promise<void> {
    if (look) this.#change({ open: { ...look, id: randomUUID() } });
    await this.explain(question);
  }

  /** Opens a layer of the explanation on show; a document that is hidden opens it when it is there again. */
  openLayer(layer: string): void {
    this.reveal();
    this.#update({ open: { layer, id: randomUUID() } });
  }

  cancel(): void {
    this.#runs.cancel();
  }

  /** Whether there is something to go back or forward to. */
  canGo(by: -1 | 1): boolean {
    return this.visited.canGo(by);
  }

  /** Goes back or forward in what was shown; what was said is shown again where it still holds. */
  async go(by: -1 | 1): Promise<void> {
    const question = this.visited.go(by);
    if (!question) return;
    if (question.compare && !this.comparison?.answers(question))
      return this.compare(question, question.compare, 'reuse');
    if (!question.compare) return this.explain(question, 'reuse');
    this.#update({ history: this.visited.state });
  }

  /** Tells the document something at once, if it listens; whether it does. */
  tell(message: (api: Client<PanelApi>) => Promise<void>): boolean {
    return this.#link.tell(message);
  }

  /** Explains the same again, at once if somebody looks. */
  refresh(): void {
    this.#stale = !this.#panel.visible;
    this.visited.forget();
    this.comparison?.expire();
    if (this.question && this.#panel.visible) void this.#begin(this.question);
  }

  /** Explains, instead of what is being explained; resolves when that has succeeded, failed or been cancelled. */
  explain(question: PanelQuestion, how: 'anew' | 'reuse' = 'anew'): Promise<void> {
    const compared = this.comparison?.question;
    // What was compared stays beside explanations of the same.
    if (compared && (!sameInput(compared, question) || compared.model !== question.model)) this.#dropComparison();
    return this.#start(question, (run) => this.#explain(question, run, how));
  }

  /** Explains by several methods; the first of them, or the one in use, is then the explanation by itself. */
  compare(question: PanelQuestion, methods: readonly string[], how: 'anew' | 'reuse' = 'anew'): Promise<void> {
    const { methods: choice } = this.rooms;
    const own = methods.includes(question.method);
    const ordered = own ? [question.method, ...methods.filter((method) => method !== question.method)] : methods;
    const { compare: _, ...rest } = question;
    const comparison = new Comparison(
      rest,
      ordered,
      (method) => (method === rest.method ? (rest.options ?? choice.options(method)) : choice.options(method)),
      how === 'reuse' ? this.comparison : undefined,
    );
    this.#living.comparison = comparison;
    return this.#start({ ...rest, compare: ordered }, (run) => this.#compare(comparison, run));
  }

  /** Judges the explanation by metrics, which the person chooses. */
  async judge(): Promise<void> {
    const { explanation, question } = this;
    if (!explanation || !question) throw nothingExplained();
    const asked = await askForMetrics(this.rooms.metrics, explanation, question);
    if (!asked) return;
    await this.#start(question, async (run) => {
      try {
        const metrics = await this.rooms.engine.api.judge(asked, run);
        if (this.#runs.isLatest(run))
          this.#update({ status: 'ready', judged: { explanation: explanation.id, metrics } });
      } catch (error) {
        if (!this.#runs.isLatest(run)) return;
        this.#update({ status: 'ready', progress: undefined });
        if (!run.cancel.aborted) throw error;
      }
    });
  }

  /** A new document of the webview listens: what it is to show. */
  begun(): PanelState {
    const { question, status } = this.#state;
    if (status === 'empty' && question) void this.#begin(question);
    else if (this.#stale) this.refresh();
    return this.#state;
  }

  #begin(question: PanelQuestion): Promise<void> {
    const { compare } = question;
    return compare ? this.compare(question, compare) : this.explain(question);
  }

  #start(question: PanelQuestion, work: (run: Run) => Promise<void>): Promise<void> {
    const run = this.#runs.begin();
    this.#stale = false;
    this.#panel.title = titleOf(question);
    const another = question.model !== this.explanation?.model.path;
    this.#working(question);
    if (this.#state.comparison?.id !== this.comparison?.id) this.#update({ comparison: this.comparison?.state });
    this.#work = work(run).finally(() => {
      this.#runs.end(run);
      this.#changed.fire();
      if (another || this.#state.unfit === undefined) void this.#findUnfit(question.model);
    });
    return this.#work;
  }

  async #explain(question: PanelQuestion, run: Run, how: 'anew' | 'reuse'): Promise<void> {
    const { engine, log } = this.rooms;
    const { compare: _, classes: __, ...params } = question;
    const { model, method } = params;
    const what = `${method} of ${titleOf(params)} by ${model}`;
    try {
      const methods = await engine.methods();
      const held = how === 'reuse' ? await this.visited.answer(params) : undefined;
      const explanation = held ?? (await engine.api.explain(params, run));
      if (run.cancel.aborted) return this.#living.release(explanation);
      log.info(`${what}: ${explanation.target.label}, ${JSON.stringify(explanation.ms)} ms (${explanation.provider})`);
      const before = this.explanation;
      this.visited.visit(params, explanation);
      const history = this.visited.state;
      this.#update({ status: 'ready', explanation, methods, history, progress: undefined, error: undefined });
      this.#living.release(before);
    } catch (error) {
      // Another run has taken over, or nobody is left to tell.
      if (!this.#runs.isLatest(run) || this.#disposed) return;
      const failure = toRemoteError(error);
      log[failure.code === 'CANCELLED' ? 'info' : 'error'](`${what}: ${failure.code}: ${failure.message}`);
      this.rooms.diagnostics.report(toPrismError(error));
      const kept = failure.code === 'CANCELLED' && this.explanation !== undefined;
      this.#update({
        status: kept ? 'ready' : 'failed',
        progress: undefined,
        error: kept ? undefined : failure,
      });
    }
    this.#watch(question);
  }

  async #compare(comparison: Comparison, run: Run): Promise<void> {
    const { engine, log } = this.rooms;
    const current = (): boolean => this.comparison === comparison && !this.#disposed;
    const tell = (change: PanelChange = {}): void => {
      if (current()) this.#update({ comparison: comparison.state, progress: undefined, ...change });
    };
    const visit = (explanation: Explanation): void =>
      this.visited.visit({ ...comparison.question, compare: comparison.methods }, explanation);
    const known = await engine.methods().catch(() => this.#state.methods);
    tell({ methods: known });
    const { first: kept } = comparison;
    let [shown, visited] = [kept !== undefined, kept !== undefined];
    if (kept && current()) {
      const { explanation = kept } = this;
      visit(kept);
      this.show(comparison.holds(explanation) ? explanation : kept);
    }
    await comparison.run(() => engine.api, run.cancel, log, {
      changed: () => tell(),
      progress: run.onProgress,
      found: (explanation, column) => {
        if (!current()) return this.#living.release(explanation);
        if (column === 0 && !visited) visit(explanation);
        if (!shown) this.show(explanation);
        visited ||= column === 0;
        shown = true;
      },
    });
    if (!current() || !this.#runs.isLatest(run)) return;
    const failure = comparison.state.methods.find(({ error }) => error)?.error;
    const nothing = !shown && this.explanation === undefined;
    tell({
      status: nothing ? 'failed' : 'ready',
      error: nothing ? (failure ?? toRemoteError(cancelled())) : undefined,
    });
    this.#watch(comparison.question);
  }

  /** Shows an explanation that there is already. */
  show(explanation: Explanation): void {
    const before = this.explanation;
    const history = this.visited.state;
    this.#update({ explanation, history, question: questionBehind(explanation, this.question) });
    if (before?.id !== explanation.id) this.#living.release(before);
  }

  #dropComparison(): void {
    this.#living.comparison = undefined;
    const { question } = this.#state;
    if (question?.compare) {
      const { compare: _, classes: __, ...rest } = question;
      this.#change({ question: rest });
    }
  }

  /** Which methods the model is beyond: known a moment after the first explanation. */
  async #findUnfit(model: string): Promise<void> {
    const { engine } = this.rooms;
    if (engine.client.status.state !== 'ready') return;
    const unfit = await engine.unfit(model);
    if (!this.#disposed && this.question?.model === model) this.#update({ unfit });
  }

  /** Files change while one looks at them: the model is trained on, its settings are edited. */
  #watch({ model, ...input }: ExplainParams): void {
    this.#watcher?.dispose();
    const files = filesBehind(model, fileOf(input), this.explanation?.model.configPath);
    this.#watcher = watchFiles(files, () => this.refresh());
  }

  #working(question: PanelQuestion | undefined, progress?: Progress): void {
    this.#change({ status: 'working', question, progress, error: undefined });
    this.#link.tell((api) => api.working({ ...(question && { question }), ...(progress && { progress }) }));
  }

  #update(change: PanelChange): void {
    this.#change(change);
    this.#link.update();
  }

  #change(change: PanelChange): void {
    this.#state = { ...this.#state, ...change } as PanelState;
    this.#changed.fire();
  }

  /** Asks about the living explanation, which is made again when the engine has lost it. */
  ask<R>(context: CallContext, question: (api: Client<ServiceApi>, explanation: string) => Promise<R>): Promise<R> {
    return this.#living.ask(context, question, (lost) => {
      if (!this.question) return undefined;
      if (this.explanation === lost && !this.working) void this.explain(this.question);
      return this.#work;
    });
  }

  again(change: QuestionChange): void {
    const { explanation } = this;
    if (!this.question) return;
    const question = changedQuestion(this.question, change);
    // Tried again after nothing came of it, a comparison is one again.
    if (question.compare && !explanation) void this.#begin(question);
    else void this.explain(question);
  }
}
