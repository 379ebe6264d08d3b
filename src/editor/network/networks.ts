import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { NetworkState } from '../../protocol/network';
import { NetworkPanel, type NetworkRooms } from './panel';

/** The network view: there is one, and it follows the explanation on show. */
export class Networks implements vscode.Disposable {
  #open?: NetworkPanel;

  constructor(private readonly rooms: NetworkRooms) {}

  get state(): NetworkState | undefined {
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
        vscode.l10n.t('Explain something first; its network can then be shown.'),
      );
    }
    const panel = new NetworkPanel(this.rooms);
    this.#open = panel;
    panel.onDisposed(() => {
      if (this.#open === panel) this.#open = undefined;
    });
  }
}
