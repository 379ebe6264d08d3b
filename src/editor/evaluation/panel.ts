import { copyFile, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { EvaluationParams, Progress } from '../../protocol';
import type { ReportApi, ReportHostApi, ReportState } from '../../protocol/report';
import { type Client, cancelled, type Implementation, toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import { panelHtml, panelIcon, panelRoots } from '../panel-html';
import { WebviewLink } from '../webview-link';

/** Between two reports of progress to the webview. */
const PROGRESS_MS = 200;

const files = { html: 'report.html', json: 'evaluation.json', csv: 'evaluation.csv' } as const;

export interface EvaluationRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly log: vscode.LogOutputChannel;
}

/** The name under which an evaluation is shown. */
const titleOf = ({ model, images }: EvaluationParams): string => `${path.parse(model).name} · ${path.basename(images)}`;

/** One evaluation and its webview: the report as it grows. */
export class EvaluationPanel implements vscode.Disposable {
  readonly #panel: vscode.WebviewPanel;
  readonly #rooms: EvaluationRooms;
  readonly #link: WebviewLink<ReportHostApi, ReportApi>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];
  #state: ReportState;
  #run?: AbortController;
  /** When the report that is shown was written. */
  #written = 0;
  #reading = false;
  #reported = 0;
  #disposed = false;

  readonly onChanged = this.#changed.event;
  readonly onDisposed: vscode.Event<void>;

  constructor(panel: vscode.WebviewPanel, rooms: EvaluationRooms, question: EvaluationParams) {
    this.#panel = panel;
    this.#rooms = rooms;
    this.onDisposed = panel.onDidDispose;
    this.#state = { status: 'stopped', title: titleOf(question), question, l10n: vscode.l10n.bundle ?? {} };
    panel.title = vscode.l10n.t('Evaluation: {0}', this.#state.title);
    panel.iconPath = panelIcon(rooms.extension);
    panel.webview.options = { enableScripts: true, localResourceRoots: panelRoots(rooms.extension) };
    this.#link = new WebviewLink(panel.webview, this.#host, this.#sender);
    panel.webview.html = panelHtml(panel.webview, rooms.extension, 'report', panel.title);
    this.#disposables = [this.#link, this.#changed, panel.onDidDispose(() => this.dispose())];
  }

  get state(): ReportState {
    return this.#state;
  }

  get working(): boolean {
    return this.#run !== undefined;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.cancel();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  cancel(): void {
    this.#run?.abort(cancelled());
  }

  /** Evaluates, going on where it was stopped; resolves when it has ended, however it did. */
  async run(question = this.#state.question): Promise<void> {
    this.cancel();
    const run = new AbortController();
    this.#run = run;
    const { engine, log } = this.#rooms;
    this.#update({ status: 'working', question, error: undefined, progress: undefined });
    try {
      const { judged, count, failures } = await engine.api.evaluate(question, {
        cancel: run.signal,
        onProgress: (progress) => this.#progress(run, progress),
      });
      log.info(`evaluation of ${question.model} on ${question.images}: ${judged} of ${count}, ${failures} failures`);
      if (this.#run === run) await this.#end('ready');
    } catch (error) {
      const failure = toRemoteError(error);
      log.info(`evaluation of ${question.model} on ${question.images}: ${failure.code}: ${failure.message}`);
      if (this.#run !== run || this.#disposed) return;
      if (failure.code === 'CANCELLED') await this.#end('stopped');
      else await this.#end('failed', failure);
    }
  }

  async #end(status: ReportState['status'], error?: ReportState['error']): Promise<void> {
    this.#run = undefined;
    await this.#read();
    this.#update({ status, error, progress: undefined });
  }

  #progress(run: AbortController, progress: Progress): void {
    const now = performance.now();
    if (this.#run !== run || now - this.#reported < PROGRESS_MS) return;
    this.#reported = now;
    this.#update({ progress });
    void this.#read();
  }

  /** Takes the report from the disk when it has grown. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const file = path.join(this.#state.question.out, files.html);
    try {
      const { mtimeMs } = await stat(file);
      if (mtimeMs === this.#written) return;
      const page = await readFile(file, 'utf8');
      this.#written = mtimeMs;
      this.#update({ page });
    } catch {
      // There is none before the first picture was judged.
    } finally {
      this.#reading = false;
    }
  }

  #update(change: { readonly [K in keyof ReportState]?: ReportState[K] | undefined }): void {
    if (this.#disposed) return;
    this.#state = { ...this.#state, ...change } as ReportState;
    this.#link.update();
    this.#changed.fire();
  }

  /** The page is long, and most updates are about progress. */
  readonly #sender = (api: Client<ReportApi>): (() => Promise<void>) => {
    let known: string | undefined;
    return async () => {
      const { page, ...rest } = this.#state;
      await api.update(page === known || page === undefined ? rest : { ...rest, page });
      known = page;
    };
  };

  readonly #host: Implementation<ReportHostApi> = {
    ready: async () => {
      // After the window was opened again: what was found before.
      if (this.#state.page === undefined) await this.#read();
      return this.#state;
    },
    cancel: async () => this.cancel(),
    resume: async () => void this.run(),
    exportAs: ({ format }) => this.#export(format),
    showLog: async () => this.#rooms.log.show(),
  };

  async #export(format: keyof typeof files): Promise<void> {
    const { images, out } = this.#state.question;
    const name = `${this.#state.title.replace(' · ', '.')}.evaluation.${format}`;
    const uri = await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export the evaluation'),
      defaultUri: vscode.Uri.file(path.join(path.dirname(images), name)),
      filters: { [format.toUpperCase()]: [format] },
    });
    if (!uri) return;
    try {
      await copyFile(path.join(out, files[format]), uri.fsPath);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new PrismError('FILE_UNWRITABLE', `${uri.fsPath} cannot be written: ${why}`, {}, { cause });
    }
    const open = vscode.l10n.t('Open');
    const answer = await vscode.window.showInformationMessage(
      vscode.l10n.t('{0} was written.', path.basename(uri.fsPath)),
      open,
    );
    if (answer !== open) return;
    if (format === 'html') await vscode.env.openExternal(uri);
    else await vscode.commands.executeCommand('vscode.open', uri);
  }
}
