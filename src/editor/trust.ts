import * as vscode from 'vscode';
import { PrismError } from '../graph/errors';

/**
 * Stands before everything that runs, or lets run, what a workspace brings along: models, training code, a program.
 *
 * @param why what is not done
 * @throws PrismError WORKSPACE_NOT_TRUSTED
 */
export function requireTrust(why: string): void {
  if (!vscode.workspace.isTrusted) throw new PrismError('WORKSPACE_NOT_TRUSTED', why);
}
