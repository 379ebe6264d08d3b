import * as path from 'node:path';
import * as vscode from 'vscode';
import { imageExtensions } from './contributions';
import { ignoredFolders } from './models';

const MOST_OFFERED = 2000;

const extensions: ReadonlySet<string> = new Set(imageExtensions.map((extension) => `.${extension}`));

const isImage = (uri: vscode.Uri): boolean => extensions.has(path.extname(uri.path).toLowerCase());

/** The picture in the active editor, whichever editor shows it. */
export function activeImage(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const shows = input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText;
  return shows && isImage(input.uri) ? input.uri : undefined;
}

interface ImageItem extends vscode.QuickPickItem {
  /** Absent: look elsewhere. */
  readonly uri?: vscode.Uri;
}

/** Lets the person choose a picture of the workspace, or any other; undefined when they do not. */
export async function pickImage(): Promise<vscode.Uri | undefined> {
  const title = vscode.l10n.t('Explain which image?');
  const pattern = `**/*.{${imageExtensions.flatMap((extension) => [extension, extension.toUpperCase()]).join(',')}}`;
  const items = vscode.workspace.findFiles(pattern, ignoredFolders, MOST_OFFERED).then((uris): ImageItem[] => {
    const browse: ImageItem = { label: vscode.l10n.t('Browse…'), iconPath: new vscode.ThemeIcon('folder-opened') };
    const named = uris.map((uri): ImageItem => {
      const folder = path.posix.dirname(vscode.workspace.asRelativePath(uri));
      return {
        uri,
        label: path.posix.basename(uri.path),
        description: folder === '.' ? '' : folder,
        iconPath: new vscode.ThemeIcon('file-media'),
      };
    });
    const order = new Intl.Collator(undefined, { numeric: true });
    named.sort((a, b) => order.compare(`${a.description}/${a.label}`, `${b.description}/${b.label}`));
    return [...named, browse];
  });
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  if (picked === undefined || picked.uri) return picked?.uri;
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: vscode.l10n.t('Explain'),
    filters: { [vscode.l10n.t('Images')]: [...imageExtensions] },
  });
  return chosen?.[0];
}
