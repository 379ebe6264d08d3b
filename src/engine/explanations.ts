import { randomUUID } from 'node:crypto';
import { PrismError } from '../graph/errors';
import type { Photograph } from '../protocol';
import type { Answer } from './explain';
import { Lru } from './lru';
import type { ExplainReport } from './report';

/** An explanation that can be asked further questions. */
export interface LivingExplanation {
  readonly answer: Answer;
  readonly report: ExplainReport;
  readonly photograph?: Photograph;
}

const MAX_COUNT = 8;
const MAX_BYTES = 512 * 2 ** 20;
/** Of an open explanation, for each location of each layer: ratios of about nine paths and what goes with them. */
const BYTES_PER_LOCATION = 64;

/** Explanations that are kept for further questions, the least recently used dropped first. */
export class Explanations {
  readonly #living: Lru<LivingExplanation>;

  /** @param maxBytes bound on the memory they take, by estimate */
  constructor(maxBytes = MAX_BYTES, maxCount = MAX_COUNT) {
    this.#living = new Lru({ maxSize: maxBytes, maxCount, sizeOf: estimate, dispose: () => {} });
  }

  get count(): number {
    return this.#living.count;
  }

  /** Keeps an explanation and returns its handle, which no other process or explanation has. */
  keep(explanation: LivingExplanation): string {
    const id = randomUUID();
    this.#living.set(id, explanation);
    return id;
  }

  /** Throws EXPLANATION_GONE. */
  get(id: string): LivingExplanation {
    const found = this.#living.get(id);
    if (found) return found;
    throw new PrismError('EXPLANATION_GONE', 'this explanation is no longer in memory; explain again', {
      explanation: id,
    });
  }

  release(id: string): void {
    this.#living.delete(id);
  }
}

function estimate({ answer, photograph }: LivingExplanation): number {
  const { prepared, attribution, layers } = answer;
  let bytes = attribution.map.data.byteLength + (photograph?.encoded.byteLength ?? 0);
  for (const { data } of prepared.feeds.values()) bytes += data.byteLength;
  for (const { width, height } of layers) bytes += width * height * BYTES_PER_LOCATION;
  return bytes;
}
