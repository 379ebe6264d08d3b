import { AsyncLocalStorage } from 'node:async_hooks';
import type { PrismError } from '../graph/errors';
import type { Graph } from '../graph/ir';
import { type FloatArray, floatArray, type NdArray } from '../graph/ndarray';
import { toFloat32 } from '../inputs/elements';
import type { Program, Runtime } from '../methods/method';
import type { ScalarMap } from '../protocol';
import type { CallContext } from '../rpc';
import { readArrayFile } from './arrays';
import type { Programs } from './programs';
import { halvesOf } from './seeded';

/** Between two reports of progress. */
const REPORT_MS = 50;

/** One request while it is worked on. */
export class Request {
  readonly #context: CallContext | undefined;
  readonly #ms: Record<string, number> = {};
  readonly #start = performance.now();
  /** How the graphs that ran are built, by their keys. */
  readonly graphs = new Map<string, () => Graph>();
  readonly warnings: PrismError[] = [];
  #reported = Number.NEGATIVE_INFINITY;
  #stage = '';
  /** How a partial result is shown. */
  preview: (partial: FloatArray) => ScalarMap | undefined = () => undefined;

  constructor(context: CallContext | undefined) {
    this.#context = context;
  }

  checkCancelled(): void {
    this.#context?.signal.throwIfAborted();
  }

  /** Says what is being done from here on. */
  stage(message: string): void {
    this.checkCancelled();
    this.#stage = message;
    this.#context?.progress({ message });
  }

  progress(fraction: number, partial?: FloatArray | (() => FloatArray)): void {
    const now = performance.now();
    if (!this.#context || (now - this.#reported < REPORT_MS && fraction < 1)) return;
    this.#reported = now;
    const map = partial && this.preview(typeof partial === 'function' ? partial() : partial);
    this.#context.progress({ fraction, message: this.#stage, ...(map && { partial: map }) });
  }

  /** Adds the time that the work takes to a stage. */
  async timed<R>(stage: string, work: () => Promise<R>): Promise<R> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#ms[stage] = (this.#ms[stage] ?? 0) + performance.now() - start;
    }
  }

  /** Milliseconds by stage so far, and in all. */
  ms(): Record<string, number> {
    const times = { ...this.#ms, total: performance.now() - this.#start };
    return Object.fromEntries(Object.entries(times).map(([stage, ms]) => [stage, Math.round(ms * 10) / 10]));
  }
}

/** Which request the running code belongs to: explanations outlive the request that made them. */
export class Requests {
  readonly #storage = new AsyncLocalStorage<Request>();

  /** Does the work of a request; what it calls finds the request as {@link current}. */
  async run<R>(context: CallContext | undefined, work: (request: Request) => Promise<R>): Promise<R> {
    const request = new Request(context);
    return this.#storage.run(request, async () => {
      request.checkCancelled();
      return work(request);
    });
  }

  get current(): Request | undefined {
    return this.#storage.getStore();
  }
}

/** What methods are given: programs of one model at one input shape, and the request they work for. */
export class ModelRuntime implements Runtime {
  readonly #memo = new Map<string, unknown>();

  /**
   * @param model names the model's contents
   * @param shapes names the input shapes
   * @param check called before a graph is built: throws when the model is not what it was
   */
  constructor(
    private readonly programs: Programs,
    private readonly requests: Requests,
    private readonly model: string,
    private readonly shapes: string,
    private readonly check: () => void,
  ) {}

  async compile(key: string, build: () => Graph, seeds?: readonly string[]): Promise<Program> {
    this.checkCancelled();
    const checked = (): Graph => {
      this.check();
      return build();
    };
    const name = `${this.shapes}|${key}`;
    const halves = seeds && this.memo(`halves/${key}`, () => halvesOf(this.programs.lowered(checked()), seeds));
    const compile = (): Promise<Program> =>
      halves ? this.programs.compileSeeded(this.model, name, halves) : this.programs.compile(this.model, name, checked);
    const request = this.requests.current;
    const program = await (request ? request.timed('compile', compile) : compile());
    return new RequestedProgram(program, this.requests, key, checked);
  }

  memo<T>(key: string, make: () => T): T {
    if (!this.#memo.has(key)) this.#memo.set(key, make());
    return this.#memo.get(key) as T;
  }

  readArray(path: string): FloatArray {
    const { dtype, shape, data } = readArrayFile(path);
    return floatArray(toFloat32(dtype, data), shape);
  }

  checkCancelled(): void {
    this.requests.current?.checkCancelled();
  }

  progress(fraction: number, partial?: FloatArray | (() => FloatArray)): void {
    this.requests.current?.progress(fraction, partial);
  }
}

/** A program whose every run can be cancelled before it begins and is counted to its request. */
class RequestedProgram implements Program {
  constructor(
    private readonly program: Program,
    private readonly requests: Requests,
    private readonly key: string,
    private readonly build: () => Graph,
  ) {}

  get graph(): Graph {
    return this.program.graph;
  }

  async run(feeds: ReadonlyMap<string, NdArray>, outputs?: readonly string[]): Promise<Map<string, NdArray>> {
    const request = this.requests.current;
    if (!request) return this.program.run(feeds, outputs);
    request.checkCancelled();
    request.graphs.set(this.key, this.build);
    const results = await request.timed('run', () => this.program.run(feeds, outputs));
    // A message that cancels can only have arrived while the run was waited for.
    request.checkCancelled();
    return results;
  }
}
