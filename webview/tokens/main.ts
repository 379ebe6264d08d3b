import '../webview.css';
import type { TokensApi, TokensHostApi } from '../../src/protocol/tokens';
import { client, serve } from '../../src/rpc';
import { connectToHost } from '../logic/host-link';
import { TokensView } from './tokens';

const connection = connectToHost(acquireVsCodeApi());
const host = client<TokensHostApi>(connection);
const view = document.body.appendChild(new TokensView());
view.host = host;
serve<TokensApi>(connection, { update: async (state) => view.show(state) });
connection.listen();
void host.ready({}).then((state) => view.show(state));
