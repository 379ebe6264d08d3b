import * as vscode from 'vscode';
import type { EvaluationParams } from '../../protocol/study';
import { evaluationViewType } from '../contributions';
import { type Asking, askEvaluation, type Named } from './ask';
import { EvaluationPanel, type EvaluationRooms } from './panel';
import { EvaluationStatus } from './status';

/** The evaluations that are open, with what tells of the running ones wherever the person looks. */
export class Evaluations implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #open: EvaluationPanel[] = [];
  readonly #status = new EvaluationStatus(() => this.#open);
  readonly #serializer = vscode.window.registerWebviewPanelSerializer(evaluationViewType, this);

  constructor(
    private readonly rooms: EvaluationRooms,
    private readonly asking: Asking,
  ) {}

  dispose(): void {
    for (const panel of [...this.#open]) panel.dispose();
    this.#serializer.dispose();
    this.#status.dispose();
  }

  get all(): readonly EvaluationPanel[] {
    return this.#open;
  }

  /** Asks what to evaluate on a folder of pictures or texts, or on a file of texts or rows, and does. */
  async evaluate(wanted: 'folder' | 'file', given: vscode.Uri | undefined, named: Named): Promise<void> {
    const question = await askEvaluation(this.asking, wanted, given?.fsPath, named);
    if (question) await this.start(question);
  }

  /** Evaluates in the panel of the same model and folder, or in a new one. */
  async start(question: EvaluationParams): Promise<void> {
    const panel = this.#open.find(({ state }) => state.question.out === question.out) ?? this.#create(question);
    panel.reveal();
    await this.#showProgress(panel, panel.run(question));
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const question = keptEvaluation(state);
    if (question) this.#add(new EvaluationPanel(panel, this.rooms, question));
    else panel.dispose();
  }

  #create(question: EvaluationParams): EvaluationPanel {
    const place = { viewColumn: vscode.ViewColumn.Active, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(evaluationViewType, vscode.l10n.t('Evaluation'), place);
    return this.#add(new EvaluationPanel(panel, this.rooms, question));
  }

  #add(panel: EvaluationPanel): EvaluationPanel {
    this.#open.push(panel);
    panel.onChanged(() => this.#status.update());
    panel.onDisposed(() => {
      this.#open.splice(this.#open.indexOf(panel), 1);
      this.#status.update();
    });
    return panel;
  }

  /** A notification with a way to stop it; the window is free meanwhile. */
  async #showProgress(panel: EvaluationPanel, work: Promise<void>): Promise<void> {
    const title = vscode.l10n.t('Evaluating {0}', panel.state.title);
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    await vscode.window.withProgress(options, async (progress, token) => {
      let done = 0;
      token.onCancellationRequested(() => panel.cancel());
      const listener = panel.onChanged(() => {
        const { message, fraction = 0 } = panel.state.progress ?? {};
        const percent = Math.floor(100 * fraction);
        progress.report({ ...(message !== undefined && { message }), increment: Math.max(0, percent - done) });
        done = Math.max(done, percent);
      });
      try {
        await work;
      } finally {
        listener.dispose();
      }
    });
    const { status, error } = panel.state;
    if (status === 'failed' && error) void vscode.window.showErrorMessage(`${error.message} (${error.code})`);
  }
}

/** The question that a webview has kept; undefined when it has kept none that makes sense. */
function keptEvaluation(state: unknown): EvaluationParams | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const { model, images, texts, rows, out, methods, metrics } = state as Partial<
    Record<keyof EvaluationParams, unknown>
  >;
  const isName = (part: unknown): boolean => typeof part === 'string';
  const named = [model, out].every(isName) && [images, texts, rows].filter(isName).length === 1;
  const listed = [methods, metrics].every(
    (part) => Array.isArray(part) && part.every((entry) => typeof entry === 'string'),
  );
  return named && listed ? (state as EvaluationParams) : undefined;
}
