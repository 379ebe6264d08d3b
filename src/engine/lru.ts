/** What the bounds of an {@link Lru} are made of. */
export interface LruOptions<V> {
  /** Sum of sizes that may be kept. */
  readonly maxSize: number;
  /** Number of entries that may be kept; unbounded when absent. */
  readonly maxCount?: number;
  readonly sizeOf: (value: V) => number;
  /** Called once for every value that leaves, for whatever reason. */
  readonly dispose: (value: V) => void;
}

interface Entry<V> {
  readonly value: V;
  readonly size: number;
  /** Users that must not lose it now. */
  pins: number;
  /** Deleted while in use: disposed of by its last user. */
  doomed: boolean;
}

/**
 * Values by key, the least recently used dropped first when there are too many. The newest one always stays, however
 * large it is.
 */
export class Lru<V> {
  /** In the order of use, the oldest first. */
  readonly #entries = new Map<string, Entry<V>>();
  readonly #options: LruOptions<V>;
  #size = 0;

  constructor(options: LruOptions<V>) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** The value, which becomes the most recently used. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Adds or replaces a value. */
  set(key: string, value: V): void {
    this.delete(key);
    const size = this.#options.sizeOf(value);
    this.#entries.set(key, { value, size, pins: 0, doomed: false });
    this.#size += size;
    this.#trim();
  }

  /** Drops a value; one that is pinned is disposed of when the work on it is done. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
    entry.doomed = true;
    if (entry.pins === 0) this.#options.dispose(entry.value);
  }

  /** Drops all whose key passes the test; all without one. */
  clear(test: (key: string) => boolean = () => true): void {
    for (const key of [...this.#entries.keys()]) if (test(key)) this.delete(key);
  }

  /** Keeps the value from being dropped while the work lasts. The key must be there. */
  async pinned<R>(key: string, work: (value: V) => Promise<R>): Promise<R> {
    const entry = this.#entries.get(key);
    if (!entry) throw new Error(`nothing is kept under ${key}`);
    entry.pins++;
    try {
      return await work(entry.value);
    } finally {
      entry.pins--;
      if (entry.pins === 0 && entry.doomed) this.#options.dispose(entry.value);
      this.#trim();
    }
  }

  #trim(): void {
    const { maxSize, maxCount = Number.POSITIVE_INFINITY } = this.#options;
    const newest = [...this.#entries.keys()].at(-1);
    for (const [key, { pins }] of this.#entries) {
      if (this.#size <= maxSize && this.#entries.size <= maxCount) return;
      if (pins === 0 && key !== newest) this.delete(key);
    }
  }
}
