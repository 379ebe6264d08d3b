import type * as vscode from 'vscode';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import type { HostApi, PanelApi, PanelState, Photograph } from '../protocol';
import { type Client, client, type Implementation, portTransport, serve } from '../rpc';

const nothing = new Uint8Array(0);

/** The photograph is most of a snapshot, and most snapshots in a row are of the same. */
function withoutKnown(state: PanelState, known: Photograph | undefined): PanelState {
  const { explanation } = state;
  if (!explanation || explanation.photograph.path !== known?.path) return state;
  if (Buffer.compare(explanation.photograph.encoded, known.encoded) !== 0) return state;
  return { ...state, explanation: { ...explanation, photograph: { ...explanation.photograph, encoded: nothing } } };
}

/** A connection to one life of the webview's document. */
class Connection {
  readonly #rpc: MessageConnection;
  readonly #panel: Client<PanelApi>;
  #deliver: (message: unknown) => void = () => {};
  #open = true;
  #sending = false;
  /** Since the last snapshot was made. */
  #changed = false;
  /** What the document has. */
  #photograph?: Photograph;

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

  /** Sends a snapshot; while one is on its way, the next waits and is made when its turn comes. */
  async update(snapshot: () => PanelState): Promise<void> {
    this.#changed = true;
    if (this.#sending) return;
    this.#sending = true;
    while (this.#changed && this.#open) {
      this.#changed = false;
      const state = snapshot();
      try {
        await this.#panel.update(withoutKnown(state, this.#photograph));
        this.#photograph = state.explanation?.photograph;
      } catch {
        // Whoever does not get it will say that it is ready.
      }
    }
    this.#sending = false;
  }

  working({ question, progress }: PanelState): void {
    this.#panel.working({ ...(question && { question }), ...(progress && { progress }) }).catch(() => {});
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

  constructor(
    webview: vscode.Webview,
    implementation: Implementation<HostApi>,
    private readonly snapshot: () => PanelState,
  ) {
    this.#listener = webview.onDidReceiveMessage((message: unknown) => {
      if (isReady(message)) {
        this.#connection?.dispose();
        this.#connection = new Connection(webview, implementation);
      }
      this.#connection?.receive(message);
    });
  }

  /** Tells the document of a change, if there is one. */
  update(): void {
    void this.#connection?.update(this.snapshot);
  }

  /** Tells the document that work goes on, and nothing else of the state. */
  working(): void {
    this.#connection?.working(this.snapshot());
  }

  dispose(): void {
    this.#listener.dispose();
    this.#connection?.dispose();
  }
}
