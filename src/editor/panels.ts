import * as vscode from 'vscode';
import type { ExplainParams } from '../protocol';
import { panelViewType } from './contributions';
import { keptHistory } from './history';
import { keptQuestion } from './kept-question';
import { ExplanationPanel, type PanelRooms } from './panel';
import type { LinkedState } from './state-link';

/** All open panels. An explanation goes to the one that was used last, unless a new one is asked for. */
export class Panels implements vscode.Disposable, vscode.WebviewPanelSerializer {
  /** The one used last comes last. */
  readonly #open: ExplanationPanel[] = [];
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #disposables: vscode.Disposable[];

  readonly onChanged = this.#changed.event;

  constructor(private readonly rooms: PanelRooms) {
    this.#disposables = [
      this.#changed,
      vscode.window.registerWebviewPanelSerializer(panelViewType, this),
      rooms.engine.onRestarted(() => {
        for (const panel of this.#open) panel.refresh();
      }),
    ];
  }

  dispose(): void {
    for (const panel of [...this.#open]) panel.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  get current(): ExplanationPanel | undefined {
    return this.#open.at(-1);
  }

  get all(): readonly ExplanationPanel[] {
    return this.#open;
  }

  /** Explains in the panel used last, or in a new one. */
  explain(question: ExplainParams, where: 'reuse' | 'new' = 'reuse'): Promise<void> {
    const panel = (where === 'reuse' ? this.current : undefined) ?? this.#create();
    panel.reveal();
    return panel.explain(question);
  }

  /** Shows what a link leads to, in the panel used last. */
  open(state: LinkedState): Promise<void> {
    const panel = this.current ?? this.#create();
    panel.reveal();
    return panel.open(state);
  }

  /** Explains by several methods in the panel used last. */
  compare(question: ExplainParams, methods: readonly string[]): Promise<void> {
    const panel = this.current ?? this.#create();
    panel.reveal();
    return panel.compare(question, methods);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.#add(new ExplanationPanel(panel, this.rooms, keptQuestion(state), keptHistory(state)));
  }

  #create(): ExplanationPanel {
    const { tabs } = vscode.window.tabGroups.activeTabGroup;
    const other = this.current;
    const viewColumn = other || tabs.length === 0 ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
    const title = vscode.l10n.t('Explanation');
    const panel = vscode.window.createWebviewPanel(panelViewType, title, { viewColumn, preserveFocus: true });
    return this.#add(new ExplanationPanel(panel, this.rooms));
  }

  #add(panel: ExplanationPanel): ExplanationPanel {
    this.#open.push(panel);
    panel.onChanged(() => {
      if (panel.active) this.#open.push(...this.#open.splice(this.#open.indexOf(panel), 1));
      this.#changed.fire();
    });
    panel.onDisposed(() => {
      this.#open.splice(this.#open.indexOf(panel), 1);
      this.#changed.fire();
    });
    return panel;
  }
}
