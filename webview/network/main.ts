import '../webview.css';
import Elk, { type ELK } from 'elkjs/lib/elk-api.js';
import type { NetworkApi, NetworkHostApi } from '../../src/protocol/network';
import { client, serve } from '../../src/rpc';
import { connectToHost } from '../logic/host-link';
import { NetworkView } from './view';

/** The script beside this one: a worker of a page from elsewhere must come from the page itself. */
async function startLayout(): Promise<ELK> {
  const own = (document.currentScript as HTMLScriptElement).src;
  const script = await fetch(own.replace(/network\.js/, 'layout.js'));
  if (!script.ok) throw new Error(`${script.url}: ${script.status}`);
  const address = URL.createObjectURL(await script.blob());
  return new Elk({ workerFactory: () => new Worker(address) });
}

const layout = startLayout();
const connection = connectToHost(acquireVsCodeApi());
const host = client<NetworkHostApi>(connection);
const view = document.body.appendChild(new NetworkView());
view.host = host;
serve<NetworkApi>(connection, {
  update: async (state) => view.show(state),
  network: async ({ network }) => view.take(network),
});
connection.listen();
void layout.then((elk) => {
  view.elk = elk;
});
void host.ready({}).then((state) => view.show(state));
