import type { RemoteError } from '../../src/protocol';
import type { AlikePfv, PfvHostApi, PfvPlace } from '../../src/protocol/pfv';
import { type Client, toRemoteError } from '../../src/rpc';

/** How many are shown, and how many of one image at most. */
const mostShown = 12;
const mostOfOne = 3;

/** A PFV of another image. */
export interface Found extends AlikePfv {
  readonly image: string;
}

/** How far a search is. */
export interface Search {
  readonly place: PfvPlace;
  readonly folder: string;
  readonly total: number;
  readonly done: number;
  readonly running: boolean;
  /** The likest first. */
  readonly found: readonly Found[];
  /** Images that could not be looked at, and why the last one could not. */
  readonly failed: number;
  readonly reason?: RemoteError;
}

/** Looks for PFVs like one, image after image; what is found is there at once. */
export class AlikeSearch {
  now: Search | undefined;
  #run: AbortController | undefined;

  constructor(
    private readonly host: Pick<Client<PfvHostApi>, 'alikeImages' | 'alikeIn'>,
    private readonly changed: () => void,
  ) {}

  /** Searches the images of a folder; resolves at the end. Throws when the images are not known. */
  async start(place: PfvPlace, folder: 'own' | 'chosen'): Promise<void> {
    this.stop();
    const run = new AbortController();
    this.#run = run;
    const where = await this.host.alikeImages({ folder });
    if (where === null || run.signal.aborted) return;
    this.now = {
      place,
      folder: where.folder,
      total: where.images.length,
      done: 0,
      running: true,
      found: [],
      failed: 0,
    };
    this.changed();
    for (const image of where.images) {
      const change = await this.#lookIn(image, place, run.signal);
      if (run.signal.aborted) return;
      this.#change({ ...change, done: this.now.done + 1 });
    }
    this.#change({ running: false });
  }

  /** Looks no further; what was found stays. */
  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    if (this.now?.running) this.#change({ running: false });
  }

  /** Forgets what was found: another PFV is looked at. */
  clear(): void {
    this.#run?.abort();
    this.#run = undefined;
    this.now = undefined;
  }

  async #lookIn(image: string, place: PfvPlace, cancel: AbortSignal): Promise<Partial<Search>> {
    const { found = [], failed = 0 } = this.now ?? {};
    const floor = found.length < mostShown ? 0 : found[mostShown - 1]!.cosine;
    try {
      const more = await this.host.alikeIn({ ...place, image, count: mostOfOne, floor }, { cancel });
      const all = [...found, ...more.map((pfv): Found => ({ ...pfv, image }))];
      return { found: all.sort((a, b) => b.cosine - a.cosine).slice(0, mostShown) };
    } catch (reason) {
      return { failed: failed + 1, reason: toRemoteError(reason) };
    }
  }

  #change(change: Partial<Search>): void {
    if (this.now) this.now = { ...this.now, ...change };
    this.changed();
  }
}
