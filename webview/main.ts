import './webview.css';
import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { HostApi, PanelApi } from '../src/protocol';
import { client, portTransport, serve } from '../src/rpc';
import { Panel } from './elements/panel';
import { PanelModel } from './logic/panel-model';
import { restoreView, type View } from './logic/view';

declare global {
  /** Given by the workbench to every webview, once. */
  function acquireVsCodeApi(): {
    postMessage(message: unknown): void;
    getState(): unknown;
    setState(state: View): void;
  };
}

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
const panel = document.querySelector('model-prism-panel') ?? document.body.appendChild(new Panel());
if (!(panel instanceof Panel)) throw new Error('another script has defined model-prism-panel');

const model = new PanelModel(
  client<HostApi>(connection),
  restoreView(api.getState()),
  (view) => api.setState(view),
  () => panel.refresh(),
);
panel.model = model;
serve<PanelApi>(connection, {
  update: async (state) => model.update(state),
  working: async (params) => model.working(params),
});
connection.listen();
void model.start();
