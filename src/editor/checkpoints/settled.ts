import { stat } from 'node:fs/promises';
import { isWhole } from './whole';

/** How long a file must stay as it is before it is looked into. */
const REST_MS = 50;
const POLL_MS = 25;
/** What is no whole model after so long will not become one soon, and whoever opens it says why. */
const PATIENCE_MS = 2000;

/** A file as it was when nobody wrote to it. */
export interface Settled {
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly time: number;
}

async function look(file: string): Promise<Settled | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? { size: found.size, time: found.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until a model's file has come to rest: neither its size nor its time change, and all of it is there, or nothing
 * has been added for long. Undefined when it goes away.
 */
export async function settled(
  file: string,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<Settled | undefined> {
  let last = await look(file);
  let since = performance.now();
  let whole: boolean | undefined;
  while (last && !signal.aborted) {
    await pause(POLL_MS);
    const now = await look(file);
    if (now?.size !== last.size || now.time !== last.time) {
      since = performance.now();
      whole = undefined;
    } else if (now.size > 0 && performance.now() - since >= REST_MS) {
      whole ??= await isWhole(file);
      if (whole || performance.now() - since >= patienceMs) return now;
    }
    last = now;
  }
  return undefined;
}
