import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/browser';
import { portTransport } from '../../src/rpc';

/** What the workbench gives to every webview, once. */
export interface WorkbenchApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  function acquireVsCodeApi(): WorkbenchApi;
}

/** A connection to the host; whoever asks for it makes it listen. */
export function connectToHost(api: WorkbenchApi): MessageConnection {
  const { reader, writer } = portTransport({
    post: (message) => api.postMessage(message),
    listen: (callback) => {
      const listener = (event: MessageEvent<unknown>): void => callback(event.data);
      window.addEventListener('message', listener);
      return { dispose: () => window.removeEventListener('message', listener) };
    },
  });
  return createMessageConnection(reader, writer);
}
