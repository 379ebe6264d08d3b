import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { cancelled } from '../../rpc';
import { requireTrust } from '../trust';
import {
  type Argument,
  type Call,
  callExpression,
  evaluationFailure,
  giveUpExpression,
  type Reply,
  readReply,
} from './expression';

/** A program that can be asked: it stands at a breakpoint, or is the kernel of a notebook. */
export interface Program {
  readonly id: string;
  readonly name: string;
  /** Programs of media/python that are needed to ask it. */
  readonly files: readonly string[];
  /** The text that a call answers. When the signal aborts, the work is given up where that can be done. */
  evaluate(call: Call, signal?: AbortSignal): Promise<string>;
  onDidEnd(listener: () => void): vscode.Disposable;
}

/** A place where variables are: a frame of a paused program, or a notebook. */
export interface Stop {
  readonly program: Program;
  /** File and line, `train.py:42`, or the notebook. */
  readonly where: string;
  readonly file?: string | undefined;
}

interface Frame {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly source?: { readonly name?: string; readonly path?: string };
}

/** The programs in media/python, by what they need of each other. */
const programs = {
  view: ['view.py'],
  live: ['view.py', 'parts.py', 'live.py', 'frameworks.py', 'jax_models.py'],
} as const;

const notPaused = (): PrismError =>
  new PrismError(
    'NOT_PAUSED',
    vscode.l10n.t('The program does not stand at a breakpoint. Pause it, then look at its variables.'),
  );

const FRAMES = 50;
/** Between a program's last failure and the word that it has ended. */
const LAST_WORDS_MS = 500;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The frame that is selected, or the innermost one of the selected thread. Throws NOT_PAUSED. */
export async function currentStop(): Promise<Stop> {
  const item = vscode.debug.activeStackItem;
  if (!item) throw notPaused();
  const { session, threadId } = item;
  let frames: readonly Frame[];
  try {
    const answer = await session.customRequest('stackTrace', { threadId, startFrame: 0, levels: FRAMES });
    frames = (answer as { stackFrames: readonly Frame[] }).stackFrames;
  } catch {
    throw notPaused();
  }
  const frame = item instanceof vscode.DebugStackFrame ? frames.find(({ id }) => id === item.frameId) : frames[0];
  if (!frame) throw notPaused();
  const file = frame.source?.path ?? frame.source?.name ?? frame.name;
  const where = `${path.basename(file)}:${frame.line}`;
  return { program: new PausedProgram(session, frame.id), where, file: frame.source?.path };
}

/** A frame of a debug session. */
class PausedProgram implements Program {
  readonly files = [];
  readonly id: string;
  readonly name: string;

  constructor(
    private readonly session: vscode.DebugSession,
    private readonly frameId: number,
  ) {
    this.id = session.id;
    this.name = session.name;
  }

  async evaluate(call: Call, signal?: AbortSignal): Promise<string> {
    const giveUp = (): void => {
      const given = { expression: giveUpExpression(call.ticket), context: 'clipboard' };
      // An adapter that cannot do this answers when the work is done.
      Promise.resolve(this.session.customRequest('evaluate', given)).catch(() => {});
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      // Only for the clipboard do adapters answer in full.
      const wanted = { expression: callExpression(call), frameId: this.frameId, context: 'clipboard' };
      const { result } = (await this.session.customRequest('evaluate', wanted)) as { readonly result: string };
      return result;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  onDidEnd(listener: () => void): vscode.Disposable {
    return vscode.debug.onDidTerminateDebugSession(({ id }) => {
      if (id === this.id) listener();
    });
  }
}

/**
 * Asks programs for their variables: at a breakpoint by the debug adapter's `evaluate` and nothing else, so that it works
 * wherever the debugger does. One question of a program at a time: answers of an adapter that is asked twice at once may
 * stand in each other's way.
 */
export class Debuggee {
  readonly #sources = new Map<string, Promise<string>>();
  /** By program: when all that it was asked is answered, whether someone still waits for it or not. */
  readonly #busy = new Map<string, Promise<void>>();
  #tickets = 0;

  constructor(private readonly extensionPath: string) {}

  /**
   * Runs a function of the programs in the stopped frame. When the signal aborts, the caller is told at once, and the
   * program leaves the work as soon as it can do so without a trace.
   *
   * @throws PrismError WORKSPACE_NOT_TRUSTED, VARIABLE_GONE, EVALUATION_FAILED, SESSION_ENDED, CANCELLED, and those of the
   *   program
   */
  async ask<Header>(
    stop: Stop,
    program: keyof typeof programs,
    work: string,
    args: readonly Argument[],
    signal?: AbortSignal,
  ): Promise<Reply<Header>> {
    const { id } = stop.program;
    const { ended, watch } = endOf(stop.program);
    const before = this.#busy.get(id) ?? Promise.resolve();
    const answer = before.then(() => this.#ask<Header>(stop, program, work, args, signal));
    const answered = Promise.race([answer, ended]).finally(() => watch.dispose());
    const settled = answered.then(
      () => {},
      () => {},
    );
    this.#busy.set(id, settled);
    void settled.then(() => {
      if (this.#busy.get(id) === settled) this.#busy.delete(id);
    });
    const givenUp = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(cancelled()), { once: true });
    });
    givenUp.catch(() => {});
    return Promise.race([answered, givenUp]);
  }

  async #ask<Header>(
    { program }: Stop,
    which: keyof typeof programs,
    work: string,
    args: readonly Argument[],
    signal: AbortSignal | undefined,
  ): Promise<Reply<Header>> {
    signal?.throwIfAborted();
    requireTrust(vscode.l10n.t('Nothing is evaluated in a program before you trust the workspace.'));
    const ticket = `${++this.#tickets}`;
    const named = args.flatMap((argument) => ('expression' in argument ? [argument.expression] : []))[0] ?? work;
    const source = await this.#source([...programs[which], ...program.files]);
    try {
      return readReply<Header>(named, await program.evaluate({ ticket, source, work, args }, signal));
    } catch (error) {
      if (error instanceof PrismError) throw error;
      const failure = evaluationFailure(named, error);
      // A request of a program that has ended fails before its end is told.
      if (failure.code === 'EVALUATION_FAILED') await pause(LAST_WORDS_MS);
      throw failure;
    }
  }

  #source(files: readonly string[]): Promise<string> {
    const key = files.join('+');
    const known = this.#sources.get(key);
    if (known) return known;
    const texts = files.map((file) => readFile(path.join(this.extensionPath, 'media', 'python', file), 'utf8'));
    const source = Promise.all(texts).then((all) => all.join('\n'));
    this.#sources.set(key, source);
    return source;
  }
}

function endOf(program: Program): { ended: Promise<never>; watch: vscode.Disposable } {
  let watch: vscode.Disposable = { dispose: () => {} };
  const ended = new Promise<never>((_resolve, reject) => {
    watch = program.onDidEnd(() => {
      reject(new PrismError('SESSION_ENDED', vscode.l10n.t('The program ended before it answered.')));
    });
  });
  // It may lose the race.
  ended.catch(() => {});
  return { ended, watch };
}
