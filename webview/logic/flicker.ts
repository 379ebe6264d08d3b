import type { HostApi } from '../../src/protocol/panel';

/** What alternates with the picture on show: the photograph, what was shown before, or a compared method by its id. */
export type FlickerWith = 'photograph' | 'before' | `method:${string}`;

/** The other of two pictures; a map has values, the photograph is by itself. */
export type Flickered =
  | { readonly kind: 'photograph'; readonly title: string }
  | ({ readonly kind: 'map' } & NonNullable<Awaited<ReturnType<HostApi['before']>>>);

/** Changes a second. Three flashes a second, which are six changes, may be dangerous; this stays well below. */
export const flickerRates = { least: 0.5, usual: 1.5, most: 4 } as const;

/** Calls back again and again until it is told to stop. */
export type Repeat = (callback: () => void, ms: number) => () => void;

const everySo: Repeat = (callback, ms) => {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
};

/** Two pictures in turns, by hand or by the clock. */
export class Flicker {
  #with: FlickerWith | undefined;
  #other = false;
  #stop: (() => void) | undefined;

  constructor(
    private readonly changed: () => void,
    private readonly repeat: Repeat = everySo,
  ) {}

  /** Undefined: nothing alternates. */
  get with(): FlickerWith | undefined {
    return this.#with;
  }

  /** Whether the other picture is to be seen. */
  get other(): boolean {
    return this.#other;
  }

  get plays(): boolean {
    return this.#stop !== undefined;
  }

  /** Alternates with something, or with something else, beginning with the picture that is there. */
  begin(other: FlickerWith): void {
    this.#with = other;
    this.#other = false;
    this.changed();
  }

  end(): void {
    if (this.#with === undefined) return;
    this.#halt();
    this.#with = undefined;
    this.#other = false;
    this.changed();
  }

  /** Shows the other of the two. */
  flip(): void {
    if (this.#with === undefined) return;
    this.#other = !this.#other;
    this.changed();
  }

  /** Goes on by itself, so many changes a second. */
  play(rate: number): void {
    if (this.#with === undefined) return;
    this.#halt();
    const within = Math.min(flickerRates.most, Math.max(flickerRates.least, rate));
    this.#stop = this.repeat(() => this.flip(), 1000 / within);
    this.changed();
  }

  pause(): void {
    this.#halt();
    this.changed();
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
