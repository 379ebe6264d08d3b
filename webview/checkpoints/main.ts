import { createMessageConnection } from 'vscode-jsonrpc/browser';
import type { CheckpointHostApi, CheckpointViewApi } from '../../src/protocol';
import { client, portTransport, serve } from '../../src/rpc';
import { CheckpointModel } from '../logic/checkpoints';
import { Checkpoints } from './strip';

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
const view = new Checkpoints();
const model = new CheckpointModel(client<CheckpointHostApi>(connection), () => view.refresh());
view.model = model;
document.body.append(view);
serve<CheckpointViewApi>(connection, { update: async (state) => model.update(state) });
connection.listen();
void model.start();
