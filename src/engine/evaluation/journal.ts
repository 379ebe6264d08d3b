import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PrismError } from '../../graph/errors';

/**
 * Results on disk, a line of JSON each, so that work that was killed goes on where it stopped. A line that was not
 * written to its end counts as not written.
 */
export class Journal<T extends { readonly key: string }> {
  readonly #path: string;
  readonly #file: number;
  readonly #entries = new Map<string, T>();
  #size: number;

  /** Opens or makes the file. Throws FILE_UNWRITABLE. */
  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#file = openSync(path, 'a+');
      const text = readFileSync(path);
      this.#size = text.lastIndexOf('\n') + 1;
      if (this.#size < text.length) ftruncateSync(this.#file, this.#size);
      for (const line of text.subarray(0, this.#size).toString('utf8').split('\n')) this.#read(line);
    } catch (cause) {
      throw unwritable(path, cause);
    }
  }

  #read(line: string): void {
    if (line === '') return;
    try {
      const entry = JSON.parse(line) as T;
      if (typeof entry.key === 'string') this.#entries.set(entry.key, entry);
    } catch {
      // Something else has written here; what it was belongs to nothing asked for.
    }
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  /** Throws FILE_UNWRITABLE, e.g. when the disk is full; what was added before stays. */
  add(entry: T): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    let written = 0;
    try {
      while (written < line.length) written += writeSync(this.#file, line, written);
    } catch (cause) {
      // A piece of a line would spoil the next one.
      if (written > 0) ftruncateSync(this.#file, this.#size);
      throw unwritable(this.#path, cause);
    }
    this.#size += line.length;
    this.#entries.set(entry.key, entry);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function unwritable(path: string, cause: unknown): PrismError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOSPC' ? 'the disk is full' : (code ?? String(cause));
  return new PrismError(
    'FILE_UNWRITABLE',
    `${path} cannot be written (${why}); results so far are kept: make room, or check the folder, and run the same again`,
    { path },
    { cause },
  );
}
