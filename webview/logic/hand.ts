import { type Camera, type Point, pan, pinch, type Rect, type Size, zoomAt } from './geometry';

/** What is looked at on a canvas, and how. */
export interface Sight {
  readonly camera: Camera;
  readonly content: Rect;
  readonly canvas: Size;
  readonly margin: number;
}

/** Fingers and the pointer, by their ids; points are pixels of the canvas. */
interface Touch {
  readonly id: number;
  readonly at: Point;
}

const zoomStep = 1.5;

/** Turns wheel, keys, dragging and pinching into cameras. */
export class Hand {
  #touches: readonly Touch[] = [];
  #from: Point = { x: 0, y: 0 };
  #moved = false;

  /** @param slack how far a click may slip without being a drag, in pixels of the canvas */
  constructor(
    private readonly sight: () => Sight,
    private readonly aim: (camera: Camera) => void,
    private readonly slack: () => number,
  ) {}

  /** Whether something is held down. */
  get holds(): boolean {
    return this.#touches.length > 0;
  }

  /** Whether what is held was moved: a click is none any more. */
  get moved(): boolean {
    return this.#moved;
  }

  /** Where it began. */
  get from(): Point {
    return this.#from;
  }

  down(id: number, at: Point): void {
    if (this.#touches.length === 0) {
      this.#from = at;
      this.#moved = false;
    }
    this.#touches = [...this.#touches.filter((touch) => touch.id !== id), { id, at }].slice(-2);
  }

  /**
   * Follows what is held.
   *
   * @param pans false: something else is done with the drag
   * @returns whether this is a drag by now
   */
  move(id: number, at: Point, pans = true): boolean {
    const index = this.#touches.findIndex((touch) => touch.id === id);
    if (index < 0) return false;
    this.#moved ||= this.#touches.length > 1 || Math.hypot(at.x - this.#from.x, at.y - this.#from.y) > this.slack();
    if (!this.#moved) return false;
    const before = this.#touches.map((touch) => touch.at);
    this.#touches = this.#touches.with(index, { id, at });
    const after = this.#touches.map((touch) => touch.at);
    if (pans) this.#follow(before, after);
    return true;
  }

  up(id: number): void {
    this.#touches = this.#touches.filter((touch) => touch.id !== id);
  }

  /** Zooms about a point, by default the middle. */
  zoom(factor: number, about?: Point): void {
    const { camera, content, canvas, margin } = this.sight();
    const at = about ?? { x: canvas.width / 2, y: canvas.height / 2 };
    this.aim(zoomAt(camera, factor, at, content, canvas, margin));
  }

  /** @param deltaMode of a wheel event: 0 where the delta is in pixels */
  wheel(deltaY: number, deltaMode: number, at: Point): void {
    this.zoom(2 ** (-deltaY / (deltaMode === 0 ? 200 : 4)), at);
  }

  /** Whether a key zooms; `0`, which shows everything, is the caller's. */
  key(key: string): boolean {
    if (key === '+' || key === '=') this.zoom(zoomStep);
    else if (key === '-') this.zoom(1 / zoomStep);
    else return false;
    return true;
  }

  #follow([a, b]: readonly Point[], [a2, b2]: readonly Point[]): void {
    const { camera, content, canvas, margin } = this.sight();
    if (a && a2 && b && b2) this.aim(pinch(camera, [a, b], [a2, b2], content, canvas, margin));
    else if (a && a2) this.aim(pan(camera, { x: a2.x - a.x, y: a2.y - a.y }, content, canvas, margin));
  }
}
