import * as path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../contributions';
import { onSettings, setting } from '../settings';
import { LineIndex } from './line-index';
import { Folders, writtenPaths } from './written-paths';

const documents: vscode.DocumentSelector = [
  { language: 'python', scheme: 'file' },
  { language: 'json', scheme: 'file' },
  { language: 'jsonc', scheme: 'file' },
  { language: 'markdown', scheme: 'file' },
  { language: 'yaml', scheme: 'file' },
  { scheme: 'file', pattern: '**/*.{csv,tsv,jsonl,toml}' },
];

/** A table of a data set names more pictures than anyone scrolls to. */
const MAX_LENSES = 500;

/** Pictures whose paths are written in a file: a preview under the pointer, and a lens that explains them. */
export class ImagePaths implements vscode.Disposable, vscode.CodeLensProvider, vscode.HoverProvider {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #index = new LineIndex(writtenPaths);
  readonly #folders = new Folders();
  readonly #disposables: vscode.Disposable[];

  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor() {
    this.#disposables = [
      this.#changed,
      onSettings(['source.imageLens'], () => this.#changed.fire()),
      vscode.languages.registerHoverProvider(documents, this),
      vscode.languages.registerCodeLensProvider(documents, this),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#changed.fire()),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) =>
        this.#index.edited(document, contentChanges),
      ),
    ];
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    if (!setting('source.imageLens') || !vscode.workspace.isTrusted) return [];
    const lenses: vscode.CodeLens[] = [];
    for (const [line, found] of this.#index.of(document).entries()) {
      for (const { written, start } of found) {
        const uri = await this.#picture(document, written);
        if (token.isCancellationRequested || lenses.length === MAX_LENSES) return lenses;
        if (!uri) continue;
        const name = path.basename(uri.fsPath);
        lenses.push(
          new vscode.CodeLens(new vscode.Range(line, start, line, start + written.length), {
            title: found.length > 1 ? vscode.l10n.t('Explain {0}', name) : vscode.l10n.t('Explain'),
            tooltip: vscode.l10n.t('Explain with Model Prism'),
            command: commands.explain,
            arguments: [uri],
          }),
        );
      }
    }
    return lenses;
  }

  async provideHover(document: vscode.TextDocument, at: vscode.Position): Promise<vscode.Hover | undefined> {
    for (const { written, start } of writtenPaths(document.lineAt(at.line).text)) {
      if (at.character < start || at.character > start + written.length) continue;
      const uri = await this.#picture(document, written);
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
      return new vscode.Hover(hover, new vscode.Range(at.line, start, at.line, start + written.length));
    }
    return undefined;
  }

  /** The picture that a path means: beside the document, in its workspace folder, or absolute. */
  async #picture(document: vscode.TextDocument, written: string): Promise<vscode.Uri | undefined> {
    const folder = vscode.workspace.getWorkspaceFolder(document.uri)?.uri.fsPath;
    for (const root of [path.dirname(document.uri.fsPath), ...(folder ? [folder] : [])]) {
      const file = path.resolve(root, written);
      if (await this.#folders.has(file)) return vscode.Uri.file(file);
    }
    return undefined;
  }
}
