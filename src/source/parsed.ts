import { type PythonFile, readFile } from './file';
import type { ParsePython, PythonTree } from './python';

/** Files that are kept parsed. */
const MAX_FILES = 1000;

interface Point {
  readonly row: number;
  readonly column: number;
}

/** Where two texts begin and end to be the same, in UTF-16 units. */
function changeBetween(before: string, after: string): { start: number; oldEnd: number; newEnd: number } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let same = 0;
  while (
    same < shorter - start &&
    before.charCodeAt(before.length - 1 - same) === after.charCodeAt(after.length - 1 - same)
  )
    same += 1;
  return { start, oldEnd: before.length - same, newEnd: after.length - same };
}

function pointAt(text: string, index: number): Point {
  let row = 0;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) {
    row += 1;
    lineStart = at + 1;
  }
  return { row, column: index - lineStart };
}

/** Tells a tree what became of its text, so that only what changed is parsed again. */
function edit(tree: PythonTree, before: string, after: string): void {
  const { start, oldEnd, newEnd } = changeBetween(before, after);
  tree.edit({
    startIndex: start,
    oldEndIndex: oldEnd,
    newEndIndex: newEnd,
    startPosition: pointAt(before, start),
    oldEndPosition: pointAt(before, oldEnd),
    newEndPosition: pointAt(after, newEnd),
  });
}

/** Files of training code as they were parsed last: a file is parsed whole once, and after that only where it changed. */
export class ParsedFiles {
  readonly #files = new Map<string, PythonFile>();

  constructor(private readonly parse: ParsePython) {}

  /** A file of this text. What was handed out for an older text of it is no longer valid. */
  of(path: string, text: string): PythonFile {
    const known = this.#files.get(path);
    this.#files.delete(path);
    if (known?.text === text) {
      this.#files.set(path, known);
      return known;
    }
    if (known) edit(known.tree, known.text, text);
    const file = readFile(path, text, this.parse(text, known?.tree));
    known?.tree.delete();
    this.#files.set(path, file);
    for (const [oldest, { tree }] of this.#files) {
      if (this.#files.size <= MAX_FILES) break;
      tree.delete();
      this.#files.delete(oldest);
    }
    return file;
  }
}
