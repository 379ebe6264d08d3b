import { randomUUID } from 'node:crypto';
import type { ClassScore, Explanation, OptionValues, Progress, ScalarMap } from '../protocol';
import type { ComparedClass, ComparedMethod, ComparisonState, PanelQuestion } from '../protocol/panel';
import type { EngineApi } from '../protocol/service';
import type { Sheet } from '../protocol/study';
import { type Client, toRemoteError } from '../rpc';
import { changedQuestion, sameInput, titleOf } from './questions';

/** What a comparison tells while it goes on. */
export interface ComparisonListener {
  /** A method has begun or ended. */
  changed(): void;
  /**
   * A method has just succeeded.
   *
   * @param column which of the compared classes it explains
   */
  found(explanation: Explanation, column: number): void;
  progress(progress: Progress): void;
}

interface Log {
  info(message: string): void;
  error(message: string): void;
}

const keyOf = ({ method, column }: Pick<ComparedMethod, 'method' | 'column'>): string => `${column}:${method}`;

type Asked = Omit<PanelQuestion, 'compare'>;
/** A class by its index or its label. */
type ClassName = number | string;

const isCalled = ({ index, label }: ComparedClass, name: ClassName | undefined): boolean =>
  name === (typeof name === 'number' ? index : label);

/** Several methods on one input, for one class or several, one after the other. What fails says so; the rest goes on. */
export class Comparison {
  readonly id = randomUUID();
  /** By {@link keyOf}. */
  readonly #explanations = new Map<string, Explanation>();
  /** The classes as they were asked for; undefined is the one that the model chose. */
  readonly #classes: readonly (ClassName | undefined)[];
  #cells: readonly ComparedMethod[];
  #outdated = false;

  /**
   * @param question its `classes` are compared; without, its target; without, the class that the model chose
   * @param options of each method
   * @param before what it goes on from: what that has found for the same is taken over, unless it is outdated
   */
  constructor(
    readonly question: Asked,
    methods: readonly string[],
    private readonly options: (method: string) => OptionValues,
    before?: Comparison,
  ) {
    this.#classes = question.classes ?? [question.target];
    this.#cells = this.#classes.flatMap((_, column) =>
      [...new Set(methods)].map((method): ComparedMethod => ({ method, column, status: 'waiting' })),
    );
    if (before) this.#adopt(before);
  }

  get state(): ComparisonState {
    return { id: this.id, methods: this.#cells, columns: this.#columns };
  }

  /** The first explanation for the first class, once there is one. */
  get first(): Explanation | undefined {
    return this.#foundFor(0);
  }

  get methods(): readonly string[] {
    return [...new Set(this.#cells.map(({ method }) => method))];
  }

  /** Whether this is what a question asks to compare. */
  answers(question: PanelQuestion): boolean {
    const ours = [...this.methods].sort().join() === [...(question.compare ?? [])].sort().join();
    const { classes } = this.question;
    const forSame =
      classes || question.classes
        ? JSON.stringify(classes) === JSON.stringify(question.classes)
        : question.target === this.first?.target.index;
    return this.#isOf(question) && ours && forSame;
  }

  /** What to ask to compare for one more class; undefined when it is compared already, or the first is not known. */
  withClass(added: ClassName): Asked | undefined {
    const columns = this.#columns;
    const known = columns.some((column, i) => this.#classes[i] === added || isCalled(column, added));
    const index = columns[0]?.index;
    const classes = this.question.classes ?? (index === undefined ? undefined : [index]);
    // A part of the output is no class to put beside others.
    if (known || !classes || this.question.score !== undefined) return undefined;
    return this.#ask([...classes, added]);
  }

  /** What to ask to leave out one of several classes. */
  withoutClass(column: number): Asked | undefined {
    const { classes } = this.question;
    return classes?.[column] === undefined ? undefined : this.#ask(classes.toSpliced(column, 1));
  }

  /** What to ask to compare for a class in place of the first one of several. */
  withFirst(index: number): Asked | undefined {
    const columns = this.#columns;
    const others = this.question.classes?.filter((asked, i) => i > 0 && asked !== index && columns[i]?.index !== index);
    return others && this.#ask([index, ...others]);
  }

  /** The files behind it have changed: another comparison is not to go on from it. */
  expire(): void {
    this.#outdated = true;
  }

  /** What was found so far; the engine keeps it until it is released. */
  get explanations(): readonly Explanation[] {
    return this.#cells.flatMap(({ method, column }) => this.get(method, column) ?? []);
  }

  get(method: string, column: number): Explanation | undefined {
    return this.#explanations.get(keyOf({ method, column }));
  }

  holds({ id }: Explanation): boolean {
    return this.explanations.some((explanation) => explanation.id === id);
  }

  /**
   * Maps by the handles of explanations, of texts and rows a value a token or feature; a handle of an earlier comparison
   * has an empty one.
   */
  maps(ids: readonly string[]): ScalarMap[] {
    return ids.map((id) => {
      const found = this.explanations.find((explanation) => explanation.id === id);
      return found ? valuesOf(found) : { width: 0, height: 0, data: new Float32Array(0) };
    });
  }

  /** Explains whatever has not been tried; ends early when cancelled, without an error. */
  async run(api: () => Client<EngineApi>, signal: AbortSignal, log: Log, listener: ComparisonListener): Promise<void> {
    const { classes, target: _, ...question } = this.question;
    let [first] = this.#classes;
    const count = this.#cells.length;
    for (const [i, { method, column, status }] of this.#cells.entries()) {
      if (signal.aborted) return;
      if (status === 'ready') continue;
      this.#set({ method, column, status: 'working' });
      listener.changed();
      const onProgress = ({ fraction, message, partial }: Progress): void =>
        listener.progress({
          message: `${i + 1}/${count} · ${message}`,
          fraction: (i + (fraction ?? 0)) / count,
          ...(partial && { partial }),
        });
      const target = column === 0 ? first : this.#classes[column];
      try {
        const params = { ...question, method, options: this.options(method) };
        const explanation = await api().explain(target === undefined ? params : { ...params, target }, {
          cancel: signal,
          onProgress,
        });
        if (!classes) first ??= explanation.target.index;
        log.info(
          `${method} of ${titleOf(question)}: ${explanation.target.label}, ${JSON.stringify(explanation.ms)} ms`,
        );
        this.#found(method, column, explanation);
        listener.found(explanation, column);
      } catch (error) {
        if (signal.aborted) {
          this.#set({ method, column, status: 'waiting' });
          return;
        }
        const failure = toRemoteError(error);
        log.error(`${method} of ${titleOf(question)}: ${failure.code}: ${failure.message}`);
        this.#set({ method, column, status: 'failed', error: failure });
      }
      listener.changed();
    }
  }

  /** What there is as a picture to keep, of several classes a column each; undefined before anything is. */
  sheet(): Sheet | undefined {
    const [first] = this.explanations;
    if (first === undefined) return undefined;
    const columns = this.#columns;
    const several = columns.length > 1;
    const targets = several ? columns.map(({ label }) => label).join(', ') : named(first.target);
    const ids = new Set(this.explanations.map(({ method }) => method.id));
    const cells = this.methods.flatMap((id) =>
      columns.flatMap(({ label }, column): Sheet['cells'] => {
        const found = this.get(id, column);
        // Only in a table a gap says something.
        if (!found) return several ? [{ title: `${id}: ${label}`, note: this.#whyNot(id, column), signed: true }] : [];
        const { method, options, map, text, row } = found;
        const parts = { ...(text && { text }), ...(row && { row }) };
        const title = several ? `${method.title}: ${label}` : method.title;
        return [{ title, note: changedOptions(method.options, options), map, ...parts, signed: method.signed }];
      }),
    );
    return {
      ...(first.photograph && { photograph: first.photograph }),
      target: targets,
      caption: `${[...ids].join(', ')} of ${first.model.path}: ${targets}`,
      ...(several && { columns: columns.length }),
      cells,
    };
  }

  get #columns(): readonly ComparedClass[] {
    return this.#classes.map((asked, column) => {
      const found = this.#foundFor(column)?.target;
      return found ? { label: found.label, index: found.index } : { label: this.#labelOf(asked) };
    });
  }

  #whyNot(method: string, column: number): string {
    return this.#cells.find((cell) => cell.method === method && cell.column === column)?.error?.code ?? '';
  }

  #isOf(question: Asked): boolean {
    return sameInput(this.question, question) && this.question.model === question.model;
  }

  /** One class is the target of an ordinary comparison. */
  #ask(classes: readonly ClassName[]): Asked {
    return changedQuestion(this.question, { target: classes[0], classes: classes.length > 1 ? classes : undefined });
  }

  #foundFor(column: number): Explanation | undefined {
    const found = this.#cells.find((cell) => cell.column === column && cell.status === 'ready');
    return found && this.get(found.method, column);
  }

  #labelOf(asked: ClassName | undefined): string {
    if (asked === undefined) return '';
    const known = this.explanations.flatMap(({ top }) => top).find(({ index }) => index === asked);
    return known?.label ?? String(asked);
  }

  /** Takes over what another comparison has found for the same class by the same method with the same options. */
  #adopt(before: Comparison): void {
    const { score, where, token } = this.question;
    const { score: scoreBefore, where: whereBefore, token: tokenBefore } = before.question;
    const samePart = score === scoreBefore && where === whereBefore && token === tokenBefore;
    const same = before.#isOf(this.question) && samePart;
    if (!same || before.#outdated) return;
    for (const { method, column } of this.#cells) {
      const name = this.#classes[column];
      const wanted = this.options(method);
      const found = before.explanations.find(
        (known) => known.method.id === method && isCalled(known.target, name) && hasOptions(known, wanted),
      );
      if (found) this.#found(method, column, found);
    }
  }

  #found(method: string, column: number, explanation: Explanation): void {
    const { id, options, target, conservation, provider, ms } = explanation;
    this.#explanations.set(keyOf({ method, column }), explanation);
    const result = { id, options, target, provider, ms, ...(conservation && { conservation }) };
    this.#set({ method, column, status: 'ready', result });
  }

  #set(cell: ComparedMethod): void {
    this.#cells = this.#cells.map((known) => (keyOf(known) === keyOf(cell) ? cell : known));
  }
}

/** What is shown of an explanation: of a text or a row what its parts contribute, of all else its map. */
function valuesOf({ map, text, row }: Explanation): ScalarMap {
  const parts: readonly { readonly relevance: number }[] = text?.tokens ?? row?.features ?? [];
  if (parts.length === 0) return map;
  return { width: parts.length, height: 1, data: Float32Array.from(parts, ({ relevance }) => relevance) };
}

const named = ({ label, index, score }: ClassScore): string =>
  `${label}${label === String(index) ? '' : ` (${index})`}, score ${Number(score.toPrecision(4))}`;

/** Whether an explanation was made with these options, the others being what they usually are. */
const hasOptions = ({ method, options }: Explanation, wanted: OptionValues): boolean =>
  method.options.every(
    ({ key, default: usual }) => JSON.stringify(options[key]) === JSON.stringify(wanted[key] ?? usual),
  );

/** The options that are not what they usually are. */
const changedOptions = (declared: Explanation['method']['options'], options: OptionValues): string =>
  declared
    .filter(({ key, default: usual }) => options[key] !== usual)
    .map(({ key }) => `${key}=${options[key]}`)
    .join(', ');
