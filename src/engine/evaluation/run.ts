import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RemoteError } from '../../protocol';
import { toRemoteError } from '../../rpc';
import type { Desk } from '../desk';
import { BEYOND, withAlternatives } from '../explain';
import type { Explainer, Wanted } from '../judge';
import type { Entry, EvaluationQuestion, Failure } from './evaluation';
import type { Journal } from './journal';
import type { Pace } from './pace';

/** What a result depends on, as a short name. */
export function keyOf(...parts: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(JSON.stringify(part ?? null)).update('\0');
  return hash.digest('hex').slice(0, 32);
}

/** Names a file's contents. */
export const contentsOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What of a model and its settings results depend on. */
export const modelKey = ({ model }: Desk): unknown[] => {
  const { input, output, task } = model.description.settings;
  return [model.hash, input, output, task];
};

/** What of methods and metrics results depend on. */
export const explainerKey = ({ method, options }: Explainer): unknown => [method.info.id, options];
export const wantedKey = (wanted: readonly Wanted[]): unknown =>
  wanted.map(({ metric, options }) => [metric.info.id, options]);

/** Failures that end an evaluation. */
const FATAL: ReadonlySet<string> = new Set(['CANCELLED', 'FILE_UNWRITABLE', 'MODEL_CHANGED', 'NOT_INITIALIZED']);

/** What did not work; throws where nothing more can. */
export function failureOf(error: unknown): RemoteError {
  const remote = toRemoteError(error);
  if (FATAL.has(remote.code)) throw error;
  return remote;
}

/** Codes of methods that the model is beyond: no picture will change that. */
export const UNFIT: ReadonlySet<string> = new Set([...BEYOND, 'METHOD_DOES_NOT_FIT']);

/** An evaluation under way. */
export class Run {
  readonly entries: Entry[] = [];
  readonly failures: Failure[] = [];
  /** Methods that the model is beyond: not tried again. */
  readonly #unfit = new Set<string>();

  constructor(
    readonly question: EvaluationQuestion,
    readonly explainers: readonly Explainer[],
    /** Metrics of single pictures. */
    readonly wanted: readonly Wanted[],
    readonly pace: Pace,
    private readonly journal: Journal<Entry>,
    /** Told of what does not work as soon as it is known. */
    private readonly told: (failure: Failure) => void = () => {},
  ) {}

  /** Notes what did not work; the rest goes on. */
  fail(failure: Failure): void {
    this.failures.push(failure);
    this.told(failure);
  }

  /** The model is beyond a method: it is not tried. */
  reject(method: string, error: RemoteError): void {
    this.#unfit.add(method);
    this.fail({ method, error });
  }

  /**
   * The result of a method on a picture: as it was found before, else made and kept. A failure is noted.
   *
   * @param image the picture's name
   * @throws PrismError CANCELLED, FILE_UNWRITABLE and others after which nothing more can be done
   */
  async pair(key: string, image: string, by: Explainer, make: () => Promise<Omit<Entry, 'key'>>): Promise<void> {
    const { id, title } = by.method.info;
    const known = this.journal.get(key);
    if (known || this.#unfit.has(id)) {
      // The same picture may lie in the folder under several names.
      if (known) this.entries.push({ ...known, image });
      this.pace.skip(1);
      return;
    }
    this.pace.begin(`${image} · ${title}`);
    try {
      const entry = { key, ...(await make()) };
      this.journal.add(entry);
      this.entries.push(entry);
    } catch (error) {
      const failure = failureOf(withAlternatives(error, by.method));
      if (UNFIT.has(failure.code)) this.reject(id, failure);
      else this.fail({ image, method: id, error: failure });
    }
    this.pace.done();
  }
}
