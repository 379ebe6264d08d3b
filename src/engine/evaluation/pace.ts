import type { CallContext } from '../../rpc';

/** How far a long piece of work is, and how long it will go on. */
export class Pace {
  readonly #context: CallContext | undefined;
  readonly #now: () => number;
  #total: number;
  #finished = 0;
  /** Of those, how many were worked on here, and for how long. */
  #worked = 0;
  #spent = 0;
  #started = 0;

  constructor(total: number, context: CallContext | undefined, now: () => number = () => performance.now()) {
    this.#total = total;
    this.#context = context;
    this.#now = now;
  }

  /** There is more to do than was known. */
  extend(count: number): void {
    this.#total += count;
  }

  /** Nothing has to be done for so many. */
  skip(count: number): void {
    this.#finished += count;
  }

  /** Work on the next one begins. */
  begin(what: string): void {
    this.#started = this.#now();
    const left = this.#left();
    const message = `${this.#finished + 1} of ${this.#total} · ${what}${left === undefined ? '' : ` · ${timeLeft(left)} left`}`;
    this.#context?.progress({ message, fraction: this.#finished / Math.max(1, this.#total) });
  }

  /** The one begun is done. */
  done(): void {
    this.#finished++;
    this.#worked++;
    this.#spent += this.#now() - this.#started;
  }

  /** Milliseconds, from the mean of what was worked on. */
  #left(): number | undefined {
    return this.#worked === 0 ? undefined : (this.#spent / this.#worked) * (this.#total - this.#finished);
  }
}

/** A time as people say it. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
