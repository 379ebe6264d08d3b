import '../webview.css';
import type { CheckpointHostApi, CheckpointViewApi } from '../../src/protocol/checkpoints';
import { client, serve } from '../../src/rpc';
import { CheckpointModel } from '../logic/checkpoints';
import { connectToHost } from '../logic/host-link';
import { Checkpoints } from './strip';

const connection = connectToHost(acquireVsCodeApi());
const view = new Checkpoints();
const model = new CheckpointModel(client<CheckpointHostApi>(connection), () => view.refresh());
view.model = model;
document.body.append(view);
serve<CheckpointViewApi>(connection, { update: async (state) => model.update(state) });
connection.listen();
void model.start();
