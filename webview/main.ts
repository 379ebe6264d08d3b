import './webview.css';
import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { ExplainParams, HostApi, PanelApi } from '../src/protocol';
import { client, portTransport, serve } from '../src/rpc';
import { Panel } from './elements/panel';
import { PanelModel } from './logic/panel-model';
import { restoreView, type View } from './logic/view';

/** What outlives a reload: the webview reads the view back, the host the question. */
interface Kept extends View {
  readonly question?: ExplainParams;
}

declare global {
  /** Given by the workbench to every webview, once. */
  function acquireVsCodeApi(): {
    postMessage(message: unknown): void;
    getState(): unknown;
    setState(state: Kept): void;
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

let question: ExplainParams | undefined;
const keep = (view: View): void => api.setState(question ? { ...view, question } : view);
const model: PanelModel = new PanelModel(client<HostApi>(connection), restoreView(api.getState()), keep, () => {
  if (model.state?.question !== question) {
    question = model.state?.question;
    keep(model.view);
  }
  panel.refresh();
});
panel.model = model;
serve<PanelApi>(connection, { update: async (state) => model.update(state) });
connection.listen();
void model.start();
