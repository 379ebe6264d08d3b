import './webview.css';
import type { HostApi, PanelApi } from '../src/protocol/panel';
import { client, serve } from '../src/rpc';
import { Panel } from './elements/panel';
import { connectToHost } from './logic/host-link';
import { PanelModel } from './logic/panel-model';
import { restoreView } from './logic/view';

const api = acquireVsCodeApi();
const connection = connectToHost(api);
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
  go: async ({ by }) => model.go(by),
  copyLink: () => model.copyLink(),
});
connection.listen();
void model.start();
