import '../webview.css';
import type { ModelsApi, ModelsHostApi } from '../../src/protocol/models';
import { client, serve } from '../../src/rpc';
import { connectToHost } from '../logic/host-link';
import { TwoModels } from './two-models';

const connection = connectToHost(acquireVsCodeApi());
const host = client<ModelsHostApi>(connection);
const view = document.body.appendChild(new TwoModels());
view.host = host;
serve<ModelsApi>(connection, { update: async (state) => view.show(state) });
connection.listen();
void host.ready({}).then((state) => view.show(state));
