import { randomUUID } from 'node:crypto';
import type { EngineApi, ExplainParams, Explanation, OptionValues, Progress, ScalarMap, Sheet } from '../protocol';
import type { ComparedMethod, ComparisonState, PanelQuestion } from '../protocol/panel';
import { type Client, toRemoteError } from '../rpc';
import { sameInput, titleOf } from './questions';

/** What a comparison tells while it goes on. */
export interface ComparisonListener {
  /** A method has begun or ended. */
  changed(): void;
  /** The method that has just succeeded. */
  found(explanation: Explanation): void;
  progress(progress: Progress): void;
}

interface Log {
  info(message: string): void;
  error(message: string): void;
}

/** Several methods on one input, one after the other. A method that fails says so; the rest goes on. */
export class Comparison {
  readonly id = randomUUID();
  readonly #explanations = new Map<string, Explanation>();
  #cells: readonly ComparedMethod[];

  /**
   * @param question its target is that of all methods; when it has none, the class that the model chose
   * @param options of each method
   */
  constructor(
    readonly question: ExplainParams,
    methods: readonly string[],
    private readonly options: (method: string) => OptionValues,
  ) {
    this.#cells = [...new Set(methods)].map((method) => ({ method, status: 'waiting' }));
  }

  get state(): ComparisonState {
    return { id: this.id, methods: this.#cells };
  }

  get methods(): readonly string[] {
    return this.#cells.map(({ method }) => method);
  }

  /** Whether this is what a question asks to compare. */
  answers(question: PanelQuestion): boolean {
    const [first] = this.explanations;
    const same = sameInput(this.question, question) && this.question.model === question.model;
    const ours = [...this.methods].sort().join() === [...(question.compare ?? [])].sort().join();
    return same && ours && question.target === first?.target.index;
  }

  /** What was found so far; the engine keeps it until it is released. */
  get explanations(): readonly Explanation[] {
    return [...this.#explanations.values()];
  }

  get(method: string): Explanation | undefined {
    return this.#explanations.get(method);
  }

  holds({ id }: Explanation): boolean {
    return this.explanations.some((explanation) => explanation.id === id);
  }

  /** Maps by the handles of explanations; a handle of an earlier comparison has an empty one. */
  maps(ids: readonly string[]): ScalarMap[] {
    return ids.map(
      (id) =>
        this.explanations.find((explanation) => explanation.id === id)?.map ?? {
          width: 0,
          height: 0,
          data: new Float32Array(0),
        },
    );
  }

  /** Explains by every method that has not been tried; ends early when cancelled, without an error. */
  async run(api: () => Client<EngineApi>, signal: AbortSignal, log: Log, listener: ComparisonListener): Promise<void> {
    let { target } = this.question;
    const count = this.#cells.length;
    for (const [i, { method }] of this.#cells.entries()) {
      if (signal.aborted) return;
      this.#set(method, { method, status: 'working' });
      listener.changed();
      const onProgress = ({ fraction, message, partial }: Progress): void =>
        listener.progress({
          message: `${i + 1}/${count} · ${message}`,
          fraction: (i + (fraction ?? 0)) / count,
          ...(partial && { partial }),
        });
      try {
        const params = { ...this.question, method, options: this.options(method) };
        const explanation = await api().explain(target === undefined ? params : { ...params, target }, {
          cancel: signal,
          onProgress,
        });
        const { id, options, conservation, provider, ms } = explanation;
        target ??= explanation.target.index;
        this.#explanations.set(method, explanation);
        log.info(`${method} of ${titleOf(this.question)}: ${explanation.target.label}, ${JSON.stringify(ms)} ms`);
        const result = { id, options, target: explanation.target, provider, ms, ...(conservation && { conservation }) };
        this.#set(method, { method, status: 'ready', result });
        listener.found(explanation);
      } catch (error) {
        if (signal.aborted) {
          this.#set(method, { method, status: 'waiting' });
          return;
        }
        const failure = toRemoteError(error);
        log.error(`${method} of ${titleOf(this.question)}: ${failure.code}: ${failure.message}`);
        this.#set(method, { method, status: 'failed', error: failure });
      }
      listener.changed();
    }
  }

  /** What there is as a picture to keep; undefined before anything is. */
  sheet(): Sheet | undefined {
    const [first] = this.explanations;
    if (first === undefined) return undefined;
    const { label, index, score } = first.target;
    const target = `${label}${label === String(index) ? '' : ` (${index})`}, score ${Number(score.toPrecision(4))}`;
    return {
      photograph: first.photograph,
      target,
      caption: `${[...this.#explanations.keys()].join(', ')} of ${first.model.path}: ${target}`,
      cells: this.explanations.map(({ method, options, map }) => ({
        title: method.title,
        note: changedOptions(method.options, options),
        map,
        signed: method.signed,
      })),
    };
  }

  #set(method: string, cell: ComparedMethod): void {
    this.#cells = this.#cells.map((known) => (known.method === method ? cell : known));
  }
}

/** The options that are not what they usually are. */
const changedOptions = (declared: Explanation['method']['options'], options: OptionValues): string =>
  declared
    .filter(({ key, default: usual }) => options[key] !== usual)
    .map(({ key }) => `${key}=${options[key]}`)
    .join(', ');
