import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { PrismError } from '../../../src/graph/errors';
import type { EngineApi } from '../../../src/protocol/service';
import { type Implementation, serve } from '../../../src/rpc';

/** An engine process that does what the model's name says, for tests of whoever talks to it. */
const fake: Partial<Implementation<EngineApi>> = {
  async initialize({ cacheDir, provider }) {
    if (provider === 'broken') process.exit(3);
    if (provider === 'unknown') throw new PrismError('UNKNOWN_PROVIDER', 'no such provider');
    return { version: '1.2.3', pid: process.pid, providers: [String(cacheDir)], provider };
  },
  async model({ path }) {
    if (path === 'crash') {
      process.stderr.write('first line\nfatal error: it hurts\nlast line\n', () => process.abort());
      return new Promise(() => {});
    }
    if (path === 'exit') process.exit(7);
    if (path === 'block') for (;;);
    if (path === 'refuse') throw new PrismError('MODEL_INVALID', 'no model', { node: 'a' });
    if (path === 'environment') return { name: `${process.env.NODE_OPTIONS}|${process.env.FLAVOUR}` } as never;
    return { name: `${path} of ${process.pid}` } as never;
  },
  async predict({ model }, { signal, progress }) {
    progress({ message: model });
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    throw new Error('not reached');
  },
};

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
serve<EngineApi>(connection, fake as Implementation<EngineApi>);
connection.listen();
process.on('disconnect', () => process.exit());
