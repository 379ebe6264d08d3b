import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { version } from '../../package.json';
import type { EngineApi } from '../protocol';
import { serve } from '../rpc';
import { Service } from './service';

/** The engine as a child process, spoken to over the channel that `fork` opens. */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
serve<EngineApi>(connection, new Service({ version }));
connection.listen();
// Whoever started it has gone.
process.on('disconnect', () => process.exit());
