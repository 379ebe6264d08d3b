import type { ScalarMap } from '../../src/protocol';
import { MapCache } from './map-cache';

/** How many layers one request names: few enough that a click on a layer does not wait long behind thumbnails. */
const batchSize = 12;

/** 16 million values: 64 MiB. */
const limit = 1 << 24;

/**
 * Relevance maps of layers, fetched in batches when somebody wants to see them. What is wanted most recently comes
 * first, so that a scrolled list fills where the person looks.
 */
export class LayerMaps {
  readonly #maps = new MapCache(limit);
  readonly #wanted = new Set<string>();
  /** Asked for and not yet answered. */
  #asked: readonly string[] = [];
  readonly #failed = new Map<string, unknown>();
  #fetching = false;
  #epoch = 0;

  constructor(
    private readonly fetch: (layers: readonly string[]) => Promise<readonly ScalarMap[]>,
    private readonly changed: () => void,
  ) {}

  get(layer: string): ScalarMap | undefined {
    return this.#maps.get(layer);
  }

  /** Why the layer's map could not be had. */
  failure(layer: string): unknown {
    return this.#failed.get(layer);
  }

  /** Asks for a map unless it is there or was refused; `urgent` also asks again for a refused one. */
  want(layer: string, urgent = false): void {
    if (this.#maps.has(layer) || this.#asked.includes(layer)) return;
    if (urgent) this.#failed.delete(layer);
    if (this.#failed.has(layer)) return;
    this.#wanted.delete(layer);
    this.#wanted.add(layer);
    // Wants that come together go together.
    if (!this.#fetching) void this.#fetchAll();
  }

  /** No longer to be seen: not worth a request that has not been sent. */
  unwant(layer: string): void {
    this.#wanted.delete(layer);
  }

  /** Forgets everything: the maps were those of another explanation. */
  clear(): void {
    this.#maps.clear();
    this.#wanted.clear();
    this.#failed.clear();
    this.#asked = [];
    this.#epoch++;
  }

  async #fetchAll(): Promise<void> {
    this.#fetching = true;
    await Promise.resolve();
    while (this.#wanted.size > 0) {
      const batch = [...this.#wanted].slice(-batchSize).reverse();
      for (const layer of batch) this.#wanted.delete(layer);
      const epoch = this.#epoch;
      this.#asked = batch;
      try {
        const maps = await this.fetch(batch);
        if (epoch !== this.#epoch) continue;
        for (const [i, layer] of batch.entries()) this.#maps.set(layer, maps[i]!);
      } catch (reason) {
        if (epoch !== this.#epoch) continue;
        for (const layer of batch) this.#failed.set(layer, reason);
      }
      this.#asked = [];
      this.changed();
    }
    this.#fetching = false;
  }
}
