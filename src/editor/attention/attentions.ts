import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { AttentionState } from '../../protocol/attention';
import { AttentionPanel, type AttentionRooms } from './panel';

/** The view of attention: there is one, and it follows the explanation on show. */
export class AttentionViews implements vscode.Disposable {
  #open?: AttentionPanel;

  constructor(private readonly rooms: AttentionRooms) {}

  get state(): AttentionState | undefined {
    return this.#open?.state;
  }

  dispose(): void {
    this.#open?.dispose();
  }

  /** Throws NOTHING_EXPLAINED. */
  show(): void {
    if (this.#open) {
      this.#open.reveal();
      return;
    }
    if (!this.rooms.panels.current?.explanation) {
      throw new PrismError(
        'NOTHING_EXPLAINED',
        vscode.l10n.t('Explain something first; the attention of its model can then be shown.'),
      );
    }
    const panel = new AttentionPanel(this.rooms);
    this.#open = panel;
    panel.onDisposed(() => {
      if (this.#open === panel) this.#open = undefined;
    });
  }
}
