import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphStore, nameOf } from '../../../src/engine/store';
import { int } from '../../../src/graph/attributes';
import { importModel } from '../../../src/graph/import';
import type { Graph } from '../../../src/graph/ir';
import { int64, tensorBytes } from '../../../src/graph/tensor';
import { scaling } from './graphs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prism-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const weightsOf = (graph: Graph): Buffer => Buffer.from(tensorBytes(graph.initializers.get('W')!));

const files = (extension: string): string[] => readdirSync(folder).filter((name) => name.endsWith(extension));

describe('GraphStore', () => {
  it('gives back what was written, weights included', () => {
    const graph = scaling(3);
    const store = new GraphStore(folder, 1e9);
    expect(store.read('a')).toBeUndefined();
    expect(store.write('a', graph, 77)).toBeDefined();
    const stored = new GraphStore(folder, 1e9).read('a');
    expect(stored?.memory).toBe(77);
    const back = importModel(stored?.path ?? '');
    expect(back.nodes).toEqual(graph.nodes);
    expect(weightsOf(back).equals(weightsOf(graph))).toBe(true);
  });

  it('keeps sizes of parts in the graph, from which shapes are inferred when it is loaded', async () => {
    const count = 5000;
    const parts = Array.from({ length: count }, (_, i) => `part${i}`);
    const node = (op: string, inputs: readonly string[], outputs: readonly string[]) => ({
      op,
      domain: '',
      name: op,
      inputs,
      outputs,
      attributes: { axis: int(0) },
    });
    const sizes = int64(Array.from({ length: count }, () => 1));
    const graph: Graph = {
      ...scaling(3),
      inputs: [{ name: 'x', dtype: 'float32', shape: [count] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [count] }],
      initializers: new Map([['sizes', sizes]]),
      types: new Map(),
      nodes: [node('Split', ['x', 'sizes'], parts), node('Concat', parts, ['y'])],
    };
    const store = new GraphStore(folder, 1e9);
    store.write('a', graph, 0);
    const session = await InferenceSession.create(store.read('a')!.path);
    expect(session.outputNames).toEqual(['y']);
    await session.release();
  });

  it('stores equal weights once', () => {
    const store = new GraphStore(folder, 1e9);
    store.write('a', scaling(3), 0);
    store.write('b', { ...scaling(3), name: 'another' }, 0);
    store.write('c', scaling(4), 0);
    expect(files('.weights')).toHaveLength(2);
    expect(files('.onnx')).toHaveLength(3);
    expect(statSync(join(folder, 'a.onnx')).size).toBeLessThan(2000);
  });

  it.each([
    ['a truncated graph', 'a.onnx', (path: string) => truncateSync(path, 40)],
    ['a graph with a flipped byte', 'a.onnx', (path: string) => flip(path, 30)],
    ['a manifest that is no JSON', 'a.json', (path: string) => writeFileSync(path, '{')],
    ['truncated weights', '.weights', (path: string) => truncateSync(path, 100)],
    ['weights with a flipped byte', '.weights', (path: string) => flip(path, 5000)],
    ['missing weights', '.weights', (path: string) => rmSync(path)],
  ])('takes %s for absent and writes it anew', (_what, name, damage) => {
    new GraphStore(folder, 1e9).write('a', scaling(3), 0);
    damage(join(folder, files(name)[0]));
    const store = new GraphStore(folder, 1e9);
    expect(store.read('a')).toBeUndefined();
    store.write('a', scaling(3), 0);
    const back = importModel(store.read('a')?.path ?? '');
    expect(weightsOf(back).equals(weightsOf(scaling(3)))).toBe(true);
  });

  it('evicts the least recently used files, and never what it has just written', () => {
    const store = new GraphStore(folder, 170_000);
    const age = (name: string, seconds: number): void => {
      const at = new Date(Date.now() - seconds * 1000);
      for (const file of readdirSync(folder)) {
        if (file.startsWith(name)) utimesSync(join(folder, file), at, at);
      }
    };
    store.write('old', scaling(1), 0);
    for (const file of files('.weights')) utimesSync(join(folder, file), new Date(1000), new Date(1000));
    age('old', 100);
    store.write('used', scaling(2), 0);
    age('used', 50);
    store.write('new', scaling(3), 0);
    expect(store.read('old')).toBeUndefined();
    expect(store.read('used')).toBeDefined();
    expect(store.read('new')).toBeDefined();
    expect(store.size()).toBeLessThanOrEqual(170_000);
  });

  it('writes weights again that another process has evicted', () => {
    const store = new GraphStore(folder, 1e9);
    const graph = scaling(3);
    store.write('a', graph, 0);
    for (const file of files('.weights')) rmSync(join(folder, file));
    store.write('b', graph, 0);
    expect(store.read('b')).toBeDefined();
  });

  it('removes drafts that a dead process left', () => {
    const draft = join(folder, 'x.onnx.1-1.tmp');
    writeFileSync(draft, 'half');
    utimesSync(draft, new Date(0), new Date(0));
    new GraphStore(folder, 1e9).write('a', scaling(3), 0);
    expect(existsSync(draft)).toBe(false);
  });

  it('leaves the files of others alone', () => {
    writeFileSync(join(folder, 'notes.txt'), 'mine'.repeat(1000));
    utimesSync(join(folder, 'notes.txt'), new Date(0), new Date(0));
    new GraphStore(folder, 10).write('a', scaling(3), 0);
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toHaveLength(4000);
  });

  it('says why a folder cannot be written, and goes on without it', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const store = new GraphStore(join(file, 'cache'), 1e9);
    expect(store.write('a', scaling(3), 0)).toBeUndefined();
    expect(store.failure).toMatchObject({ code: 'CACHE_UNAVAILABLE' });
    expect(store.failure?.message).toContain('ENOTDIR');
    expect(store.read('a')).toBeUndefined();
  });

  it('passes a mistake in the graph on', () => {
    const graph = scaling(3);
    const missing = {
      dtype: 'float32',
      shape: [128, 128],
      source: { kind: 'file', path: join(folder, 'gone'), offset: 0, length: 65536 },
    } as const;
    const store = new GraphStore(folder, 1e9);
    expect(() => store.write('a', { ...graph, initializers: new Map([['W', missing]]) }, 0)).toThrow(
      expect.objectContaining({ code: 'EXTERNAL_DATA_MISSING' }),
    );
    expect(store.failure).toBeUndefined();
  });

  it('goes on reading from a folder that takes no more files', () => {
    const store = new GraphStore(folder, 1e9);
    store.write('a', scaling(3), 0);
    mkdirSync(join(folder, 'b.onnx', 'in the way'), { recursive: true });
    expect(store.write('b', scaling(4), 0)).toBeUndefined();
    expect(store.failure?.code).toBe('CACHE_UNAVAILABLE');
    expect(store.read('a')).toBeDefined();
    expect(files('.tmp')).toEqual([]);
  });

  it('makes the folder', () => {
    const deep = join(folder, 'a', 'b');
    mkdirSync(join(folder, 'a'));
    expect(new GraphStore(deep, 1e9).write('a', scaling(3), 0)).toBeDefined();
  });
});

describe('nameOf', () => {
  it('tells parts apart however they are cut', () => {
    expect(nameOf('ab', 'c')).not.toBe(nameOf('a', 'bc'));
    expect(nameOf('a', 'b')).toBe(nameOf('a', 'b'));
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] ^= 0xff;
  writeFileSync(path, bytes);
}
