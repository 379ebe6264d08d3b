import * as vscode from 'vscode';

const folderName = 'model-prism-sample';

const exists = async (uri: vscode.Uri): Promise<boolean> => {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
};

/** Where the person wants the copy; undefined when they gave up. */
async function chooseFolder(storage: vscode.Uri): Promise<vscode.Uri | undefined> {
  const own = {
    label: vscode.l10n.t('In Model Prism’s own folder'),
    detail: storage.fsPath,
    iconPath: new vscode.ThemeIcon('package'),
  };
  const other = {
    label: vscode.l10n.t('Choose a Folder…'),
    detail: vscode.l10n.t('A folder “{0}” is made in it.', folderName),
    iconPath: new vscode.ThemeIcon('folder-opened'),
  };
  const title = vscode.l10n.t('Where is the sample workspace to be copied to?');
  const picked = await vscode.window.showQuickPick([own, other], { title });
  if (picked === own) return storage;
  if (picked === undefined) return undefined;
  const chosen = await vscode.window.showOpenDialog({
    title,
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: vscode.l10n.t('Copy Here'),
  });
  return chosen?.[0];
}

/**
 * Copies the sample workspace that comes with the extension to where it may be written to, and opens it; a copy that is
 * there already is opened as it is.
 *
 * @returns the copy, or undefined when the person gave up
 */
export async function openSample(
  { extensionUri, globalStorageUri }: Pick<vscode.ExtensionContext, 'extensionUri' | 'globalStorageUri'>,
  folder?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const parent = folder ?? (await chooseFolder(globalStorageUri));
  if (!parent) return undefined;
  const copy = vscode.Uri.joinPath(parent, folderName);
  if (!(await exists(copy))) {
    const title = vscode.l10n.t('Copying the sample workspace…');
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, async () => {
      await vscode.workspace.fs.createDirectory(parent);
      await vscode.workspace.fs.copy(vscode.Uri.joinPath(extensionUri, 'media', 'sample'), copy);
    });
  }
  const forceNewWindow = (vscode.workspace.workspaceFolders ?? []).length > 0;
  await vscode.commands.executeCommand('vscode.openFolder', copy, { forceNewWindow });
  return copy;
}
