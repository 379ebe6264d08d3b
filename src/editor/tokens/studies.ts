import type * as vscode from 'vscode';
import type { TokensState } from '../../protocol/tokens';
import type { WorkspaceModels } from '../models';
import { modelForTask } from '../pick-model';
import type { Wanted } from '../texts';
import { TokensPanel, type TokensRooms } from './panel';

/** Texts that are explained token by token, each in a panel of its own. */
export class TokenPanels implements vscode.Disposable {
  readonly #open = new Set<TokensPanel>();

  constructor(private readonly rooms: TokensRooms & { readonly models: WorkspaceModels }) {}

  get all(): readonly TokensState[] {
    return [...this.#open].map(({ state }) => state);
  }

  dispose(): void {
    for (const panel of [...this.#open]) panel.dispose();
  }

  /** Explains a text token by token, by the model of the workspace that does such. */
  async explain({ input, file }: Wanted): Promise<void> {
    const { methods, models } = this.rooms;
    const model = await modelForTask(models, ['text-generation', 'token-classification'], file);
    if (model === undefined) return;
    const method = await methods.fitting(model);
    const panel = new TokensPanel(this.rooms, { ...input, model, method, options: methods.options(method) });
    this.#open.add(panel);
    panel.onDisposed(() => this.#open.delete(panel));
  }
}
