import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settled } from '../../../src/editor/checkpoints/settled';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prism-settled-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

describe('a file that is being written', () => {
  it('is whole once nobody has written to it for a while', async () => {
    const file = path.join(folder, 'a.onnx');
    writeFileSync(file, 'a');
    let written = 1;
    const writer = setInterval(() => {
      if (written < 4) appendFileSync(file, 'b');
      written++;
    }, 60);
    const state = await settled(file, never);
    clearInterval(writer);
    expect(state?.size).toBe(4);
    expect(state?.time).toBe(statSync(file).mtimeMs);
  });

  it('is nothing when it goes away, never was, or nobody waits any more', async () => {
    const file = path.join(folder, 'a.onnx');
    expect(await settled(file, never)).toBeUndefined();
    writeFileSync(file, 'a');
    setTimeout(() => rmSync(file), 30);
    expect(await settled(file, never)).toBeUndefined();
    writeFileSync(file, '');
    const gone = new AbortController();
    setTimeout(() => gone.abort(), 30);
    expect(await settled(file, gone.signal)).toBeUndefined();
  });
});
