import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { version } from '../../package.json';
import type { ServiceApi } from '../protocol/service';
import { serve } from '../rpc';
import { Service } from './service';

/** The engine as a child process, spoken to over the channel that `fork` opens. */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
serve<ServiceApi>(connection, new Service({ version }));
connection.listen();
// Whoever started it has gone.
process.on('disconnect', () => process.exit());
