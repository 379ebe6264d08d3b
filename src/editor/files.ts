import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';

/** The mask of a picture, where one lies beside it as `name.mask.png` or `name.mask.npy`. */
export function maskBeside(image: string): string | undefined {
  const { dir, name } = path.parse(image);
  return ['png', 'npy'].map((extension) => path.join(dir, `${name}.mask.${extension}`)).find(existsSync);
}

/** Lets the person choose an array of numbers; undefined when they do not. */
export async function pickFile(title: string, near: string | undefined): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: vscode.l10n.t('Use'),
    filters: { NumPy: ['npy'] },
    ...(near !== undefined && { defaultUri: vscode.Uri.file(path.dirname(near)) }),
  });
  return chosen?.[0]?.fsPath;
}
