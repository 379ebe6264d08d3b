import { readFileSync } from 'node:fs';
import type { Graph } from '../../src/graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../../src/graph/ndarray';
import { toFloat32 } from '../../src/inputs/elements';
import { type NpyArray, readNpy } from '../../src/inputs/npy';
import type { Program, Runtime } from '../../src/methods/method';
import { type OpenGraph, openGraph, run } from './run';

/** What a method told while it worked. */
export interface Report {
  readonly fraction: number;
  readonly partial?: FloatArray;
}

export interface TestRuntime extends Runtime {
  readonly compiled: ReadonlyMap<string, Program>;
  readonly reports: readonly Report[];
  /** Lets go of the sessions kept. */
  release(): Promise<void>;
}

interface TestRuntimeOptions {
  /** Keeps a session for every graph, for methods that run one many times; {@link TestRuntime.release} it. */
  readonly keep?: boolean;
  /** Called wherever a method can be stopped. */
  readonly checkCancelled?: () => void;
}

/** A runtime for tests of methods: no cache on disk; every run its own session unless they are kept. */
export function testRuntime({ keep = false, checkCancelled = () => {} }: TestRuntimeOptions = {}): TestRuntime {
  const compiled = new Map<string, Program>();
  const memo = new Map<string, unknown>();
  const reports: Report[] = [];
  const kept: OpenGraph[] = [];
  return {
    compiled,
    reports,
    async compile(key: string, build: () => Graph): Promise<Program> {
      const known = compiled.get(key);
      if (known) return known;
      const graph = build();
      const open = keep ? await openGraph(graph) : undefined;
      if (open) kept.push(open);
      const program: Program = {
        graph,
        async run(feeds, outputs): Promise<Map<string, NdArray>> {
          const given = Object.fromEntries(feeds) as Readonly<Record<string, NpyArray>>;
          return new Map<string, NdArray>(
            Object.entries(await (open ? open.run(given, outputs) : run(graph, given, outputs))),
          );
        },
      };
      compiled.set(key, program);
      return program;
    },
    async release() {
      for (const open of kept.splice(0)) await open.release();
      compiled.clear();
    },
    memo<T>(key: string, make: () => T): T {
      if (!memo.has(key)) memo.set(key, make());
      return memo.get(key) as T;
    },
    readArray(path) {
      const { dtype, shape, data } = readNpy(readFileSync(path), path);
      return floatArray(toFloat32(dtype, data), shape);
    },
    checkCancelled,
    progress(fraction, partial) {
      const seen = typeof partial === 'function' ? partial() : partial;
      reports.push({ fraction, ...(seen && { partial: seen }) });
    },
  };
}
