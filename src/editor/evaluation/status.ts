import * as vscode from 'vscode';
import type { EvaluationPanel } from './panel';

/** Internal: not in the palette, as there is nothing to show most of the time. */
const SHOW = '_modelPrism.showRunningEvaluation';

/** An item in the status bar while evaluations run: how far the latest one is. A click shows it. */
export class EvaluationStatus implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('modelPrism.evaluation', vscode.StatusBarAlignment.Right, 49);
  readonly #command: vscode.Disposable;

  constructor(private readonly panels: () => readonly EvaluationPanel[]) {
    this.#item.name = vscode.l10n.t('Model Prism: running evaluation');
    this.#item.command = SHOW;
    this.#command = vscode.commands.registerCommand(SHOW, () => this.#running.at(-1)?.reveal());
  }

  dispose(): void {
    this.#item.dispose();
    this.#command.dispose();
  }

  get #running(): readonly EvaluationPanel[] {
    return this.panels().filter(({ working }) => working);
  }

  /** To be called when anything about an evaluation has changed. */
  update(): void {
    const running = this.#running;
    const latest = running.at(-1);
    if (!latest) {
      this.#item.hide();
      return;
    }
    const { title, progress } = latest.state;
    const percent = `${Math.round(100 * (progress?.fraction ?? 0))} %`;
    const more = running.length > 1 ? ` (+${running.length - 1})` : '';
    this.#item.text = `$(graph) ${vscode.l10n.t('Evaluating {0}', percent)}${more}`;
    this.#item.tooltip = [title, ...(progress?.message === undefined ? [] : [progress.message])].join('\n');
    this.#item.show();
  }
}
