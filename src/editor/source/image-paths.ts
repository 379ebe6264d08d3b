import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands, imageExtensions } from '../contributions';

const documents: vscode.DocumentSelector = [
  { language: 'python', scheme: 'file' },
  { language: 'json', scheme: 'file' },
  { language: 'jsonc', scheme: 'file' },
  { language: 'markdown', scheme: 'file' },
  { scheme: 'file', pattern: '**/*.{csv,tsv,jsonl}' },
];

/** What may be a path of a picture: no quotes, commas, brackets or breaks in it. */
const candidate = new RegExp(`[^\\s"'\`,;()<>|\\[\\]{}]+\\.(?:${imageExtensions.join('|')})\\b`, 'gi');

/** The picture that a path in a document means: beside the document, in its workspace folder, or absolute. */
function pictureAt(document: vscode.TextDocument, written: string): vscode.Uri | undefined {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri)?.uri.fsPath;
  const roots = [path.dirname(document.uri.fsPath), ...(folder ? [folder] : [])];
  const found = roots.map((root) => path.resolve(root, written)).find((file) => existsSync(file));
  return found === undefined ? undefined : vscode.Uri.file(found);
}

/** Shows the picture whose path is under the pointer, with a link that explains it. */
export function registerImagePaths(): vscode.Disposable {
  return vscode.languages.registerHoverProvider(documents, {
    provideHover: (document, at) => {
      const { text } = document.lineAt(at.line);
      for (const { 0: written, index } of text.matchAll(candidate)) {
        if (at.character < index || at.character > index + written.length) continue;
        const uri = pictureAt(document, written);
        if (!uri) return undefined;
        const hover = new vscode.MarkdownString();
        hover.supportHtml = true;
        hover.isTrusted = { enabledCommands: [commands.explain] };
        const source = uri.toString().replaceAll('"', '%22');
        hover.appendMarkdown(`<img src="${source}" width="240">\n\n`);
        if (vscode.workspace.isTrusted) {
          const args = encodeURIComponent(JSON.stringify([uri]));
          hover.appendMarkdown(`[${vscode.l10n.t('Explain with Model Prism')}](command:${commands.explain}?${args})`);
        }
        return new vscode.Hover(hover, new vscode.Range(at.line, index, at.line, index + written.length));
      }
      return undefined;
    },
  });
}
