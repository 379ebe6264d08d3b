import * as vscode from 'vscode';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import type { CheckpointHostApi, CheckpointState, CheckpointViewApi } from '../../protocol';
import { type Client, client, type Implementation, portTransport, serve } from '../../rpc';
import { panelHtml, panelRoots } from '../panel-html';

/** Between two updates of the view. */
const UPDATE_MS = 60;

/** The view of checkpoints. Its document comes and goes; each one begins by asking for the state. */
export class CheckpointView implements vscode.WebviewViewProvider, vscode.Disposable {
  #view?: vscode.WebviewView;
  #connection?: MessageConnection;
  #client?: Client<CheckpointViewApi>;
  #deliver: (message: unknown) => void = () => {};
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly implementation: Implementation<CheckpointHostApi>,
    private readonly snapshot: () => CheckpointState,
  ) {}

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri);
    const { webview } = view;
    webview.options = { enableScripts: true, localResourceRoots: [...panelRoots(this.extension), ...folders] };
    webview.onDidReceiveMessage((message: unknown) => {
      if (isReady(message)) this.#open(webview);
      this.#deliver(message);
    });
    view.onDidDispose(() => {
      this.#view = undefined;
      this.#close();
    });
    webview.html = panelHtml(webview, this.extension, 'checkpoints', vscode.l10n.t('Checkpoints'));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#close();
  }

  /** Where the view can load a file of the workspace from; empty while there is no view. */
  address(file: string): string {
    return this.#view ? `${this.#view.webview.asWebviewUri(vscode.Uri.file(file))}` : '';
  }

  /** Tells the document of changes, several at once. */
  update(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#client?.update(this.snapshot()).catch(() => {});
    }, UPDATE_MS);
  }

  #open(webview: vscode.Webview): void {
    this.#close();
    const { reader, writer } = portTransport({
      post: (message) => webview.postMessage(message),
      listen: (callback) => {
        this.#deliver = callback;
        return { dispose: () => {} };
      },
    });
    const connection = createMessageConnection(reader, writer);
    connection.onError(() => {});
    serve<CheckpointHostApi>(connection, this.implementation);
    connection.listen();
    this.#connection = connection;
    this.#client = client<CheckpointViewApi>(connection);
  }

  #close(): void {
    this.#connection?.dispose();
    this.#connection = undefined;
    this.#client = undefined;
    this.#deliver = () => {};
  }
}

const isReady = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && 'method' in message && message.method === 'ready';
