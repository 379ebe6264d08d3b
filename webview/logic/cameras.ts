import { type Camera, wholeContent } from './geometry';

/** What several pictures of the same content look at: all of them the same, or each by itself. */
export class Cameras {
  #linked: boolean;
  #shared: Camera = wholeContent;
  readonly #own = new Map<string, Camera>();

  constructor(
    linked: boolean,
    private readonly changed: () => void,
  ) {
    this.#linked = linked;
  }

  get linked(): boolean {
    return this.#linked;
  }

  /** What a picture looks at. One that shows something else, `apart`, is never linked. */
  of(pane: string, apart = false): Camera {
    return apart || !this.#linked ? (this.#own.get(pane) ?? (apart ? wholeContent : this.#shared)) : this.#shared;
  }

  aim(pane: string, camera: Camera, apart = false): void {
    if (this.#linked && !apart) this.#shared = camera;
    else {
      // The one moved last comes last.
      this.#own.delete(pane);
      this.#own.set(pane, camera);
    }
    this.changed();
  }

  /** Shows everything whole again. */
  fit(): void {
    this.#shared = wholeContent;
    this.#own.clear();
    this.changed();
  }

  /** Linked, all look at what the one moved last looks at; unlinked, each stays where it is. */
  link(linked: boolean): void {
    if (linked === this.#linked) return;
    this.#linked = linked;
    if (linked) this.#shared = [...this.#own.values()].at(-1) ?? this.#shared;
    this.#own.clear();
    this.changed();
  }
}
