import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';
import type { Explanation, OptionInfo } from '../protocol';
import type { PanelLook, PanelQuestion } from '../protocol/panel';
import type { EngineRoom } from './engine-room';
import { questionBehind } from './questions';
import { followLink, type LinkedState, type LinkFolder, writeLink } from './state-link';
import { requireTrust } from './trust';

const linkPath = '/open';

const folders = (): LinkFolder[] =>
  (vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({ name, path: uri.fsPath }));

/** Copies a link that leads back to an explanation. Throws OUTSIDE_WORKSPACE, NOT_LINKABLE. */
export async function copyLink(
  extension: string,
  explanation: Explanation,
  asked: PanelQuestion | undefined,
  look: PanelLook | undefined,
): Promise<void> {
  const { compare: _, classes: __, ...question } = questionBehind(explanation, asked);
  const query = writeLink({ question, look }, folders(), explanation.method.options);
  const { uriScheme: scheme } = vscode.env;
  await vscode.env.clipboard.writeText(`${scheme}://${extension}${linkPath}?${query}`);
  vscode.window.setStatusBarMessage(vscode.l10n.t('The link was copied.'), 4000);
}

/** What a link leads to. Throws WORKSPACE_NOT_TRUSTED, and what `followLink` throws. */
export async function linkedState(uri: vscode.Uri, engine: EngineRoom): Promise<LinkedState> {
  requireTrust(
    vscode.l10n.t('Models of a workspace that is not trusted are not run; trust it, then follow the link again.'),
  );
  if (uri.path !== linkPath) {
    throw new PrismError('LINK_INVALID', vscode.l10n.t('Model Prism knows no link {0}.', uri.path));
  }
  const options = async (method: string): Promise<readonly OptionInfo[]> =>
    (await engine.methods()).find(({ id }) => id === method)?.options ?? [];
  return followLink(uri.query, folders(), options);
}
