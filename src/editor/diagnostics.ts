import { readFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { PrismError } from '../graph/errors';
import { type Diagnostic, parseConfig, type TextRange } from '../inputs/config';
import { ignoredFolders } from './models';

const pattern = '**/*.prism.json';
const source = 'Model Prism';
const TYPING_MS = 200;

const isConfig = (uri: vscode.Uri): boolean => uri.scheme === 'file' && uri.path.endsWith('.prism.json');

const rangeOf = ({ line, column, endLine, endColumn }: TextRange): vscode.Range =>
  new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);

/** A diagnostic of ours, which knows how to mend itself. */
class ConfigDiagnostic extends vscode.Diagnostic {
  readonly replacement: string | undefined;

  constructor({ severity, code, message, replacement, ...range }: Diagnostic) {
    const level = severity === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
    super(rangeOf(range), message, level);
    this.code = code;
    this.source = source;
    this.replacement = replacement;
  }
}

const isDiagnostic = (value: unknown): value is Diagnostic =>
  typeof value === 'object' && value !== null && 'line' in value && 'message' in value && 'severity' in value;

/** What is wrong with the `*.prism.json` of the workspace, open or not, at its line. */
export class ConfigDiagnostics implements vscode.Disposable, vscode.CodeActionProvider {
  readonly #collection = vscode.languages.createDiagnosticCollection('model-prism');
  readonly #disposables: vscode.Disposable[];
  readonly #typing = new Map<string, NodeJS.Timeout>();

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const read = (uri: vscode.Uri): void => void this.#read(uri);
    watcher.onDidCreate(read);
    watcher.onDidChange(read);
    watcher.onDidDelete((uri) => this.#collection.delete(uri));
    this.#disposables = [
      this.#collection,
      watcher,
      vscode.workspace.onDidOpenTextDocument((document) => this.#check(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#typed(document)),
      // What was typed and not saved counts no longer.
      vscode.workspace.onDidCloseTextDocument(({ uri }) => isConfig(uri) && read(uri)),
      vscode.languages.registerCodeActionsProvider({ scheme: 'file', pattern }, this, {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    ];
    void this.#start();
  }

  dispose(): void {
    for (const timer of this.#typing.values()) clearTimeout(timer);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  /** Shows what the engine found wrong with a configuration when it held it against the model. */
  report({ details: { file, diagnostics } }: PrismError): void {
    if (typeof file !== 'string' || !Array.isArray(diagnostics)) return;
    this.#set(vscode.Uri.file(file), diagnostics.filter(isDiagnostic));
  }

  provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range,
    _context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    // The context holds copies, which have lost what is ours.
    const ours = (this.#collection.get(document.uri) ?? []).filter((diagnostic) =>
      diagnostic.range.intersection(range),
    );
    return ours.flatMap((diagnostic) => {
      if (!(diagnostic instanceof ConfigDiagnostic) || diagnostic.replacement === undefined) return [];
      const title = vscode.l10n.t('Change to {0}', diagnostic.replacement);
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      action.edit.replace(document.uri, diagnostic.range, diagnostic.replacement);
      action.diagnostics = [diagnostic];
      action.isPreferred = true;
      return [action];
    });
  }

  async #start(): Promise<void> {
    for (const document of vscode.workspace.textDocuments) this.#check(document);
    await Promise.all((await vscode.workspace.findFiles(pattern, ignoredFolders)).map((uri) => this.#read(uri)));
  }

  #typed(document: vscode.TextDocument): void {
    if (!isConfig(document.uri)) return;
    const key = document.uri.toString();
    clearTimeout(this.#typing.get(key));
    const check = (): void => {
      this.#typing.delete(key);
      if (!document.isClosed) this.#check(document);
    };
    this.#typing.set(key, setTimeout(check, TYPING_MS));
  }

  #check(document: vscode.TextDocument): void {
    if (isConfig(document.uri)) this.#set(document.uri, parseConfig(document.getText()).diagnostics);
  }

  /** The file on the disk, unless it is being edited. */
  async #read(uri: vscode.Uri): Promise<void> {
    const open = vscode.workspace.textDocuments.find((document) => `${document.uri}` === `${uri}` && document.isDirty);
    if (open) return this.#check(open);
    try {
      this.#set(uri, parseConfig(await readFile(uri.fsPath, 'utf8')).diagnostics);
    } catch {
      this.#collection.delete(uri);
    }
  }

  #set(uri: vscode.Uri, diagnostics: readonly Diagnostic[]): void {
    this.#collection.set(
      uri,
      diagnostics.map((diagnostic) => new ConfigDiagnostic(diagnostic)),
    );
  }
}
