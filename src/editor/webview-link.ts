import type * as vscode from 'vscode';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { type Client, client, type Implementation, portTransport, serve } from '../rpc';

/** Sends what one document of the webview has not got; made anew with every document. */
export type Sender<Api> = (api: Client<Api>) => () => Promise<void>;

/** A connection to one life of the webview's document. */
class Connection<Host, Api> {
  readonly api: Client<Api>;
  readonly #rpc: MessageConnection;
  readonly #send: () => Promise<void>;
  #deliver: (message: unknown) => void = () => {};
  #open = true;
  #sending = false;
  /** Since the last snapshot was made. */
  #changed = false;

  constructor(webview: vscode.Webview, implementation: Implementation<Host>, sender: Sender<Api>) {
    const { reader, writer } = portTransport({
      // The document that asked may be gone: another one must not get the answer.
      post: (message) => (this.#open ? webview.postMessage(message) : undefined),
      listen: (callback) => {
        this.#deliver = callback;
        return { dispose: () => {} };
      },
    });
    this.#rpc = createMessageConnection(reader, writer);
    this.api = client<Api>(this.#rpc);
    this.#send = sender(this.api);
    serve<Host>(this.#rpc, implementation);
    // A hidden webview takes no messages; when it is shown again it is told everything.
    this.#rpc.onError(() => {});
    this.#rpc.listen();
  }

  receive(message: unknown): void {
    this.#deliver(message);
  }

  /** Sends a snapshot; while one is on its way, the next waits and is made when its turn comes. */
  async update(): Promise<void> {
    this.#changed = true;
    if (this.#sending) return;
    this.#sending = true;
    while (this.#changed && this.#open) {
      this.#changed = false;
      try {
        await this.#send();
      } catch {
        // Whoever does not get it will say that it is ready.
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
export class WebviewLink<Host, Api> implements vscode.Disposable {
  readonly #listener: vscode.Disposable;
  #connection?: Connection<Host, Api>;

  constructor(webview: vscode.Webview, implementation: Implementation<Host>, sender: Sender<Api>) {
    this.#listener = webview.onDidReceiveMessage((message: unknown) => {
      if (isReady(message)) {
        this.#connection?.dispose();
        this.#connection = new Connection(webview, implementation, sender);
      }
      this.#connection?.receive(message);
    });
  }

  /** Tells the document of a change, if there is one. */
  update(): void {
    void this.#connection?.update();
  }

  /** Tells the document something at once, if it listens; whether it does. */
  tell(message: (api: Client<Api>) => Promise<void>): boolean {
    if (!this.#connection) return false;
    message(this.#connection.api).catch(() => {});
    return true;
  }

  dispose(): void {
    this.#listener.dispose();
    this.#connection?.dispose();
  }
}
