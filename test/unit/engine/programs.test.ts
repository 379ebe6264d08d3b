import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { estimateMemory, Programs, type ProgramsOptions } from '../../../src/engine/programs';
import { probeProvider } from '../../../src/engine/provider';
import { GraphStore } from '../../../src/engine/store';
import type { PrismError } from '../../../src/graph/errors';
import type { Graph } from '../../../src/graph/ir';
import { scaling } from './graphs';

let folder: string;
let open: Programs[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prism-programs-'));
  open = [];
});
afterEach(() => {
  for (const programs of open) programs.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function programs(options: Partial<ProgramsOptions> = {}): Programs {
  const made = new Programs({
    provider: 'cpu',
    version: '1',
    store: new GraphStore(folder, 1e9),
    maxBytes: 1e9,
    lower: (graph) => graph,
    onFallback: () => {},
    ...options,
  });
  open.push(made);
  return made;
}

const row = (value: number): Map<string, { dtype: 'float32'; shape: number[]; data: Float32Array }> =>
  new Map([['x', { dtype: 'float32', shape: [1, 128], data: new Float32Array(128).fill(value) }]]);

function counted(graph: Graph): { build: () => Graph; builds: () => number } {
  let count = 0;
  return {
    build: () => {
      count++;
      return graph;
    },
    builds: () => count,
  };
}

describe('Programs', () => {
  it('runs a graph whose weights are files', async () => {
    const program = await programs().compile('model', 'k', () => scaling(3));
    const y = (await program.run(row(2))).get('y');
    expect(y?.shape).toEqual([1, 128]);
    expect([...(y?.data ?? [])]).toEqual(new Array(128).fill(6));
  });

  it('builds once for one key, also when asked twice at a time', async () => {
    const all = programs();
    const { build, builds } = counted(scaling(3));
    const [a, b] = await Promise.all([all.compile('m', 'k', build), all.compile('m', 'k', build)]);
    expect(a).toBe(b);
    await all.compile('m', 'k', build);
    expect(builds()).toBe(1);
    await all.compile('m', 'other', build);
    await all.compile('other', 'k', build);
    expect(builds()).toBe(3);
  });

  it('does not build what a former process has stored', async () => {
    await programs().compile('m', 'k', () => scaling(3));
    const { build, builds } = counted(scaling(3));
    const program = await programs().compile('m', 'k', build);
    expect((await program.run(row(1))).get('y')?.data[5]).toBe(3);
    expect(program.graph.nodes).toHaveLength(1);
    expect(builds()).toBe(0);
  });

  it('builds again for another version', async () => {
    await programs().compile('m', 'k', () => scaling(3));
    const { build, builds } = counted(scaling(4));
    await programs({ version: '2' }).compile('m', 'k', build);
    expect(builds()).toBe(1);
  });

  it('builds again when the stored files were damaged or evicted', async () => {
    const all = programs({ maxBytes: 1 });
    const { build, builds } = counted(scaling(3));
    const program = await all.compile('m', 'k', build);
    await all.compile('m', 'other', () => scaling(5));
    for (const file of readdirSync(folder)) rmSync(join(folder, file));
    expect((await program.run(row(1))).get('y')?.data[0]).toBe(3);
    expect(builds()).toBe(2);
  });

  it('works without a folder', async () => {
    const program = await programs({ store: undefined }).compile('m', 'k', () => scaling(3));
    expect((await program.run(row(1))).get('y')?.data[0]).toBe(3);
  });

  it('works with a folder that cannot be written', async () => {
    const store = new GraphStore('/dev/null/cache', 1e9);
    const program = await programs({ store }).compile('m', 'k', () => scaling(3));
    expect((await program.run(row(1))).get('y')?.data[0]).toBe(3);
    expect(store.failure?.code).toBe('CACHE_UNAVAILABLE');
  });

  it('releases sessions beyond the bound, and loads them again when they are run', async () => {
    const all = programs({ maxBytes: 1.5 * estimateMemory(scaling(1)) });
    const kept = [];
    for (const factor of [1, 2, 3, 4]) kept.push(await all.compile('m', `k${factor}`, () => scaling(factor)));
    expect(all.sessionCount).toBe(1);
    for (const [index, program] of kept.entries()) {
      expect((await program.run(row(1))).get('y')?.data[0]).toBe(index + 1);
    }
    expect(all.sessionCount).toBe(1);
    expect(all.bytes).toBe(estimateMemory(scaling(1)));
  });

  it('forgets a model', async () => {
    const all = programs();
    await all.compile('a', 'k', () => scaling(1));
    await all.compile('b', 'k', () => scaling(2));
    all.forget('a');
    expect(all.sessionCount).toBe(1);
  });

  it('applies the rewrites of the provider', async () => {
    const program = await programs({ lower: () => scaling(7) }).compile('m', 'k', () => scaling(3));
    expect((await program.run(row(1))).get('y')?.data[0]).toBe(7);
  });

  it('falls back to the CPU, saying so, when a graph does not load on the provider', async () => {
    const told: PrismError[] = [];
    const all = programs({ provider: 'cuda', onFallback: (reason) => told.push(reason) });
    const program = await all.compile('m', 'k', () => scaling(3));
    expect((await program.run(row(1))).get('y')?.data[0]).toBe(3);
    const works = await probeProvider('cuda').then(
      () => true,
      () => false,
    );
    expect(told.map(({ code }) => code)).toEqual(works ? [] : ['PROVIDER_FALLBACK']);
  });

  it('names an operator that onnxruntime does not know', async () => {
    const graph = scaling(3);
    const odd: Graph = {
      ...graph,
      opsets: { '': 21, 'com.example': 1 },
      nodes: [{ ...graph.nodes[0], op: 'Fancy', domain: 'com.example' }],
    };
    await expect(programs().compile('m', 'k', () => odd)).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      details: { op: 'com.example:Fancy' },
    });
  });

  it('passes on what building throws, and builds at the next request', async () => {
    const all = programs();
    const broken = all.compile('m', 'k', () => {
      throw new Error('no rule');
    });
    await expect(broken).rejects.toThrow('no rule');
    await expect(all.compile('m', 'k', () => scaling(3))).resolves.toBeDefined();
  });

  it('names the input that is missing', async () => {
    const program = await programs().compile('m', 'k', () => scaling(3));
    await expect(program.run(new Map())).rejects.toMatchObject({ code: 'INPUT_MISSING', details: { input: 'x' } });
  });
});
