import '../webview.css';
import type { AttentionHostApi, AttentionViewApi } from '../../src/protocol/attention';
import { client, serve } from '../../src/rpc';
import { connectToHost } from '../logic/host-link';
import { AttentionView } from './view';

const connection = connectToHost(acquireVsCodeApi());
const host = client<AttentionHostApi>(connection);
const view = document.body.appendChild(new AttentionView());
view.host = host;
serve<AttentionViewApi>(connection, {
  update: async (state) => view.show(state),
  attentions: async (content) => view.take(content),
});
connection.listen();
void host.ready({}).then((state) => view.show(state));
