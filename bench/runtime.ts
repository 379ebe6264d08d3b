import { createSession, type Session } from '../src/engine/session';
import { exportModel } from '../src/graph/export';
import type { Program, Runtime } from '../src/methods/method';
import { lowered } from './lowered';

/** What the engine gives to methods, without its caches: sessions on the CPU that stay until they are released. */
export function sessions(): Runtime & { release(): Promise<void> } {
  const programs = new Map<string, { readonly session: Session; readonly program: Program }>();
  const kept = new Map<string, unknown>();
  return {
    async compile(key, build): Promise<Program> {
      const known = programs.get(key);
      if (known) return known.program;
      const graph = await lowered(build());
      const session = await createSession(exportModel(graph), 'cpu');
      const program: Program = { graph, run: (feeds, outputs) => session.run(feeds, outputs) };
      programs.set(key, { session, program });
      return program;
    },
    memo<T>(key: string, make: () => T): T {
      if (!kept.has(key)) kept.set(key, make());
      return kept.get(key) as T;
    },
    readArray(path) {
      throw new Error(`no option of a benchmark names a file: ${path}`);
    },
    checkCancelled() {},
    progress() {},
    async release() {
      for (const { session } of programs.values()) await session.release();
    },
  };
}
