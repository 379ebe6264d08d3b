import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { version } from '../../package.json';
import type { EngineApi } from '../protocol';
import { serve } from '../rpc';
import { Engine } from './engine';

/** The engine as a child process, spoken to over the channel that `fork` opens. */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
serve<EngineApi>(connection, new Engine({ version }));
connection.listen();
// Whoever started it has gone.
process.on('disconnect', () => process.exit());
