import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { Network } from '../../../src/protocol/flow';
import type { NetworkApi, NetworkHostApi, NetworkState } from '../../../src/protocol/network';
import { client, portTransport, serve } from '../../../src/rpc';

/** What tests may do with the fake host: look at what was asked, and change what is shown. */
export interface NetworkControl {
  readonly calls: { readonly method: string; readonly params: unknown }[];
  /** Shows another network. */
  show(network: Network, change?: Partial<NetworkState>): Promise<void>;
  update(change: Partial<NetworkState>): Promise<void>;
}

declare global {
  var networkDemo: NetworkControl;
}

function start(): void {
  let deliver: (message: unknown) => void = () => {};
  const { reader, writer } = portTransport({
    post: (message) => window.postMessage(structuredClone(message), '*'),
    listen: (callback) => {
      deliver = callback;
      return { dispose: () => {} };
    },
  });
  const connection = createMessageConnection(reader, writer);
  const view = client<NetworkApi>(connection);
  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => deliver(structuredClone(message)),
    getState: () => undefined,
    setState: () => {},
  });
  let state: NetworkState = { status: 'working', l10n: {} };
  const calls: NetworkControl['calls'] = [];
  const note = (method: string, params: unknown): void => void calls.push({ method, params });
  let count = 0;
  const update = async (change: Partial<NetworkState>): Promise<void> => {
    state = { ...state, ...change };
    await view.update(state);
  };
  const show: NetworkControl['show'] = async (network, change = {}) => {
    const id = `explanation ${count++}`;
    await view.network({ explanation: id, network });
    const subject = {
      id,
      model: 'model.onnx',
      target: { index: 1, label: 'tiger cat', score: 9.215, probability: 0.9 },
      method: { id: 'backtrace', title: 'DLBacktrace', signed: true },
      input: 'chelsea.png',
    };
    await update({ status: 'ready', subject, shown: id, ...change });
  };
  globalThis.networkDemo = { calls, show, update };
  serve<NetworkHostApi>(connection, {
    async ready() {
      const network = new URLSearchParams(location.search).get('network');
      if (network) void fetch(`/networks/${network}`).then(async (answer) => show((await answer.json()) as Network));
      return state;
    },
    async valueMap(params) {
      note('valueMap', params);
      const tokens = state.subject?.text?.tokens;
      if (tokens) return { width: tokens.length, height: 1, data: Float32Array.from(tokens, (_, i) => 0.25 * (i + 1)) };
      const data = Float32Array.from({ length: 196 }, (_, i) => Math.sin(i / 9) * Math.cos(i / 31));
      return { width: 14, height: 14, data };
    },
    async openLayer(params) {
      note('openLayer', params);
    },
    async goToCode(params) {
      note('goToCode', params);
    },
    async cancel(params) {
      note('cancel', params);
    },
    async retry(params) {
      note('retry', params);
    },
    async showLog(params) {
      note('showLog', params);
    },
  });
  connection.listen();
}

start();
