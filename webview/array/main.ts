import '../webview.css';
import type { ArrayHostApi, ArrayPanelApi } from '../../src/protocol/array';
import { client, serve } from '../../src/rpc';
import { connectToHost } from '../logic/host-link';
import { ArrayViewer } from './viewer';

const connection = connectToHost(acquireVsCodeApi());
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
