import type { Graph } from '../../src/graph/ir';
import type { NdArray } from '../../src/graph/ndarray';
import type { NpyArray } from '../../src/inputs/npy';
import type { Program, Runtime } from '../../src/methods/method';
import { run } from './run';

/** A runtime for tests of methods: no cache on disk, every run its own session. */
export function testRuntime(): Runtime & { readonly compiled: ReadonlyMap<string, Program> } {
  const compiled = new Map<string, Program>();
  const memo = new Map<string, unknown>();
  return {
    compiled,
    async compile(key: string, build: () => Graph): Promise<Program> {
      const known = compiled.get(key);
      if (known) return known;
      const graph = build();
      const program: Program = {
        graph,
        async run(feeds, outputs): Promise<Map<string, NdArray>> {
          return new Map(
            Object.entries(
              await run(graph, Object.fromEntries(feeds) as Readonly<Record<string, NpyArray>>, outputs),
            ) as [string, NdArray][],
          );
        },
      };
      compiled.set(key, program);
      return program;
    },
    memo<T>(key: string, make: () => T): T {
      if (!memo.has(key)) memo.set(key, make());
      return memo.get(key) as T;
    },
    checkCancelled() {},
    progress() {},
  };
}
