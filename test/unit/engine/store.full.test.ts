import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GraphStore } from '../../../src/engine/store';
import { scaling } from './graphs';

/** A disk that takes so many bytes more. */
let space = Number.POSITIVE_INFINITY;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    writeSync(file: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
      if (length > space) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
      space -= length;
      return fs.writeSync(file, bytes, offset, length, position);
    },
  };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prism-full-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a full disk', () => {
  it('is told once and leaves nothing half-written', () => {
    const store = new GraphStore(folder, 1e9);
    space = 100;
    expect(store.write('a', scaling(3), 0)).toBeUndefined();
    expect(store.failure).toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    expect(store.failure?.message).toContain('the disk is full');
    expect(readdirSync(folder)).toEqual([]);
    space = Number.POSITIVE_INFINITY;
    // Left alone for a while, so that not every request tries again.
    expect(store.write('a', scaling(3), 0)).toBeUndefined();
    expect(new GraphStore(folder, 1e9).write('a', scaling(3), 0)).toBeDefined();
  });
});
