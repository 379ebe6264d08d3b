import type * as vscode from 'vscode';
import type { ModelsState } from '../../protocol/models';
import { type AskRooms, askForModels } from './ask';
import { ModelsPanel, type ModelsRooms } from './panel';

/** Comparisons of two models, each in a panel of its own. */
export class ModelComparisons implements vscode.Disposable {
  readonly #open = new Set<ModelsPanel>();

  constructor(private readonly rooms: ModelsRooms & AskRooms) {}

  get all(): readonly ModelsState[] {
    return [...this.#open].map(({ state }) => state);
  }

  dispose(): void {
    for (const panel of [...this.#open]) panel.dispose();
  }

  /** Compares the models that were selected, or asks for them. */
  async compare(given: readonly vscode.Uri[]): Promise<void> {
    const question = await askForModels(this.rooms, given);
    if (!question) return;
    const panel = new ModelsPanel(this.rooms, question);
    this.#open.add(panel);
    panel.onDisposed(() => this.#open.delete(panel));
  }
}
