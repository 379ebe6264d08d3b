import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type CancellationToken,
  ConnectionError,
  type DataCallback,
  type Disposable,
  ErrorCodes,
  type Message,
  type MessageConnection,
  type MessageReader,
  type MessageWriter,
  ProgressType,
  ResponseError,
} from 'vscode-jsonrpc';
import { PrismError } from './graph/errors';
import type { Progress, RemoteError } from './protocol';

/**
 * Typed calls between processes. An interface whose methods take one parameter object and return a promise becomes a
 * client on one side and is served by an implementation on the other.
 *
 * The caller makes the connection, and with it chooses the platform: `createMessageConnection` of `vscode-jsonrpc/node`
 * or of `vscode-jsonrpc/browser`, over {@link portTransport} or the transports of that package.
 */

/** What a caller may add to a call. */
export interface CallOptions {
  /** Asks the other side to stop; the call then fails with CANCELLED, as soon as the other side notices. */
  readonly cancel?: AbortSignal | CancellationToken;
  /** Called in order, never after the call has settled. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What an implementation is told beside the parameters. */
export interface CallContext {
  /** Aborted, with a PrismError CANCELLED as its reason, when the caller gives up. */
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

type Call<F> = F extends (params: infer P) => Promise<infer R>
  ? (params: P, options?: CallOptions) => Promise<R>
  : never;
type Handler<F> = F extends (params: infer P) => Promise<infer R>
  ? (params: P, context: CallContext) => Promise<R>
  : never;

export type Client<Api> = { readonly [M in keyof Api]: Call<Api[M]> };
export type Implementation<Api> = { readonly [M in keyof Api]: Handler<Api[M]> };

/** The parameters as they travel: with the token that progress is reported under. */
interface Envelope {
  readonly params: unknown;
  readonly progress?: string;
}

const progressType = new ProgressType<Progress>();

/** The failure of a call that its caller gave up. */
export const cancelled = (): PrismError => new PrismError('CANCELLED', 'the request was cancelled');

/** Any failure in the form that crosses the wire; what is no PrismError becomes INTERNAL. */
export function toRemoteError(error: unknown): RemoteError {
  if (error instanceof PrismError) {
    const { code, message } = error;
    return Object.keys(error.details).length === 0
      ? { code, message }
      : { code, message, details: plain(error.details) };
  }
  if (error instanceof Error && error.name === 'AbortError') return toRemoteError(cancelled());
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error) };
  return { code: 'INTERNAL', message: error.message, details: { stack: error.stack } };
}

/** Details that cannot be cloned must not keep the error from arriving. */
function plain(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(details);
  } catch {
    return Object.fromEntries(Object.entries(details).map(([key, value]) => [key, String(value)]));
  }
}

/** Any failure as a PrismError; what is none becomes INTERNAL. */
export function toPrismError(error: unknown): PrismError {
  if (error instanceof PrismError) return error;
  const { code, message, details } = toRemoteError(error);
  return new PrismError(code, message, details, { cause: error });
}

/** The error that a remote failure stands for. */
const fromRemoteError = ({ code, message, details }: RemoteError): PrismError => new PrismError(code, message, details);

function isRemoteError(data: unknown): data is RemoteError {
  return (
    typeof data === 'object' && data !== null && 'code' in data && typeof data.code === 'string' && 'message' in data
  );
}

/** What a rejected request means to the caller. */
function received(error: unknown): PrismError {
  const closed = (): PrismError =>
    new PrismError('CONNECTION_CLOSED', 'the connection was closed before the answer came', {}, { cause: error });
  if (error instanceof PrismError) return error;
  if (error instanceof ConnectionError) return closed();
  if (!(error instanceof ResponseError)) return toPrismError(error);
  if (isRemoteError(error.data)) return fromRemoteError(error.data);
  if (error.code === ErrorCodes.PendingResponseRejected) return closed();
  if (error.code === ErrorCodes.MessageWriteError)
    return new PrismError('NOT_DELIVERED', `the request could not be sent: ${error.message}`, {}, { cause: error });
  return new PrismError('INTERNAL', error.message);
}

/** Calls the listener when the caller gives up; not if it had given up before. */
export function onCancel(cancel: AbortSignal | CancellationToken, listener: () => void): Disposable {
  if (!('aborted' in cancel)) return cancel.onCancellationRequested(listener);
  cancel.addEventListener('abort', listener, { once: true });
  return { dispose: () => cancel.removeEventListener('abort', listener) };
}

/** Whether the caller has given up. */
export const isCancelled = (cancel: AbortSignal | CancellationToken | undefined): boolean =>
  cancel !== undefined && ('aborted' in cancel ? cancel.aborted : cancel.isCancellationRequested);

const asToken = (cancel: AbortSignal | CancellationToken): CancellationToken => ({
  get isCancellationRequested() {
    return isCancelled(cancel);
  },
  onCancellationRequested: (listener) => onCancel(cancel, () => listener(undefined)),
});

/**
 * The remote implementation of an interface, as if it were local. Every call settles: with the result, with the
 * PrismError that the implementation threw (INTERNAL for any other exception), or with CONNECTION_CLOSED.
 */
export function client<Api>(connection: MessageConnection): Client<Api> {
  const prefix = Math.random().toString(36).slice(2);
  let count = 0;
  // What is pending when the other side goes away would otherwise wait for ever.
  connection.onClose(() => connection.dispose());

  const call = async (method: string, params: unknown, { cancel, onProgress }: CallOptions = {}): Promise<unknown> => {
    if (isCancelled(cancel)) throw cancelled();
    const progress = onProgress && `${prefix}-${count++}`;
    const listener = progress && connection.onProgress(progressType, progress, onProgress);
    const envelope: Envelope = progress ? { params, progress } : { params };
    try {
      const result = await (cancel
        ? connection.sendRequest(method, envelope, asToken(cancel))
        : connection.sendRequest(method, envelope));
      return result ?? undefined;
    } catch (error) {
      throw received(error);
    } finally {
      if (listener) listener.dispose();
    }
  };

  const methods = new Map<string, Call<(params: unknown) => Promise<unknown>>>();
  return new Proxy({} as Client<Api>, {
    get(_target, method) {
      // A promise that resolves to a client must not take it for another promise.
      if (typeof method !== 'string' || method === 'then') return undefined;
      const known = methods.get(method) ?? ((params, options) => call(method, params, options));
      methods.set(method, known);
      return known;
    },
  });
}

/** Answers the calls of a client: a handler that throws answers too. Disposing stops answering. */
export function serve<Api>(connection: MessageConnection, implementation: Implementation<Api>): Disposable {
  return connection.onRequest(async (method: string, envelope: unknown, token: CancellationToken) => {
    try {
      return await handler(implementation, method)(...unpack(connection, envelope, token));
    } catch (error) {
      const remote = toRemoteError(error);
      throw new ResponseError(ErrorCodes.UnknownErrorCode, remote.message, remote);
    }
  });
}

type AnyHandler = (params: unknown, context: CallContext) => Promise<unknown>;

function handler(implementation: object, method: string): AnyHandler {
  const found: unknown = method in Object.prototype ? undefined : Reflect.get(implementation, method);
  if (typeof found !== 'function') throw new PrismError('UNKNOWN_REQUEST', `there is no request called ${method}`);
  return (params, context) => found.call(implementation, params, context);
}

function unpack(connection: MessageConnection, envelope: unknown, token: CancellationToken): [unknown, CallContext] {
  const { params, progress } = envelope as Envelope;
  const controller = new AbortController();
  const abort = (): void => controller.abort(cancelled());
  if (token.isCancellationRequested) abort();
  else token.onCancellationRequested(abort);
  const report = (value: Progress): void => {
    if (progress === undefined) return;
    // Whoever went away needs no progress.
    const ignore = (): void => {};
    try {
      connection.sendProgress(progressType, progress, value).catch(ignore);
    } catch {
      ignore();
    }
  };
  return [params, { signal: controller.signal, progress: report }];
}

/** Either end of a channel that passes structured clones: a webview and its host, a MessagePort. */
export interface Port {
  /** May resolve to false when the message was dropped, as a webview that is hidden does. */
  post(message: unknown): unknown;
  listen(callback: (message: unknown) => void): Disposable;
}

/** The reader and writer of `createMessageConnection` for a port. Messages of others on the same port are left alone. */
export function portTransport(port: Port): { readonly reader: MessageReader; readonly writer: MessageWriter } {
  return { reader: new PortReader(port), writer: new PortWriter(port) };
}

class PortReader extends AbstractMessageReader {
  readonly #port: Port;

  constructor(port: Port) {
    super();
    this.#port = port;
  }

  listen(callback: DataCallback): Disposable {
    return this.#port.listen((message) => {
      if (isMessage(message)) callback(message);
    });
  }
}

class PortWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #port: Port;

  constructor(port: Port) {
    super();
    this.#port = port;
  }

  async write(message: Message): Promise<void> {
    if ((await this.#port.post(compact(message))) === false) throw new Error('the other side is not listening');
  }

  end(): void {}
}

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'jsonrpc' in message && message.jsonrpc === '2.0';
}

/** A view ships its whole buffer, so views into larger ones are copied out; Node's Buffers become plain bytes. */
function compact(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return compactView(value);
  if (Array.isArray(value)) return value.map(compact);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, compact(entry)]));
}

function compactView(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof DataView) return view;
  if (view instanceof Uint8Array && view.constructor !== Uint8Array) return Uint8Array.from(view);
  if (view.byteLength === view.buffer.byteLength) return view;
  return (view as Float32Array).slice();
}
