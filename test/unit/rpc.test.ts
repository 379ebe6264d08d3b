import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { CancellationTokenSource, createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { PrismError } from '../../src/graph/errors';
import type { Progress } from '../../src/protocol';
import {
  type Client,
  client,
  type Implementation,
  type Port,
  portTransport,
  serve,
  toRemoteError,
} from '../../src/rpc';

interface Api {
  echo(params: { readonly value: unknown }): Promise<unknown>;
  nothing(params: Record<string, never>): Promise<void>;
  fail(params: { readonly kind: 'prism' | 'plain' | 'string' | 'uncloneable' | 'sync' }): Promise<void>;
  count(params: { readonly to: number }): Promise<number>;
  wait(params: Record<string, never>): Promise<void>;
  function(params: Record<string, never>): Promise<unknown>;
}

const implementation: Implementation<Api> = {
  echo: async ({ value }) => value,
  nothing: async () => {},
  fail({ kind }) {
    if (kind === 'prism') throw new PrismError('BAD_THING', 'it is bad', { node: 'conv1', size: 3 });
    if (kind === 'plain') return Promise.reject(new RangeError('out of it'));
    if (kind === 'string') return Promise.reject('just words');
    if (kind === 'uncloneable') return Promise.reject(new PrismError('ODD', 'with a function', { fn: () => 1 }));
    throw new TypeError('not even a promise');
  },
  async count({ to }, { progress }) {
    for (let i = 1; i <= to; i++) progress({ fraction: i / to, message: `${i}` });
    return to;
  },
  wait: (_params, { signal }) =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason));
    }),
  function: async () => () => 'cannot be cloned',
};

const open: { dispose(): void }[] = [];
afterEach(() => {
  for (const thing of open.splice(0)) thing.dispose();
});

const portOf = (port: MessagePort): Port => ({
  post: (message) => port.postMessage(message),
  listen(callback) {
    port.on('message', callback);
    return { dispose: () => port.off('message', callback) };
  },
});

function connectionOver(port: Port): MessageConnection {
  const { reader, writer } = portTransport(port);
  const connection = createMessageConnection(reader, writer);
  connection.listen();
  open.push(connection);
  return connection;
}

function pair(): { here: MessageConnection; there: MessageConnection; api: Client<Api> } {
  const { port1, port2 } = new MessageChannel();
  open.push({ dispose: () => port1.close() });
  const here = connectionOver(portOf(port1));
  const there = connectionOver(portOf(port2));
  serve<Api>(there, implementation);
  return { here, there, api: client<Api>(here) };
}

describe('a call', () => {
  it('passes parameters and results with typed arrays', async () => {
    const { api } = pair();
    const value = { numbers: Float32Array.of(1.5, -2), nested: [{ text: 'ä' }] };
    expect(await api.echo({ value })).toEqual(value);
  });

  it('returns undefined from a method without a result', async () => {
    const { api } = pair();
    expect(await api.nothing({})).toBeUndefined();
  });

  it('runs in parallel with others and keeps the answers apart', async () => {
    const { api } = pair();
    expect(await Promise.all([1, 2, 3].map((value) => api.echo({ value })))).toEqual([1, 2, 3]);
  });

  it('works both ways on one connection', async () => {
    const { api, here, there } = pair();
    serve<Api>(here, { ...implementation, echo: async () => 'from the other side' });
    const back = client<Api>(there);
    expect(await Promise.all([api.echo({ value: 1 }), back.echo({ value: 1 })])).toEqual([1, 'from the other side']);
  });

  it('may be awaited as a client without being called', async () => {
    const { api } = pair();
    const resolved = await Promise.resolve(api);
    expect(await resolved.echo({ value: 7 })).toBe(7);
  });
});

describe('a failure', () => {
  it('arrives as the PrismError it was', async () => {
    const { api } = pair();
    const error = await api.fail({ kind: 'prism' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PrismError);
    expect(error).toMatchObject({ code: 'BAD_THING', message: 'it is bad', details: { node: 'conv1', size: 3 } });
  });

  it.each([
    ['plain', 'out of it'],
    ['string', 'just words'],
    ['sync', 'not even a promise'],
  ] as const)('of another kind (%s) arrives as INTERNAL', async (kind, message) => {
    const { api } = pair();
    await expect(api.fail({ kind })).rejects.toMatchObject({ code: 'INTERNAL', message });
  });

  it('arrives although its details cannot be cloned', async () => {
    const { api } = pair();
    await expect(api.fail({ kind: 'uncloneable' })).rejects.toMatchObject({ code: 'ODD', message: 'with a function' });
  });

  it('is the answer when the result cannot be cloned', async () => {
    const { api } = pair();
    await expect(api.function({})).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('is the answer to a method that does not exist, also to one every object has', async () => {
    const { here } = pair();
    const odd = client<{ missing(params: object): Promise<void>; valueOf(params: object): Promise<void> }>(here);
    await expect(odd.missing({})).rejects.toMatchObject({ code: 'UNKNOWN_REQUEST' });
    await expect(odd.valueOf({})).rejects.toMatchObject({ code: 'UNKNOWN_REQUEST' });
  });

  it('of an abort is CANCELLED', () => {
    expect(toRemoteError(new DOMException('stop', 'AbortError')).code).toBe('CANCELLED');
  });
});

describe('progress', () => {
  it('arrives in order and before the result', async () => {
    const { api } = pair();
    const seen: Progress[] = [];
    const result = await api.count({ to: 3 }, { onProgress: (progress) => seen.push(progress) });
    expect(result).toBe(3);
    expect(seen.map(({ message }) => message)).toEqual(['1', '2', '3']);
  });

  it('goes to the call it belongs to', async () => {
    const { api } = pair();
    const seen: string[][] = [[], []];
    await Promise.all([
      api.count({ to: 1 }, { onProgress: ({ message }) => seen[0].push(message) }),
      api.count({ to: 2 }, { onProgress: ({ message }) => seen[1].push(message) }),
    ]);
    expect(seen).toEqual([['1'], ['1', '2']]);
  });

  it('is dropped when nobody asked for it', async () => {
    const { api } = pair();
    expect(await api.count({ to: 2 })).toBe(2);
  });
});

describe('cancelling', () => {
  it('by an AbortSignal rejects with CANCELLED', async () => {
    const { api } = pair();
    const controller = new AbortController();
    const call = api.wait({}, { cancel: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('by a CancellationToken rejects with CANCELLED', async () => {
    const { api } = pair();
    const source = new CancellationTokenSource();
    const call = api.wait({}, { cancel: source.token });
    setTimeout(() => source.cancel(), 20);
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('right after the call reaches a request that has not begun', async () => {
    const { api } = pair();
    const controller = new AbortController();
    const call = api.wait({}, { cancel: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('before the call sends nothing', async () => {
    const { api } = pair();
    await expect(api.echo({ value: 1 }, { cancel: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a connection', () => {
  it('that is disposed rejects what is pending, and later calls', async () => {
    const { api, here } = pair();
    const call = api.wait({});
    setTimeout(() => here.dispose(), 10);
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect(api.echo({ value: 1 })).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  it('that drops a message says so', async () => {
    const dropping = connectionOver({ post: async () => false, listen: () => ({ dispose: () => {} }) });
    await expect(client<Api>(dropping).nothing({})).rejects.toMatchObject({ code: 'NOT_DELIVERED' });
  });

  it('ignores messages that are not its own', async () => {
    const { port1, port2 } = new MessageChannel();
    open.push({ dispose: () => port1.close() });
    const api = client<Api>(connectionOver(portOf(port1)));
    serve<Api>(connectionOver(portOf(port2)), implementation);
    port1.postMessage({ type: 'theme-changed' });
    port1.postMessage('hello');
    expect(await api.echo({ value: 5 })).toBe(5);
  });

  it('sends only the part of a buffer that is asked for', async () => {
    const sent: unknown[] = [];
    const connection = connectionOver({ post: (message) => void sent.push(message), listen: () => ({ dispose() {} }) });
    const large = new Float32Array(1000).fill(3);
    client<Api>(connection)
      .echo({ value: { view: large.subarray(10, 12), bytes: Buffer.from([1, 2]) } })
      .catch(() => {});
    const { view, bytes } = (sent[0] as { params: { params: { value: { view: Float32Array; bytes: Uint8Array } } } })
      .params.params.value;
    expect(view).toEqual(Float32Array.of(3, 3));
    expect(view.buffer.byteLength).toBe(8);
    expect(bytes.constructor).toBe(Uint8Array);
    expect([...bytes]).toEqual([1, 2]);
  });
});
