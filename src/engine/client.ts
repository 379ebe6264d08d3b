import { type ChildProcess, fork } from 'node:child_process';
import { createMessageConnection, type Disposable, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { PrismError } from '../graph/errors';
import type { EngineInfo } from '../protocol';
import type { ServiceApi } from '../protocol/service';
import { type CallOptions, type Client, cancelled, client, isCancelled, onCancel, toPrismError } from '../rpc';

export interface EngineClientOptions {
  /** The bundled engine program. */
  readonly module: string;
  /** Asked at every start, so that changed settings count from the next start on. */
  readonly settings: () => { readonly cacheDir: string | null; readonly provider: string };
  /** Told what the engine prints, and when it starts and ends. */
  readonly log: (line: string) => void;
  /** How long a request may go on after it was cancelled before the process is ended. */
  readonly graceMs?: number;
  /** Added to the engine's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export type EngineStatus =
  /** Nothing runs; the next request starts it. */
  | { readonly state: 'stopped' }
  | { readonly state: 'starting' }
  | { readonly state: 'ready'; readonly info: EngineInfo }
  /** It ended or was ended: ENGINE_CRASHED, ENGINE_RESTARTED or ENGINE_START_FAILED. The next request starts it. */
  | { readonly state: 'ended'; readonly error: PrismError };

const GRACE_MS = 3000;
const STDERR_LINES = 20;

type Calls = Record<string, (params: unknown, options?: CallOptions) => Promise<unknown>>;

/** A request that has not been answered. */
interface Pending {
  cancelled: boolean;
}

/** One life of the engine process. */
class EngineProcess {
  readonly api: Client<ServiceApi>;
  readonly ready: Promise<EngineInfo>;
  /** Resolves when the process has gone, to the reason. */
  readonly gone: Promise<PrismError>;
  /** In the order in which they were made. */
  readonly pending = new Set<Pending>();
  readonly #child: ChildProcess;
  #reason?: PrismError;

  constructor(options: EngineClientOptions) {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    // Inside VS Code the running program is Electron, which must behave as Node.
    const env = { ...inherited, ...options.env, ELECTRON_RUN_AS_NODE: '1' };
    this.#child = fork(options.module, [], { serialization: 'advanced', execArgv: [], env, silent: true });
    const stderr = this.#collect(options.log);
    this.gone = new Promise((resolve) => {
      let failure: Error | undefined;
      this.#child.on('error', (error) => {
        failure = error;
        if (this.#child.pid === undefined) resolve(startFailed(options.module, error.message));
      });
      this.#child.on('close', (code, signal) => resolve(this.#reason ?? crashed(code, signal, stderr(), failure)));
    });
    const connection = createMessageConnection(new IPCMessageReader(this.#child), new IPCMessageWriter(this.#child));
    // The writer reports what it could not send; `gone` tells why.
    connection.onError(() => {});
    connection.listen();
    this.api = client<ServiceApi>(connection);
    void this.gone.then(() => connection.dispose());
    this.ready = this.#initialize(options);
    // Whoever waits for it is told; nobody may.
    this.ready.catch(() => {});
  }

  async #initialize({ settings, module }: EngineClientOptions): Promise<EngineInfo> {
    try {
      return await this.api.initialize(settings());
    } catch (error) {
      if (!(error instanceof PrismError) || error.code !== 'CONNECTION_CLOSED') throw error;
      const reason = await this.gone;
      throw reason.code === 'ENGINE_CRASHED' ? startFailed(module, reason.message, reason) : reason;
    }
  }

  /** Passes the lines it prints on and keeps the last ones of its standard error. */
  #collect(log: (line: string) => void): () => string[] {
    const last: string[] = [];
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = '';
      const take = (line: string): void => {
        if (!line) return;
        log(line);
        if (stream === this.#child.stderr) last.push(line);
        if (last.length > STDERR_LINES) last.shift();
      };
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop() ?? '';
        for (const line of lines) take(line);
      });
      stream?.on('end', () => take(rest));
    }
    return () => last;
  }

  /** Ends the process at once; `reason` is what pending requests are told. */
  kill(reason: PrismError): void {
    this.#reason ??= reason;
    this.#child.kill('SIGKILL');
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'it was killed (SIGKILL), perhaps because memory ran out';
  if (signal) return `it was ended by ${signal}`;
  return `exit code ${code}`;
}

function crashed(code: number | null, signal: NodeJS.Signals | null, stderr: string[], failure?: Error): PrismError {
  const last = stderr.findLast((line) => /error|fatal|assert|terminate|exception/i.test(line)) ?? stderr.at(-1);
  const why = failure?.message ?? describeEnd(code, signal);
  return new PrismError(
    'ENGINE_CRASHED',
    `the engine stopped unexpectedly: ${why}${last ? ` (${last.trim()})` : ''}; it starts again with the next request`,
    { exitCode: code, signal, stderr },
  );
}

const startFailed = (module: string, why: string, cause?: Error): PrismError =>
  new PrismError('ENGINE_START_FAILED', `the engine ${module} could not be started: ${why}`, {}, { cause });

const restarted = (why: string): PrismError =>
  new PrismError('ENGINE_RESTARTED', `the engine was restarted ${why}; ask again`);

/**
 * The engine in a process of its own. It starts with the first request and, after a crash, with the next one; a crash
 * fails what is pending and nothing else.
 *
 * A cancelled request fails at once. The engine stops at its next chunk of work; when it does not get there in time and
 * the request is the oldest one, its process is ended, and requests that are still wanted are asked again.
 */
export class EngineClient implements Disposable {
  readonly api: Client<ServiceApi>;
  readonly #options: EngineClientOptions;
  readonly #listeners = new Set<(status: EngineStatus) => void>();
  #process?: EngineProcess;
  #status: EngineStatus = { state: 'stopped' };
  #disposed = false;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.api = new Proxy({} as Client<ServiceApi>, {
      get: (_target, method) => {
        if (typeof method !== 'string' || method === 'then') return undefined;
        return (params: unknown, callOptions?: CallOptions) => this.#call(method, params, callOptions);
      },
    });
  }

  get status(): EngineStatus {
    return this.#status;
  }

  onStatus(listener: (status: EngineStatus) => void): Disposable {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Starts the engine if it does not run. */
  async start(): Promise<EngineInfo> {
    return this.#running().ready;
  }

  /** Ends the process, failing what is pending with ENGINE_RESTARTED, and starts it again. */
  async restart(): Promise<EngineInfo> {
    await this.#stop(restarted('by request'));
    return this.start();
  }

  dispose(): void {
    this.#disposed = true;
    void this.#stop(new PrismError('ENGINE_STOPPED', 'the engine was stopped'));
    this.#listeners.clear();
  }

  #report(status: EngineStatus): void {
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }

  async #stop(reason: PrismError): Promise<void> {
    const ending = this.#process;
    if (!ending) return;
    ending.kill(reason);
    await ending.gone;
  }

  #running(): EngineProcess {
    if (this.#process) return this.#process;
    if (this.#disposed) throw new PrismError('ENGINE_STOPPED', 'the engine was stopped');
    const started = new EngineProcess(this.#options);
    this.#process = started;
    this.#report({ state: 'starting' });
    const current = (): boolean => this.#process === started;
    started.ready.then(
      (info) => {
        this.#options.log(`engine ${info.version} started (process ${info.pid}, ${info.provider})`);
        if (current()) this.#report({ state: 'ready', info });
      },
      (error: unknown) => {
        const failure = toPrismError(error);
        if (failure.code !== 'ENGINE_RESTARTED' && failure.code !== 'ENGINE_STOPPED') started.kill(failure);
      },
    );
    void started.gone.then((error) => {
      this.#options.log(error.message);
      if (!current()) return;
      this.#process = undefined;
      this.#report({ state: 'ended', error });
    });
    return started;
  }

  async #call(method: string, params: unknown, { cancel, onProgress }: CallOptions = {}): Promise<unknown> {
    if (isCancelled(cancel)) throw cancelled();
    const pending: Pending = { cancelled: false };
    let listener: Disposable | undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      if (!cancel) return;
      listener = onCancel(cancel, () => {
        pending.cancelled = true;
        reject(cancelled());
      });
    });
    // It may lose the race below.
    givenUp.catch(() => {});
    const passed: CallOptions = {
      ...(cancel && { cancel }),
      ...(onProgress && { onProgress: (progress) => pending.cancelled || onProgress(progress) }),
    };
    try {
      return await Promise.race([this.#ask(method, params, passed, pending), givenUp]);
    } finally {
      listener?.dispose();
    }
  }

  /** Asks again when the process was ended because of another request. */
  async #ask(method: string, params: unknown, options: CallOptions, pending: Pending): Promise<unknown> {
    for (;;) {
      const engine = this.#running();
      engine.pending.add(pending);
      const watch = options.cancel && onCancel(options.cancel, () => this.#watch(engine, pending));
      try {
        await engine.ready;
        return await (engine.api as unknown as Calls)[method](params, options);
      } catch (error) {
        if (!(error instanceof PrismError) || error.code !== 'CONNECTION_CLOSED') throw error;
        const reason = await engine.gone;
        if (reason.code !== 'ENGINE_RESTARTED' || reason.details.forCancel !== true || pending.cancelled) throw reason;
      } finally {
        watch?.dispose();
        engine.pending.delete(pending);
      }
    }
  }

  /** Ends the process when a cancelled request keeps it busy for too long. */
  #watch(engine: EngineProcess, request: Pending): void {
    const check = (): void => {
      if (this.#process !== engine || !engine.pending.has(request)) return;
      const [oldest] = engine.pending;
      if (oldest === request) {
        const why = 'because a cancelled request did not stop';
        engine.kill(new PrismError('ENGINE_RESTARTED', restarted(why).message, { forCancel: true }));
      } else setTimeout(check, this.#options.graceMs ?? GRACE_MS).unref();
    };
    setTimeout(check, this.#options.graceMs ?? GRACE_MS).unref();
  }
}
