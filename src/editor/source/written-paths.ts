import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { imageExtensions } from '../contributions';

/** What may be the path of a picture in a line of text. */
export interface WrittenPath {
  readonly written: string;
  /** The character it begins at. */
  readonly start: number;
}

/** No quotes, commas, brackets or breaks in it. */
const candidate = new RegExp(`[^\\s"'\`,;()<>|\\[\\]{}]+\\.(?:${imageExtensions.join('|')})\\b`, 'gi');

export function writtenPaths(line: string): WrittenPath[] {
  // Most lines name no file at all.
  if (!line.includes('.')) return [];
  return [...line.matchAll(candidate)].map(({ 0: written, index }) => ({ written, start: index }));
}

/** Which files there are, a folder at a time: a folder is read again only when it has changed. */
export class Folders {
  readonly #known = new Map<string, { readonly changed: number; readonly names: ReadonlySet<string> }>();

  async has(file: string): Promise<boolean> {
    return (await this.#names(path.dirname(file))).has(path.basename(file));
  }

  async #names(folder: string): Promise<ReadonlySet<string>> {
    try {
      const { mtimeMs } = await stat(folder);
      const known = this.#known.get(folder);
      if (known?.changed === mtimeMs) return known.names;
      const names = new Set(await readdir(folder));
      this.#known.set(folder, { changed: mtimeMs, names });
      return names;
    } catch {
      return new Set();
    }
  }
}
