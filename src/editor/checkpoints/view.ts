import * as vscode from 'vscode';
import type { CheckpointHostApi, CheckpointState, CheckpointViewApi } from '../../protocol/checkpoints';
import type { Implementation } from '../../rpc';
import { panelHtml, workspaceRoots } from '../panel-html';
import { WebviewLink } from '../webview-link';

/** Between two updates of the view. */
const UPDATE_MS = 60;

/** The view of checkpoints. Its document comes and goes; each one begins by asking for the state. */
export class CheckpointView implements vscode.WebviewViewProvider, vscode.Disposable {
  #view?: vscode.WebviewView;
  #link?: WebviewLink<CheckpointHostApi, CheckpointViewApi>;
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly implementation: Implementation<CheckpointHostApi>,
    private readonly snapshot: () => CheckpointState,
  ) {}

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    const { webview } = view;
    webview.options = { enableScripts: true, localResourceRoots: workspaceRoots(this.extension) };
    this.#link?.dispose();
    this.#link = new WebviewLink(webview, this.implementation, (api) => () => api.update(this.snapshot()));
    view.onDidDispose(() => {
      this.#view = undefined;
      this.#link?.dispose();
    });
    webview.html = panelHtml(webview, this.extension, 'checkpoints', vscode.l10n.t('Checkpoints'));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#link?.dispose();
  }

  /** Where the view can load a file of the workspace from; empty while there is no view. */
  address(file: string): string {
    return this.#view ? `${this.#view.webview.asWebviewUri(vscode.Uri.file(file))}` : '';
  }

  /** Tells the document of changes, several at once. */
  update(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#link?.update();
    }, UPDATE_MS);
  }
}
