import { expect, test } from 'vitest';
import { LineIndex } from '../../../src/editor/source/line-index';
import { Random } from '../../support/random';

/** A document as VS Code hands it out, and edits of it. */
class TextFile {
  version = 1;
  readonly lines: string[];

  constructor(text: string) {
    this.lines = text.split('\n');
  }

  get lineCount(): number {
    return this.lines.length;
  }

  lineAt(line: number): { text: string } {
    return { text: this.lines[line] };
  }

  /** Replaces lines `first` … `last` at once; later places first, as VS Code tells changes. */
  edit(...changes: { first: number; last: number; text: string }[]) {
    this.version += 1;
    for (const { first, last, text } of changes) this.lines.splice(first, last - first + 1, ...text.split('\n'));
    return changes.map(({ first, last, text }) => ({ range: { start: { line: first }, end: { line: last } }, text }));
  }
}

function counting() {
  const counts = { lines: 0 };
  const index = new LineIndex((text) => {
    counts.lines += 1;
    return text.match(/\d+/g) ?? [];
  });
  const of = (file: TextFile): string[] => index.of(file as never).map((found) => found.join());
  const edited = (file: TextFile, changes: ReturnType<TextFile['edit']>): void =>
    index.edited(file as never, changes as never);
  return { counts, of, edited };
}

test('typing into a file of 5 000 lines reads the line that is typed in', () => {
  const { counts, of, edited } = counting();
  const file = new TextFile(Array.from({ length: 5000 }, (_, i) => `line ${i}`).join('\n'));
  of(file);
  expect(counts.lines).toBe(5000);
  for (let key = 0; key < 100; key += 1) {
    edited(file, file.edit({ first: 2500, last: 2500, text: `line ${key}` }));
    of(file);
  }
  expect(counts.lines).toBe(5100);
  edited(file, file.edit({ first: 10, last: 10, text: 'a 1\nb 2' }));
  expect(of(file).slice(9, 13)).toEqual(['9', '1', '2', '11']);
  expect(counts.lines).toBe(5102);
});

test('after any edits it holds what reading anew gives', () => {
  const random = new Random(3);
  const { of, edited } = counting();
  const file = new TextFile(Array.from({ length: 30 }, (_, i) => `${i}`).join('\n'));
  of(file);
  for (let step = 0; step < 200; step += 1) {
    const last = random.integer(0, file.lineCount - 1);
    const first = random.integer(Math.max(0, last - 3), last);
    const above = random.integer(0, Math.max(0, first - 1));
    const changes = [{ first, last, text: ['7', '8\n9', '', '1\n\n2'][random.integer(0, 3)] }];
    if (first > 0 && random.integer(0, 1) === 0) changes.push({ first: above, last: above, text: '5\n6' });
    edited(file, file.edit(...changes));
    expect(of(file)).toEqual(file.lines.map((text) => (text.match(/\d+/g) ?? []).join()));
  }
});

test('an edit that it was not told of makes it read anew', () => {
  const { of, edited } = counting();
  const file = new TextFile('1\n2');
  of(file);
  file.edit({ first: 0, last: 0, text: '3' });
  expect(of(file)).toEqual(['3', '2']);
  file.edit({ first: 0, last: 0, text: '4' });
  edited(file, file.edit({ first: 1, last: 1, text: '5' }));
  expect(of(file)).toEqual(['4', '5']);
});
