import type * as vscode from 'vscode';

type Document = Pick<vscode.TextDocument, 'version' | 'lineCount' | 'lineAt'>;
type Change = Pick<vscode.TextDocumentContentChangeEvent, 'range' | 'text'>;

interface Indexed<T> {
  version: number;
  lines: (readonly T[])[];
}

const NOTHING: readonly never[] = [];

/**
 * What the lines of documents hold, looked up without reading them again: a document is read once, and after an edit only
 * the lines that it changed.
 */
export class LineIndex<T> {
  readonly #documents = new WeakMap<object, Indexed<T>>();

  /** @param scan what one line holds */
  constructor(
    private readonly scan: (text: string) => readonly T[],
    private readonly maxLines = 20_000,
  ) {}

  /** What each of the first lines holds; lines count from 0. */
  of(document: Document): readonly (readonly T[])[] {
    const known = this.#documents.get(document);
    if (known?.version === document.version) return known.lines;
    const lines = this.#read(document, 0, Math.min(document.lineCount, this.maxLines));
    this.#documents.set(document, { version: document.version, lines });
    return lines;
  }

  /** To be told of every change of a document, right after it. */
  edited(document: Document, changes: readonly Change[]): void {
    const known = this.#documents.get(document);
    if (!known) return;
    // Nothing but the version, as when the document was saved.
    if (changes.length > 0 && known.version !== document.version - 1) {
      this.#documents.delete(document);
      return;
    }
    const upwards = [...changes].sort((a, b) => b.range.start.line - a.range.start.line);
    const added = upwards.map(({ text }) => text.split('\n').length);
    upwards.forEach(({ range }, index) => {
      const { start, end } = range;
      known.lines.splice(start.line, end.line - start.line + 1, ...Array<readonly T[]>(added[index]).fill(NOTHING));
    });
    let moved = 0;
    // From above downwards, so that the lines are where the document has them.
    upwards.reverse().forEach(({ range }, index) => {
      const { start, end } = range;
      const count = added[added.length - 1 - index];
      const from = start.line + moved;
      const read = this.#read(document, from, Math.min(from + count, document.lineCount, this.maxLines));
      known.lines.splice(from, read.length, ...read);
      moved += count - (end.line - start.line + 1);
    });
    known.lines.length = Math.min(known.lines.length, this.maxLines);
    known.version = document.version;
  }

  #read(document: Document, from: number, to: number): (readonly T[])[] {
    const lines: (readonly T[])[] = [];
    for (let line = from; line < to; line += 1) {
      const found = this.scan(document.lineAt(line).text);
      lines.push(found.length > 0 ? found : NOTHING);
    }
    return lines;
  }
}
