import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import type { Explanation } from '../../protocol';
import type { PanelQuestion } from '../../protocol/panel';
import type { ServiceApi } from '../../protocol/service';
import type { TokenHostApi, TokenLayer } from '../../protocol/tokens';
import type { CallContext, Client, Implementation } from '../../rpc';
import { commands } from '../contributions';
import { type QuestionChange, questionAt } from '../questions';
import type { TokenWish } from './studies';

/** What asking about single tokens needs of a panel. */
interface TokenDesk {
  readonly question: PanelQuestion | undefined;
  readonly explanation: Explanation | undefined;
  ask<R>(context: CallContext, question: (api: Client<ServiceApi>, explanation: string) => Promise<R>): Promise<R>;
  again(change: QuestionChange): void;
}

/** Answers what the webview asks about the tokens of a text. */
export function tokenHost(desk: TokenDesk): Implementation<TokenHostApi> {
  return {
    tokenLayers: (_params, context): Promise<readonly TokenLayer[]> =>
      desk.ask(context, (api, explanation) => api.tokenLayers({ explanation }, { cancel: context.signal })),
    explainToken: async ({ token }) => {
      const { explanation } = desk;
      const change = explanation && questionAt(explanation, token);
      if (!change) throw new PrismError('NOTHING_BEFORE', vscode.l10n.t('The model says nothing of this token.'));
      desk.again(change);
    },
    showTokens: async ({ token }) => {
      const { text, textFile, model, method, options } = desk.question ?? {};
      if (model === undefined || method === undefined) return;
      const given = text === undefined ? { ...(textFile !== undefined && { textFile }) } : { text };
      const tokens: TokenWish['tokens'] = { ...given, model, method, ...(options && { options }) };
      const wish: TokenWish = { tokens, at: token };
      await vscode.commands.executeCommand(commands.explainTokens, wish);
    },
  };
}
