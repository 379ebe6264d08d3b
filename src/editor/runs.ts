import type { Progress } from '../protocol';
import { type CallOptions, cancelled } from '../rpc';

/** When progress is told of, in milliseconds: first, and between two reports. */
interface Pace {
  readonly first: number;
  readonly every: number;
}

/** One piece of work, as calls of the engine take it. */
export interface Run extends CallOptions {
  readonly cancel: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Pieces of work of which only the latest counts. */
export class Runs {
  #latest?: { readonly run: Run; readonly controller: AbortController } | undefined;

  /** @param report told how far the latest piece of work is */
  constructor(
    private readonly report: (progress: Progress) => void,
    private readonly pace: Pace,
  ) {}

  /** Whether a piece of work has begun that has not ended. */
  get working(): boolean {
    return this.#latest !== undefined;
  }

  isLatest(run: Run): boolean {
    return this.#latest?.run === run;
  }

  /** Begins a piece of work in place of the one before, which is cancelled. */
  begin(): Run {
    this.cancel();
    const { first, every } = this.pace;
    const controller = new AbortController();
    let due = performance.now() + first;
    const run: Run = {
      cancel: controller.signal,
      onProgress: (progress) => {
        const now = performance.now();
        if (!this.isLatest(run) || run.cancel.aborted || now < due) return;
        due = now + every;
        this.report(progress);
      },
    };
    this.#latest = { run, controller };
    return run;
  }

  /** The work is done; nothing changes if another piece has begun since. */
  end(run: Run): void {
    if (this.isLatest(run)) this.#latest = undefined;
  }

  cancel(): void {
    this.#latest?.controller.abort(cancelled());
  }
}
