import { drawGround, type Scene, type Setting } from './scene';

/** The ground of one canvas, kept while what is drawn over it changes. */
export class Ground {
  readonly #canvas = new OffscreenCanvas(1, 1);
  #drawn: readonly unknown[] = [];

  /** The ground of a scene for a canvas of this size. */
  draw(width: number, height: number, scene: Scene, setting: Setting): OffscreenCanvas {
    const { photo, faint, grey, viewport } = scene;
    const { placement, theme, ratio } = setting;
    const colours = [theme.background, theme.foreground];
    const place = [placement.left, placement.top, placement.scale];
    const wanted = [width, height, photo, faint, grey, viewport, ...place, ...colours, ratio];
    if (wanted.some((part, i) => part !== this.#drawn[i])) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      drawGround(this.#canvas.getContext('2d')!, scene, setting);
      this.#drawn = wanted;
    }
    return this.#canvas;
  }
}
