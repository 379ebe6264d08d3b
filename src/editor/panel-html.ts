import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

const escaped: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const attribute = (text: string): string => text.replace(/[&<>"]/g, (character) => escaped[character] ?? character);

/** Folders that the panel loads from. */
export const panelRoots = (extension: vscode.Uri): vscode.Uri[] =>
  ['dist', 'media'].map((folder) => vscode.Uri.joinPath(extension, folder));

/** The same, and images of the workspace. */
export const workspaceRoots = (extension: vscode.Uri): vscode.Uri[] => [
  ...panelRoots(extension),
  ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri),
];

/** What the tab of a panel carries. */
export function panelIcon(extension: vscode.Uri): { readonly light: vscode.Uri; readonly dark: vscode.Uri } {
  const icon = (theme: string): vscode.Uri => vscode.Uri.joinPath(extension, 'media', 'icons', `explain-${theme}.svg`);
  return { light: icon('light'), dark: icon('dark') };
}

/** The bundles of webview/, by name. */
export type PanelScript =
  | 'webview'
  | 'array'
  | 'report'
  | 'checkpoints'
  | 'models'
  | 'network'
  | 'tokens'
  | 'attention';

/** A panel's page: one script and one style sheet of the extension, and nothing from elsewhere. */
export function panelHtml(webview: vscode.Webview, extension: vscode.Uri, script: PanelScript, title: string): string {
  const address = (file: string): string => `${webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', file))}`;
  const nonce = randomBytes(16).toString('base64url');
  const source = webview.cspSource;
  const policy = [
    "default-src 'none'",
    `img-src ${source} blob: data:`,
    `font-src ${source}`,
    `style-src ${source}`,
    `script-src 'nonce-${nonce}'`,
    `connect-src ${source}`,
    // The layout of networks is a worker, which must come from the page itself.
    ...(script === 'network' ? ['worker-src blob:'] : []),
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${attribute(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${address(`${script}.css`)}">
<title>${attribute(title)}</title>
</head>
<body>
<script nonce="${nonce}" src="${address(`${script}.js`)}"></script>
</body>
</html>`;
}
