import type * as vscode from 'vscode';
import type { TokenStudyParams, TokensState } from '../../protocol/tokens';
import type { WorkspaceModels } from '../models';
import { modelForTask } from '../pick-model';
import type { Wanted } from '../texts';
import { TokensPanel, type TokensRooms } from './panel';

/** A text to explain token by token by what explains it already, and the token to look at first. */
export interface TokenWish {
  readonly tokens: TokenStudyParams;
  readonly at: number;
}

export const isTokenWish = (value: unknown): value is TokenWish =>
  typeof value === 'object' && value !== null && 'tokens' in value && 'at' in value;

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
    this.open({ ...input, model, method, options: methods.options(method) });
  }

  /** @param at the token to look at first */
  open(question: TokenStudyParams, at?: number): void {
    const panel = new TokensPanel(this.rooms, question, at);
    this.#open.add(panel);
    panel.onDisposed(() => this.#open.delete(panel));
  }
}
