import { stat } from 'node:fs/promises';

/** How long a file must stay as it is before it counts as whole. */
const REST_MS = 150;
const POLL_MS = 50;

/** A file as it was when nobody wrote to it. */
export interface Settled {
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly time: number;
}

async function look(file: string): Promise<Settled | undefined> {
  try {
    const { size, mtimeMs, isFile } = await stat(file).then((found) => ({
      size: found.size,
      mtimeMs: found.mtimeMs,
      isFile: found.isFile(),
    }));
    return isFile ? { size, time: mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a file has come to rest: neither its size nor its time change. Undefined when it goes away. */
export async function settled(file: string, signal: AbortSignal, restMs = REST_MS): Promise<Settled | undefined> {
  let last = await look(file);
  let since = performance.now();
  while (last && !signal.aborted) {
    await pause(POLL_MS);
    const now = await look(file);
    if (now?.size !== last.size || now.time !== last.time) since = performance.now();
    else if (performance.now() - since >= restMs && now.size > 0) return now;
    last = now;
  }
  return undefined;
}
