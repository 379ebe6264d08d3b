import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import * as path from 'node:path';

const DAY_MS = 24 * 3600 * 1000;
/** Panels that come back with a window ask for what they explained. */
const KEPT_MS = 7 * DAY_MS;

/** Files of what was taken from paused programs, one folder a stop. */
export class StopFiles {
  #cleaned?: Promise<void>;
  #count = 0;

  constructor(private readonly folder: string) {}

  /** A fresh folder; old ones are removed on the way. */
  async create(): Promise<string> {
    this.#cleaned ??= this.#clean();
    await this.#cleaned;
    const made = path.join(this.folder, `${Date.now().toString(36)}-${this.#count++}`);
    await mkdir(made, { recursive: true });
    return made;
  }

  async #clean(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const name of await readdir(this.folder)) {
      const entry = path.join(this.folder, name);
      const { mtimeMs } = await stat(entry);
      if (Date.now() - mtimeMs > KEPT_MS) await rm(entry, { recursive: true, force: true });
    }
  }
}

/** Writes a file whose name is made of words; what a file system does not take is left out. */
export async function writeNamed(folder: string, name: string, extension: string, data: Uint8Array): Promise<string> {
  const safe = name.replace(/[^\p{L}\p{N}._[\] ()-]+/gu, '-').slice(0, 100);
  const file = path.join(folder, `${safe}.${extension}`);
  await writeFile(file, data);
  return file;
}
