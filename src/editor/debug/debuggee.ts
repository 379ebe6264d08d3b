import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { cancelled } from '../../rpc';
import { requireTrust } from '../trust';
import {
  type Argument,
  callExpression,
  evaluationFailure,
  giveUpExpression,
  type Reply,
  readReply,
} from './expression';

/** A frame of a paused program. */
export interface Stop {
  readonly session: vscode.DebugSession;
  readonly frameId: number;
  /** File and line, `train.py:42`. */
  readonly where: string;
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
  live: ['view.py', 'live.py', 'frameworks.py', 'jax_models.py'],
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
  return { session, frameId: frame.id, where: `${path.basename(file)}:${frame.line}` };
}

/**
 * Asks paused programs by the debug adapter's `evaluate` and nothing else, so that it works wherever the debugger does.
 * One question of a session at a time: answers of an adapter that is asked twice at once may stand in each other's way.
 */
export class Debuggee {
  readonly #sources = new Map<keyof typeof programs, Promise<string>>();
  /** By session: when all that it was asked is answered, whether someone still waits for it or not. */
  readonly #busy = new WeakMap<vscode.DebugSession, Promise<void>>();
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
    const { session } = stop;
    const { ended, watch } = endOf(session);
    const before = this.#busy.get(session) ?? Promise.resolve();
    const answer = before.then(() => this.#ask<Header>(stop, program, work, args, signal));
    const answered = Promise.race([answer, ended]).finally(() => watch.dispose());
    this.#busy.set(
      session,
      answered.then(
        () => {},
        () => {},
      ),
    );
    const givenUp = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(cancelled()), { once: true });
    });
    givenUp.catch(() => {});
    return Promise.race([answered, givenUp]);
  }

  async #ask<Header>(
    { session, frameId }: Stop,
    program: keyof typeof programs,
    work: string,
    args: readonly Argument[],
    signal: AbortSignal | undefined,
  ): Promise<Reply<Header>> {
    signal?.throwIfAborted();
    requireTrust(vscode.l10n.t('Nothing is evaluated in a program before you trust the workspace.'));
    const ticket = `${++this.#tickets}`;
    const expression = callExpression(ticket, await this.#source(program), work, args);
    const named = args.flatMap((argument) => ('expression' in argument ? [argument.expression] : []))[0] ?? work;
    const giveUp = (): void => {
      const given = { expression: giveUpExpression(ticket), context: 'clipboard' };
      // An adapter that cannot do this answers when the work is done.
      Promise.resolve(session.customRequest('evaluate', given)).catch(() => {});
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      // Only for the clipboard do adapters answer in full.
      const { result } = (await session.customRequest('evaluate', { expression, frameId, context: 'clipboard' })) as {
        readonly result: string;
      };
      return readReply<Header>(named, result);
    } catch (error) {
      if (error instanceof PrismError) throw error;
      const failure = evaluationFailure(named, error);
      // A request of a program that has ended fails before its end is told.
      if (failure.code === 'EVALUATION_FAILED') await pause(LAST_WORDS_MS);
      throw failure;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  #source(program: keyof typeof programs): Promise<string> {
    const known = this.#sources.get(program);
    if (known) return known;
    const files = programs[program].map((file) =>
      readFile(path.join(this.extensionPath, 'media', 'python', file), 'utf8'),
    );
    const source = Promise.all(files).then((texts) => texts.join('\n'));
    this.#sources.set(program, source);
    return source;
  }
}

function endOf(session: vscode.DebugSession): { ended: Promise<never>; watch: vscode.Disposable } {
  let watch: vscode.Disposable = { dispose: () => {} };
  const ended = new Promise<never>((_resolve, reject) => {
    watch = vscode.debug.onDidTerminateDebugSession((other) => {
      if (other.id !== session.id) return;
      reject(new PrismError('SESSION_ENDED', vscode.l10n.t('The program ended before it answered.')));
    });
  });
  // It may lose the race.
  ended.catch(() => {});
  return { ended, watch };
}
