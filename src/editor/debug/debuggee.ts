import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { PrismError } from '../../graph/errors';
import { cancelled } from '../../rpc';
import { type Argument, callExpression, evaluationFailure, type Reply, readReply } from './expression';

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
const programs = { view: ['view.py'], live: ['view.py', 'live.py'] } as const;

const notPaused = (): PrismError =>
  new PrismError(
    'NOT_PAUSED',
    vscode.l10n.t('The program does not stand at a breakpoint. Pause it, then look at its variables.'),
  );

const FRAMES = 50;

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
 * One question at a time: answers of an adapter that is asked twice at once may stand in each other's way.
 */
export class Debuggee {
  readonly #sources = new Map<keyof typeof programs, Promise<string>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly extensionPath: string) {}

  /**
   * Runs a function of the programs in the stopped frame.
   *
   * @throws PrismError WORKSPACE_NOT_TRUSTED, VARIABLE_GONE, EVALUATION_FAILED, SESSION_ENDED, CANCELLED, and those of the
   *   program
   */
  ask<Header>(
    stop: Stop,
    program: keyof typeof programs,
    work: string,
    args: readonly Argument[],
    signal?: AbortSignal,
  ): Promise<Reply<Header>> {
    const answer = this.#last.then(() => this.#ask<Header>(stop, program, work, args, signal));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask<Header>(
    { session, frameId }: Stop,
    program: keyof typeof programs,
    work: string,
    args: readonly Argument[],
    signal: AbortSignal | undefined,
  ): Promise<Reply<Header>> {
    signal?.throwIfAborted();
    if (!vscode.workspace.isTrusted) {
      throw new PrismError(
        'WORKSPACE_NOT_TRUSTED',
        vscode.l10n.t('Nothing is evaluated in a program before you trust the workspace.'),
      );
    }
    const expression = callExpression(await this.#source(program), work, args);
    const named = args.flatMap((argument) => ('expression' in argument ? [argument.expression] : []))[0] ?? work;
    const { ended, watch } = endOf(session);
    const givenUp = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(cancelled()), { once: true });
    });
    givenUp.catch(() => {});
    try {
      // Only for the clipboard do adapters answer in full.
      const request = Promise.resolve(
        session.customRequest('evaluate', { expression, frameId, context: 'clipboard' }),
      ).catch((error: unknown) => {
        throw evaluationFailure(named, error);
      });
      const { result } = (await Promise.race([request, ended, givenUp])) as { readonly result: string };
      return readReply<Header>(result);
    } finally {
      watch.dispose();
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
