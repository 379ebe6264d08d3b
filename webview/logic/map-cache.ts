import type { ScalarMap } from '../../src/protocol';

/** Maps by key, the least recently used given up first once they hold more than `limit` values together. */
export class MapCache {
  readonly #maps = new Map<string, ScalarMap>();
  #held = 0;

  constructor(private readonly limit: number) {}

  get(key: string): ScalarMap | undefined {
    const map = this.#maps.get(key);
    if (map === undefined) return undefined;
    this.#maps.delete(key);
    this.#maps.set(key, map);
    return map;
  }

  has(key: string): boolean {
    return this.#maps.has(key);
  }

  set(key: string, map: ScalarMap): void {
    this.delete(key);
    this.#maps.set(key, map);
    this.#held += map.data.length;
    for (const [oldest, old] of this.#maps) {
      if (this.#held <= this.limit || oldest === key) break;
      this.#maps.delete(oldest);
      this.#held -= old.data.length;
    }
  }

  delete(key: string): void {
    this.#held -= this.#maps.get(key)?.data.length ?? 0;
    this.#maps.delete(key);
  }

  clear(): void {
    this.#maps.clear();
    this.#held = 0;
  }
}
