import { PrismError } from '../graph/errors';
import { exportModel } from '../graph/export';
import { importModel } from '../graph/import';
import type { Graph } from '../graph/ir';
import type { NdArray } from '../graph/ndarray';
import { byteLength } from '../graph/tensor';
import type { Program } from '../methods/method';
import { Lru } from './lru';
import { type Halves, SeededProgram, type Traced, tracedBytes } from './seeded';
import { createSession, type ModelSource, type Provider, type Session } from './session';
import { type GraphStore, nameOf, type StoredGraph } from './store';

/** Changes whenever the same key stands for another graph: what older versions stored is then not found. */
const FORMAT = '3';
/** Programs whose graphs are kept in memory; making one anew from disk takes milliseconds. */
const MAX_PROGRAMS = 64;
/** What traces hold together, so that another class of a recent input is cheap. */
const MAX_TRACES_BYTES = 512 * 2 ** 20;

export interface ProgramsOptions {
  readonly provider: Provider;
  /** Names the release: another one may build other graphs. */
  readonly version: string;
  /** Without one, everything is kept in memory only. */
  readonly store?: GraphStore;
  /** Bound on the memory that sessions take together, by estimate. */
  readonly maxBytes: number;
  /** Provider-specific rewrites, after all mathematics. */
  readonly lower: (graph: Graph, provider: Provider) => Graph;
  /** Told when a graph could not run on the provider and went to the CPU. */
  readonly onFallback: (reason: PrismError) => void;
}

interface Loaded {
  readonly session: Session;
  readonly memory: number;
}

/** Compiled graphs of all models: sessions in memory, graphs on disk, both bounded. */
export class Programs {
  readonly #options: ProgramsOptions;
  readonly #programs: Lru<CompiledProgram>;
  readonly #sessions: Lru<Loaded>;
  readonly #traces: Lru<Traced>;
  /** What is being compiled or loaded right now, so that two requests for it make it once. */
  readonly #pending = new Map<string, Promise<CompiledProgram>>();
  readonly #loading = new Map<string, Promise<void>>();

  constructor(options: ProgramsOptions) {
    this.#options = options;
    this.#programs = new Lru({ maxSize: MAX_PROGRAMS, sizeOf: () => 1, dispose: () => {} });
    this.#traces = new Lru({ maxSize: MAX_TRACES_BYTES, sizeOf: tracedBytes, dispose: () => {} });
    this.#sessions = new Lru({
      maxSize: options.maxBytes,
      sizeOf: ({ memory }) => memory,
      // A session that does not release its memory is nothing a person could act on.
      dispose: ({ session }) => void session.release().catch(() => {}),
    });
  }

  /** Estimated bytes of the sessions that are loaded. */
  get bytes(): number {
    return this.#sessions.size;
  }

  /** Where programs run. */
  get provider(): Provider {
    return this.#options.provider;
  }

  get sessionCount(): number {
    return this.#sessions.count;
  }

  /**
   * The program for a key of a model. The graph is built only when neither memory nor disk has it.
   *
   * @param model names the model's contents (a hash)
   * @throws what `build` throws, and what loading the graph into onnxruntime throws
   */
  async compile(model: string, key: string, build: () => Graph): Promise<Program> {
    const { provider, version } = this.#options;
    const id = `${model}-${nameOf(FORMAT, version, provider, model, key)}`;
    const known = this.#programs.get(id) ?? this.#pending.get(id);
    if (known) return known;
    const pending = this.#make(id, build);
    this.#pending.set(id, pending);
    try {
      const program = await pending;
      this.#programs.set(id, program);
      return program;
    } finally {
      this.#pending.delete(id);
    }
  }

  /** The graph as it is run here. */
  lowered(graph: Graph): Graph {
    return this.#options.lower(graph, this.#options.provider);
  }

  /**
   * The program for a graph in two halves, lowered already. What the first one makes is kept for the next seed.
   *
   * @throws what loading the graphs into onnxruntime throws
   */
  async compileSeeded(model: string, key: string, halves: Halves): Promise<Program> {
    const trace = await this.compile(model, `${key}|trace`, () => halves.trace);
    const pass = await this.compile(model, `${key}|pass`, () => halves.pass);
    return new SeededProgram(`${model}-${key}`, halves, trace, pass, this.#traces);
  }

  async #make(id: string, build: () => Graph): Promise<CompiledProgram> {
    const { store, provider, lower } = this.#options;
    const program = new CompiledProgram({
      id,
      ...(store && { store }),
      provider,
      build: () => lower(build(), provider),
      onFallback: this.#options.onFallback,
      withSession: (work) => this.#withSession(id, program, work),
      dropSession: () => this.#sessions.delete(id),
    });
    await program.withSession(async () => {});
    return program;
  }

  async #withSession<R>(id: string, program: CompiledProgram, work: (session: Session) => Promise<R>): Promise<R> {
    while (!this.#sessions.get(id)) await this.#load(id, program);
    return this.#sessions.pinned(id, ({ session }) => work(session));
  }

  async #load(id: string, program: CompiledProgram): Promise<void> {
    const begun = this.#loading.get(id);
    if (begun) return begun;
    const loading = program.load().then((loaded) => this.#sessions.set(id, loaded));
    this.#loading.set(id, loading);
    try {
      await loading;
    } finally {
      this.#loading.delete(id);
    }
  }

  /** Drops what belongs to a model. */
  forget(model: string): void {
    const belongs = (id: string): boolean => id.startsWith(`${model}-`);
    this.#programs.clear(belongs);
    this.#sessions.clear(belongs);
    this.#traces.clear(belongs);
  }

  dispose(): void {
    this.#programs.clear();
    this.#sessions.clear();
    this.#traces.clear();
  }
}

interface CompiledProgramOptions {
  readonly id: string;
  readonly store?: GraphStore;
  readonly provider: Provider;
  readonly build: () => Graph;
  readonly onFallback: (reason: PrismError) => void;
  readonly withSession: <R>(work: (session: Session) => Promise<R>) => Promise<R>;
  readonly dropSession: () => void;
}

/** A program whose session comes and goes with the bounds on memory. */
class CompiledProgram implements Program {
  readonly #options: CompiledProgramOptions;
  readonly withSession: CompiledProgramOptions['withSession'];
  #graph?: Graph;
  #provider: Provider;

  constructor(options: CompiledProgramOptions) {
    this.#options = options;
    this.#provider = options.provider;
    this.withSession = options.withSession;
  }

  /** As it runs: lowered for the provider. */
  get graph(): Graph {
    if (!this.#graph) {
      const stored = this.#options.store?.read(this.#options.id);
      this.#graph = stored ? importModel(stored.path) : this.#options.build();
    }
    return this.#graph;
  }

  async run(feeds: ReadonlyMap<string, NdArray>, outputs?: readonly string[]): Promise<Map<string, NdArray>> {
    try {
      return await this.withSession((session) => session.run(feeds, outputs));
    } catch (error) {
      if (!this.#fallBack(error)) throw error;
      return this.withSession((session) => session.run(feeds, outputs));
    }
  }

  /** A new session: from disk where the graph is there and loads, otherwise from a graph built anew. */
  async load(): Promise<Loaded> {
    try {
      return await this.#load();
    } catch (error) {
      if (!this.#fallBack(error)) throw error;
      return this.#load();
    }
  }

  async #load(): Promise<Loaded> {
    const { id, store } = this.#options;
    const stored = store?.read(id);
    if (stored) {
      try {
        return await this.#start(stored.path, stored.memory);
      } catch (error) {
        if (!(error instanceof PrismError) || error.code !== 'SESSION_FAILED') throw error;
        store?.remove(id);
      }
    }
    const graph = this.#options.build();
    const memory = estimateMemory(graph);
    const written: StoredGraph | undefined = store?.write(id, graph, memory);
    if (written) {
      try {
        return await this.#start(written.path, memory);
      } catch (error) {
        // Another process may have made room for itself meanwhile.
        if (store?.read(id)) throw error;
      }
    }
    return this.#start(exportModel(graph), memory);
  }

  async #start(source: ModelSource, memory: number): Promise<Loaded> {
    return { session: await createSession(source, this.#provider), memory };
  }

  /** What another provider cannot do, the CPU can. */
  #fallBack(error: unknown): boolean {
    if (this.#provider === 'cpu' || !(error instanceof PrismError)) return false;
    if (error.code !== 'RUN_FAILED' && error.code !== 'SESSION_FAILED') return false;
    const reason = `this graph does not run on ${this.#provider} and was computed on the CPU: ${error.message}`;
    this.#options.onFallback(new PrismError('PROVIDER_FALLBACK', reason, error.details, { cause: error }));
    this.#provider = 'cpu';
    this.#options.dropSession();
    return true;
  }
}

/** Bytes of all intermediate values. */
export function valueBytes(graph: Graph): number {
  let bytes = 0;
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      const type = graph.types.get(output);
      const shape = type?.shape?.map((dim) => (typeof dim === 'number' ? dim : 1));
      if (type && shape) bytes += byteLength(type.dtype, shape);
    }
  }
  return bytes;
}

/** Weights, and half of all intermediate values: they do not live at the same time. */
export function estimateMemory(graph: Graph): number {
  let weights = 0;
  for (const { dtype, shape } of graph.initializers.values()) weights += byteLength(dtype, shape);
  return weights + valueBytes(graph) / 2;
}
