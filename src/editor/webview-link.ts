import type * as vscode from 'vscode';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import type { HostApi, PanelApi, PanelState } from '../protocol';
import { type Client, client, type Implementation, portTransport, serve } from '../rpc';

/** A connection to one life of the webview's document. */
class Connection {
  readonly #rpc: MessageConnection;
  readonly #panel: Client<PanelApi>;
  #deliver: (message: unknown) => void = () => {};
  #open = true;
  #sending = false;
  #pending?: PanelState;

  constructor(webview: vscode.Webview, implementation: Implementation<HostApi>) {
    const { reader, writer } = portTransport({
      // The document that asked may be gone: another one must not get the answer.
      post: (message) => (this.#open ? webview.postMessage(message) : undefined),
      listen: (callback) => {
        this.#deliver = callback;
        return { dispose: () => {} };
      },
    });
    this.#rpc = createMessageConnection(reader, writer);
    this.#panel = client<PanelApi>(this.#rpc);
    serve<HostApi>(this.#rpc, implementation);
    // A hidden webview takes no messages; when it is shown again it is told everything.
    this.#rpc.onError(() => {});
    this.#rpc.listen();
  }

  receive(message: unknown): void {
    this.#deliver(message);
  }

  /** Sends a snapshot; while one is on its way only the newest waits. */
  async update(state: PanelState): Promise<void> {
    this.#pending = state;
    if (this.#sending) return;
    this.#sending = true;
    while (this.#pending && this.#open) {
      const next = this.#pending;
      this.#pending = undefined;
      try {
        await this.#panel.update(next);
      } catch {
        // Whoever did not get it will say that it is ready.
      }
    }
    this.#sending = false;
  }

  dispose(): void {
    this.#open = false;
    this.#rpc.dispose();
  }
}

const isReady = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && 'method' in message && message.method === 'ready';

/**
 * The typed link to a webview. Its document comes and goes as the panel is hidden, moved and reloaded, without a word
 * but the `ready` that each new one begins with.
 */
export class WebviewLink implements vscode.Disposable {
  readonly #listener: vscode.Disposable;
  #connection?: Connection;

  constructor(webview: vscode.Webview, implementation: Implementation<HostApi>) {
    this.#listener = webview.onDidReceiveMessage((message: unknown) => {
      if (isReady(message)) {
        this.#connection?.dispose();
        this.#connection = new Connection(webview, implementation);
      }
      this.#connection?.receive(message);
    });
  }

  /** Tells the document, if there is one. */
  update(state: PanelState): void {
    void this.#connection?.update(state);
  }

  dispose(): void {
    this.#listener.dispose();
    this.#connection?.dispose();
  }
}
