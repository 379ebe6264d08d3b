import { stat } from 'node:fs/promises';
import type { Explanation } from '../protocol';
import type { PanelQuestion } from '../protocol/panel';
import { fileOf } from './questions';
import { filesBehind } from './watch';

/** Explanations beside the one on show: the engine keeps eight, for all panels. */
const MOST_HELD = 4;

interface Held {
  readonly explanation: Explanation;
  /** When the files that it came from were written. */
  readonly stamp: string;
}

/** Explanations that may be gone back to: as long as their files are the same they need not be made again. */
export class HeldExplanations {
  /** The one used last comes last. */
  readonly #held = new Map<string, Held>();

  /** @param release called for what is no longer held */
  constructor(private readonly release: (explanation: Explanation) => void) {}

  async hold(question: PanelQuestion, explanation: Explanation): Promise<void> {
    const stamp = await stampOf(question, explanation);
    const key = JSON.stringify(question);
    const before = this.#held.get(key)?.explanation;
    this.#held.delete(key);
    this.#held.set(key, { explanation, stamp });
    if (before && before.id !== explanation.id) this.release(before);
    for (const [oldest, { explanation: old }] of [...this.#held].slice(0, -MOST_HELD)) {
      this.#held.delete(oldest);
      this.release(old);
    }
  }

  /** What was said to a question, if that is still so. */
  async get(question: PanelQuestion): Promise<Explanation | undefined> {
    const held = this.#held.get(JSON.stringify(question));
    if (held === undefined || (await stampOf(question, held.explanation)) !== held.stamp) return undefined;
    return held.explanation;
  }

  has({ id }: Explanation): boolean {
    return [...this.#held.values()].some(({ explanation }) => explanation.id === id);
  }

  /** Lets everything go. */
  clear(): void {
    const all = [...this.#held.values()];
    this.#held.clear();
    for (const { explanation } of all) this.release(explanation);
  }
}

async function stampOf(question: PanelQuestion, { model }: Explanation): Promise<string> {
  const files = filesBehind(question.model, fileOf(question), model.configPath);
  const written = files.map((file) =>
    stat(file).then(
      ({ mtimeMs, size }) => `${mtimeMs}:${size}`,
      () => 'none',
    ),
  );
  return (await Promise.all(written)).join(' ');
}
