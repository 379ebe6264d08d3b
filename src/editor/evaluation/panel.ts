import { copyFile, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { sourceOf } from '../../engine/evaluation/tables';
import { PrismError } from '../../graph/errors';
import type { ReportApi, ReportHostApi, ReportState } from '../../protocol/report';
import type { EvaluationParams } from '../../protocol/study';
import { type Client, type Implementation, toRemoteError } from '../../rpc';
import type { EngineRoom } from '../engine-room';
import type { Run } from '../runs';
import { strings, ViewPanel } from '../view-panel';

const files = { html: 'report.html', json: 'evaluation.json', csv: 'evaluation.csv' } as const;

export interface EvaluationRooms {
  readonly extension: vscode.Uri;
  readonly engine: EngineRoom;
  readonly log: vscode.LogOutputChannel;
}

/** The name under which an evaluation is shown. */
const titleOf = (question: EvaluationParams): string =>
  `${path.parse(question.model).name} · ${path.basename(sourceOf(question).path)}`;

/** One evaluation and its webview: the report as it grows. */
export class EvaluationPanel implements vscode.Disposable {
  readonly #rooms: EvaluationRooms;
  readonly #view: ViewPanel<ReportHostApi, ReportApi, ReportState>;
  /** When the report that is shown was written. */
  #written = 0;
  #reading = false;

  constructor(panel: vscode.WebviewPanel, rooms: EvaluationRooms, question: EvaluationParams) {
    this.#rooms = rooms;
    const title = titleOf(question);
    panel.title = vscode.l10n.t('Evaluation: {0}', title);
    this.#view = new ViewPanel(panel, {
      ...rooms,
      script: 'report',
      state: { status: 'stopped', title, question, l10n: strings() },
      host: this.#host,
      send: (api) => this.#sender(api),
      onProgress: () => void this.#read(),
    });
  }

  get state(): ReportState {
    return this.#view.state;
  }

  get working(): boolean {
    return this.#view.runs.working;
  }

  get onChanged(): vscode.Event<void> {
    return this.#view.onChanged;
  }

  get onDisposed(): vscode.Event<void> {
    return this.#view.onDisposed;
  }

  dispose(): void {
    this.#view.dispose();
  }

  reveal(): void {
    this.#view.panel.reveal(undefined, true);
  }

  cancel(): void {
    this.#view.runs.cancel();
  }

  /** Evaluates, going on where it was stopped; resolves when it has ended, however it did. */
  async run(question = this.state.question): Promise<void> {
    const view = this.#view;
    const { engine, log } = this.#rooms;
    const run = view.runs.begin();
    const what = `evaluation of ${question.model} on ${sourceOf(question).path}`;
    view.update({ status: 'working', question, error: undefined, progress: undefined });
    try {
      const { judged, count, failures } = await engine.api.evaluate(question, run);
      log.info(`${what}: ${judged} of ${count}, ${failures} failures`);
      if (view.wants(run)) await this.#end(run, 'ready');
    } catch (error) {
      const failure = toRemoteError(error);
      log.info(`${what}: ${failure.code}: ${failure.message}`);
      if (!view.wants(run)) return;
      if (failure.code === 'CANCELLED') await this.#end(run, 'stopped');
      else await this.#end(run, 'failed', failure);
    }
  }

  async #end(run: Run, status: ReportState['status'], error?: ReportState['error']): Promise<void> {
    this.#view.runs.end(run);
    await this.#read();
    this.#view.update({ status, error, progress: undefined });
  }

  /** Takes the report from the disk when it has grown. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const file = path.join(this.state.question.out, files.html);
    try {
      const { mtimeMs } = await stat(file);
      if (mtimeMs === this.#written) return;
      const page = await readFile(file, 'utf8');
      this.#written = mtimeMs;
      this.#view.update({ page });
    } catch {
      // There is none before the first picture was judged.
    } finally {
      this.#reading = false;
    }
  }

  /** The page is long, and most updates are about progress. */
  #sender(api: Client<ReportApi>): () => Promise<void> {
    let known: string | undefined;
    return async () => {
      const { page, ...rest } = this.state;
      await api.update(page === known || page === undefined ? rest : { ...rest, page });
      known = page;
    };
  }

  readonly #host: Implementation<ReportHostApi> = {
    ready: async () => {
      // After the window was opened again: what was found before.
      if (this.state.page === undefined) await this.#read();
      return this.state;
    },
    cancel: async () => this.cancel(),
    resume: async () => void this.run(),
    exportAs: ({ format }) => this.#export(format),
    showLog: async () => this.#rooms.log.show(),
  };

  async #export(format: keyof typeof files): Promise<void> {
    const { question } = this.state;
    const name = `${this.state.title.replace(' · ', '.')}.evaluation.${format}`;
    const uri = await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Export the evaluation'),
      defaultUri: vscode.Uri.file(path.join(path.dirname(sourceOf(question).path), name)),
      filters: { [format.toUpperCase()]: [format] },
    });
    if (!uri) return;
    try {
      await copyFile(path.join(question.out, files[format]), uri.fsPath);
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
