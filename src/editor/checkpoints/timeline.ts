import { PrismError } from '../../graph/errors';
import type { ClassScore, ScalarMap } from '../../protocol';
import type { CheckpointCell, CheckpointChange, CheckpointStep } from '../../protocol/checkpoints';
import type { MapChange } from '../../protocol/study';
import { toRemoteError } from '../../rpc';

/** Who explains checkpoints. */
export interface CheckpointExplainer {
  /** The class that the checkpoint predicts, and what for. */
  explain(
    model: string,
    image: string,
    signal: AbortSignal,
  ): Promise<{ readonly target: ClassScore; readonly map: ScalarMap }>;
  compare(first: ScalarMap, second: ScalarMap): Promise<MapChange | null>;
}

/** Checkpoints that are kept. */
const LIMIT = 40;
/** Of the rank correlation that still counts as the same reason, the share of the strongest places that must stay. */
const PLACES = 0.5;

/** What a file that is not whole yet is refused with. */
const UNFINISHED: ReadonlySet<string> = new Set([
  'MODEL_TRUNCATED',
  'MODEL_NOT_ONNX',
  'MODEL_INVALID',
  'MODEL_CHANGED',
  'EXTERNAL_DATA_MISSING',
  'EXTERNAL_DATA_TRUNCATED',
  'FILE_NOT_FOUND',
]);

/** Whether a map ranks its places otherwise, or rests on other ones. */
const otherReason = ({ correlation, overlap }: MapChange, alike: number): boolean =>
  (correlation !== null && correlation < alike) || overlap < PLACES * alike;

/**
 * Checkpoints in the order in which they were written, each with what it says of the pinned images. Explains one image
 * of one checkpoint after the other, the oldest first, so that each has one to be held against.
 */
export class Timeline {
  #images: readonly string[] = [];
  #steps: readonly CheckpointStep[] = [];
  readonly #maps = new Map<string, ScalarMap>();
  #count = 0;
  #run?: AbortController;
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly explainer: CheckpointExplainer,
    private readonly changed: () => void,
    /** The rank correlation from which down the reason is another one. */
    private readonly alike: () => number,
    private readonly limit = LIMIT,
  ) {}

  get steps(): readonly CheckpointStep[] {
    return this.#steps;
  }

  /** Resolves when everything is explained. */
  async rest(): Promise<void> {
    while (this.#run) await this.#work;
  }

  map(step: string, image: string): ScalarMap | undefined {
    return this.#maps.get(keyOf(step, image));
  }

  /** How the answer of one checkpoint differs from that of another; undefined where one of them has none. */
  async changeBetween(from: string, to: string, image: string): Promise<CheckpointChange | undefined> {
    const [before, after] = [from, to].map((id) => this.#steps.find((step) => step.id === id)?.cells[image]?.target);
    const [first, second] = [this.map(from, image), this.map(to, image)];
    if (!before || !after || !first || !second) return undefined;
    return this.#change(before, first, after, second);
  }

  /** The pinned images from now on. A new one is explained by the latest checkpoint, which still is what it was. */
  pin(images: readonly string[]): void {
    this.#images = images;
    this.#steps = this.#steps.map((step, at) => {
      const latest = at === this.#steps.length - 1;
      const cells = images.flatMap((image) => {
        const cell = step.cells[image] ?? (latest ? { status: 'waiting' as const } : undefined);
        return cell ? [[image, cell] as const] : [];
      });
      return { ...step, cells: Object.fromEntries(cells) };
    });
    this.#forget();
    this.#begin();
  }

  /** A checkpoint was written. */
  add(path: string, name: string, time: number): void {
    const id = `${++this.#count}`;
    const cells = Object.fromEntries(this.#images.map((image) => [image, { status: 'waiting' } as CheckpointCell]));
    const before = this.#steps.flatMap((step) => {
      if (step.path !== path) return [step];
      const late = replaced(step);
      return isUseful(late) ? [late] : [];
    });
    this.#steps = [...before, { id, path, name, time, cells }].slice(-this.limit);
    this.#forget();
    this.#begin();
  }

  clear(): void {
    this.#run?.abort();
    this.#steps = [];
    this.#maps.clear();
    this.changed();
  }

  #begin(): void {
    this.changed();
    if (this.#run || !this.#next()) return;
    const run = new AbortController();
    this.#run = run;
    this.#work = this.#explainAll(run.signal).finally(() => {
      this.#run = undefined;
      // What came after the end was decided.
      if (this.#next()) this.#begin();
    });
  }

  #next(): readonly [CheckpointStep, string] | undefined {
    for (const step of this.#steps) {
      const image = this.#images.find((path) => step.cells[path]?.status === 'waiting');
      if (image !== undefined) return [step, image];
    }
    return undefined;
  }

  async #explainAll(signal: AbortSignal): Promise<void> {
    for (let next = this.#next(); next && !signal.aborted; next = this.#next()) {
      const [{ id, path }, image] = next;
      this.#set(id, image, { status: 'working' });
      this.#set(id, image, await this.#explain(id, path, image, signal));
    }
  }

  async #explain(id: string, path: string, image: string, signal: AbortSignal): Promise<CheckpointCell> {
    try {
      const { target, map } = await this.explainer.explain(path, image, signal);
      const change = await this.#changeSince(id, image, target, map);
      this.#maps.set(keyOf(id, image), map);
      return { status: 'ready', target, ...(change && { change }) };
    } catch (error) {
      return { status: 'failed', error: toRemoteError(error) };
    }
  }

  async #changeSince(
    id: string,
    image: string,
    target: ClassScore,
    map: ScalarMap,
  ): Promise<CheckpointChange | undefined> {
    const at = this.#steps.findIndex((step) => step.id === id);
    const before = this.#steps.slice(0, Math.max(0, at)).findLast((step) => step.cells[image]?.status === 'ready');
    const known = before && this.map(before.id, image);
    const earlier = before?.cells[image]?.target;
    if (!known || !earlier) return undefined;
    return this.#change(earlier, known, target, map);
  }

  async #change(before: ClassScore, first: ScalarMap, after: ClassScore, second: ScalarMap): Promise<CheckpointChange> {
    const maps = await this.explainer.compare(first, second);
    const samePrediction = before.index === after.index;
    return { maps, samePrediction, otherReason: samePrediction && maps !== null && otherReason(maps, this.alike()) };
  }

  #set(id: string, image: string, cell: CheckpointCell): void {
    this.#steps = this.#steps.map((step) =>
      step.id === id && image in step.cells ? { ...step, cells: { ...step.cells, [image]: cell } } : step,
    );
    this.#forget();
    this.changed();
  }

  /** Drops the maps of what is gone. */
  #forget(): void {
    const known = new Set(this.#steps.flatMap(({ id, cells }) => Object.keys(cells).map((image) => keyOf(id, image))));
    for (const key of this.#maps.keys()) if (!known.has(key)) this.#maps.delete(key);
  }
}

const keyOf = (step: string, image: string): string => `${step}\n${image}`;

/** A checkpoint whose file is another one now: what was not looked at can no longer be. */
function replaced(step: CheckpointStep): CheckpointStep {
  const error = toRemoteError(
    new PrismError('CHECKPOINT_REPLACED', `${step.path} was written again before it was looked at`, {
      file: step.path,
    }),
  );
  const cells = Object.entries(step.cells).map(([image, cell]) => {
    const late = cell.status === 'waiting' || cell.status === 'working';
    return [image, late ? ({ status: 'failed', error } as const) : cell] as const;
  });
  return { ...step, cells: Object.fromEntries(cells) };
}

/** Of a file written again, a state that was never whole or never looked at says nothing. */
function isUseful({ cells }: CheckpointStep): boolean {
  const all = Object.values(cells);
  if (all.length === 0) return true;
  return !all.every(({ error }) => error && (UNFINISHED.has(error.code) || error.code === 'CHECKPOINT_REPLACED'));
}
