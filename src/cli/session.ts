import { homedir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../package.json';
import { Engine } from '../engine/engine';
import { PrismError } from '../graph/errors';
import type { EngineInfo, RemoteError } from '../protocol';
import type { CallContext } from '../rpc';
import { ProgressLine, type Terminal } from './terminal';

/** What every command takes. */
export interface CommonOptions {
  readonly provider: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** The folder of compiled graphs: `MODEL_PRISM_CACHE`, or where the system keeps such things. */
export function cacheFolder(env: Terminal['env']): string {
  if (env.MODEL_PRISM_CACHE) return env.MODEL_PRISM_CACHE;
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'model-prism');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'model-prism');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'model-prism');
}

/** An engine for one command, with what the command says while it works. */
export class Session {
  readonly #progress: ProgressLine;
  readonly context: CallContext;

  private constructor(
    readonly engine: Engine,
    readonly info: EngineInfo,
    readonly terminal: Terminal,
    private readonly options: CommonOptions,
  ) {
    this.#progress = new ProgressLine(terminal, options.quiet ?? false);
    this.context = {
      signal: new AbortController().signal,
      progress: ({ message, fraction }) => this.#progress.show(message, fraction),
    };
  }

  /** Does the work of a command with an engine, which is let go of afterwards. */
  static async run(
    terminal: Terminal,
    options: CommonOptions,
    work: (session: Session) => Promise<void>,
  ): Promise<void> {
    const engine = new Engine({ version });
    try {
      const info = await engine.initialize({ cacheDir: cacheFolder(terminal.env), provider: options.provider });
      const session = new Session(engine, info, terminal, options);
      try {
        if (info.reason !== undefined && options.provider !== 'auto') {
          session.warn([{ code: 'PROVIDER_UNAVAILABLE', message: `${info.reason}; using ${info.provider}` }]);
        }
        await work(session);
      } finally {
        session.#progress.clear();
      }
    } finally {
      engine.dispose();
    }
  }

  /** The result for programs (one JSON object) or for people. */
  async print(json: object, text: () => Promise<readonly string[]> | readonly string[]): Promise<void> {
    this.#progress.clear();
    if (this.options.json) this.terminal.out(`${JSON.stringify(json)}\n`);
    else if (!this.options.quiet) this.terminal.out(`${(await text()).join('\n')}\n`);
  }

  /** Warnings are part of a JSON result already. */
  warn(warnings: readonly RemoteError[]): void {
    if (this.options.json || this.options.quiet) return;
    this.#progress.clear();
    for (const { code, message } of warnings) this.terminal.err(`warning[${code}]: ${oneLine(message)}\n`);
  }
}

/** Messages that come from libraries may be long; a person reads one line. */
export const oneLine = (message: string): string => message.trim().replace(/\s*\n\s*/g, ' ');

/** What a command was asked wrongly. */
export const usageError = (message: string): PrismError => new PrismError('USAGE', message);
