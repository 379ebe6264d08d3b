import '../webview.css';
import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { ArrayHostApi, ArrayPanelApi } from '../../src/protocol/array';
import { client, portTransport, serve } from '../../src/rpc';
import { ArrayViewer } from './viewer';

const api = acquireVsCodeApi();
const { reader, writer } = portTransport({
  post: (message) => api.postMessage(message),
  listen: (callback) => {
    const listener = (event: MessageEvent<unknown>): void => callback(event.data);
    window.addEventListener('message', listener);
    return { dispose: () => window.removeEventListener('message', listener) };
  },
});
const connection = createMessageConnection(reader, writer);
const host = client<ArrayHostApi>(connection);
const viewer = new ArrayViewer();
viewer.host = host;
document.body.append(viewer);
serve<ArrayPanelApi>(connection, {
  update: async (state) => {
    viewer.state = state;
  },
});
connection.listen();
void host.ready({}).then((state) => {
  viewer.state ??= state;
});
