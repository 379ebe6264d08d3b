import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Engine } from '../../../../src/engine/engine';
import { evaluate } from '../../../../src/engine/evaluation/evaluate';
import { BLUE, RED, Workspace } from '../../../support/engine/workspace';

/** A disk that takes so many bytes more. */
let space = Number.POSITIVE_INFINITY;

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    writeSync(file: number, bytes: Uint8Array, offset = 0, length = bytes.length - offset, position?: number): number {
      if (space === 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
      const fits = Math.min(space, length);
      space -= fits;
      return fs.writeSync(file, bytes, offset, fits, position);
    },
  };
});

let workspace: Workspace;
let engine: Engine;
beforeAll(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterAll(() => {
  engine.dispose();
  workspace.remove();
});
beforeEach(() => {
  space = Number.POSITIVE_INFINITY;
});

describe('an evaluation on a disk that fills up', () => {
  it('stops, keeps what is whole, and goes on when there is room', async () => {
    const model = workspace.colours();
    mkdirSync(workspace.path('shown'));
    for (const name of ['a', 'b', 'c'])
      await workspace.picture(`shown/${name}.png`, RED, BLUE, 16 + name.charCodeAt(0));
    const question = {
      ...{ images: workspace.path('shown'), methods: ['gradient', 'occlusion'], metrics: ['gini'] },
      ...{ target: 'label' as const, onlyCorrect: false },
    };
    const ask = (out: string) => evaluate(engine, model, { ...question, out: workspace.path(out) });
    const whole = await ask('whole');
    const lines = readFileSync(workspace.path('whole/results.jsonl'), 'utf8').split('\n');
    const results = workspace.path('out/results.jsonl');

    // Room for one result and a piece of the second.
    space = lines[0].length + 40;
    const refused = { code: 'FILE_UNWRITABLE', message: expect.stringContaining('the disk is full') };
    await expect(ask('out')).rejects.toMatchObject(refused);
    const kept = readFileSync(results, 'utf8');
    expect(kept).toMatch(/^\{[^\n]*\}\n$/);

    // Room for another result, but not for all of the report on the first picture: nothing is there by halves.
    space = lines[1].length + 200;
    await expect(ask('out')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    expect(readdirSync(workspace.path('out'))).toEqual(['results.jsonl']);

    space = Number.POSITIVE_INFINITY;
    const found = await ask('out');
    expect(readFileSync(results, 'utf8').startsWith(kept)).toBe(true);
    expect(found.methods.map(({ metrics }) => metrics)).toEqual(whole.methods.map(({ metrics }) => metrics));
    expect(found.images.judged).toBe(3);
  });
});
