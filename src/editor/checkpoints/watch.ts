import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { ignoredFolders } from '../models';
import { settled } from './settled';

/** Checkpoints of an earlier run that are looked at when watching begins. */
const EARLIER = 8;

/** A file that was written and has come to rest. */
type Listener = (file: string, time: number) => void;

/** Watches the files of patterns; each time that one was written and has come to rest, the listener is called once. */
export class CheckpointWatch implements vscode.Disposable {
  readonly #patterns: readonly vscode.RelativePattern[];
  readonly #listener: Listener;
  readonly #gone = new AbortController();
  readonly #watchers: readonly vscode.FileSystemWatcher[];
  /** Files that are waited for, and the time of each as it was last told. */
  readonly #waiting = new Set<string>();
  readonly #told = new Map<string, number>();

  constructor(patterns: readonly vscode.RelativePattern[], listener: Listener) {
    this.#patterns = patterns;
    this.#listener = listener;
    this.#watchers = patterns.map((pattern) => {
      const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, false, true);
      watcher.onDidCreate((uri) => void this.#touched(uri.fsPath));
      watcher.onDidChange((uri) => void this.#touched(uri.fsPath));
      return watcher;
    });
  }

  /** Tells of the files that are there already, the latest of them, in the order in which they were written. */
  async begin(): Promise<void> {
    const found = await Promise.all(
      this.#patterns.map((pattern) => vscode.workspace.findFiles(pattern, ignoredFolders)),
    );
    // Outside the workspace nothing is found by pattern; a file that is named is there or not.
    const named = this.#patterns
      .filter(({ pattern }) => !/[*?{[]/.test(pattern))
      .map(({ baseUri, pattern }) => path.join(baseUri.fsPath, pattern));
    const files = [...new Set([...found.flat().map(({ fsPath }) => fsPath), ...(await present(named))])];
    const whole = await Promise.all(
      files.map(async (file) => ({ file, state: await settled(file, this.#gone.signal) })),
    );
    const times = whole.flatMap(({ file, state }) => (state ? [{ file, time: state.time }] : []));
    times.sort((a, b) => a.time - b.time);
    for (const { file, time } of times.slice(-EARLIER)) this.#tell(file, time);
  }

  dispose(): void {
    this.#gone.abort();
    for (const watcher of this.#watchers) watcher.dispose();
  }

  async #touched(file: string): Promise<void> {
    if (this.#waiting.has(file)) return;
    this.#waiting.add(file);
    const state = await settled(file, this.#gone.signal);
    this.#waiting.delete(file);
    if (state && !this.#gone.signal.aborted) this.#tell(file, state.time);
  }

  #tell(file: string, time: number): void {
    if (this.#told.get(file) === time) return;
    this.#told.set(file, time);
    this.#listener(file, time);
  }
}

async function present(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map(async (file) => {
      const names = await readdir(path.dirname(file)).catch(() => [] as string[]);
      return names.includes(path.basename(file)) ? [file] : [];
    }),
  );
  return found.flat();
}
