import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Journal } from '../../../../src/engine/evaluation/journal';

/** A disk that takes so many bytes more. */
let space = Number.POSITIVE_INFINITY;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    writeSync(file: number, bytes: Uint8Array, offset = 0): number {
      if (space === 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      const length = Math.min(space, bytes.length - offset);
      space -= length;
      return fs.writeSync(file, bytes, offset, length);
    },
  };
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prism-journal-'));
  path = join(folder, 'sub', 'results.jsonl');
  space = Number.POSITIVE_INFINITY;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  readonly key: string;
  readonly text: string;
}
const open = () => new Journal<Line>(path);

describe('a journal', () => {
  it('has what was added, also later', () => {
    const first = open();
    first.add({ key: 'a', text: 'one\ntwo' });
    expect(first.get('a')?.text).toBe('one\ntwo');
    first.close();
    const second = open();
    expect(second.get('a')?.text).toBe('one\ntwo');
    expect(second.get('b')).toBeUndefined();
    second.close();
  });

  it('goes on after a line that was cut off', () => {
    const first = open();
    first.add({ key: 'a', text: 'whole' });
    first.close();
    appendFileSync(path, '{"key":"b","te');
    const second = open();
    expect(second.get('b')).toBeUndefined();
    second.add({ key: 'c', text: 'next' });
    second.close();
    const third = open();
    expect([third.get('a')?.text, third.get('c')?.text]).toEqual(['whole', 'next']);
    third.close();
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });

  it('keeps what it has on a full disk, and no piece of a line', () => {
    const journal = open();
    journal.add({ key: 'a', text: 'whole' });
    const before = readFileSync(path, 'utf8');
    space = 7;
    expect(() => journal.add({ key: 'b', text: 'too much' })).toThrow(
      expect.objectContaining({ code: 'FILE_UNWRITABLE', message: expect.stringContaining('the disk is full') }),
    );
    expect(journal.get('b')).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe(before);
    space = Number.POSITIVE_INFINITY;
    journal.add({ key: 'b', text: 'again' });
    journal.close();
    const later = open();
    expect(later.get('b')?.text).toBe('again');
    later.close();
  });

  it('says that a folder cannot be written', () => {
    expect(() => new Journal('/dev/null/results.jsonl')).toThrow(expect.objectContaining({ code: 'FILE_UNWRITABLE' }));
  });
});
