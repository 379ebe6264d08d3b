import type { ScalarMap } from '../../src/protocol';
import { type ColourMap, colourTable, paint } from '../logic/colour-maps';
import { type ScaleRule, scaleOf } from '../logic/scale';
import { smooth } from '../logic/smooth';

/** How a map is painted. */
export interface Look {
  readonly colours: ColourMap;
  readonly opacity: number;
  /** Standard deviation of the smoothing in pixels of the map. */
  readonly sigma: number;
  readonly rule: ScaleRule;
}

/** Valid until the next map is painted. */
export interface Painted {
  readonly canvas: OffscreenCanvas;
  /** The values that were painted: smoothed. */
  readonly shown: ScalarMap;
  /** The magnitude that has the end colour. */
  readonly scale: number;
}

const sameLook = (a: Look, b: Look): boolean =>
  a.colours === b.colours && a.opacity === b.opacity && a.sigma === b.sigma && a.rule === b.rule;

/** Paints one map after another at their native size, repeating only the steps that a change makes necessary. */
export class Heatmap {
  #image: ImageData | undefined;
  #canvas: OffscreenCanvas | undefined;
  #smoothed: { readonly map: ScalarMap; readonly sigma: number; readonly result: ScalarMap } | undefined;
  #table: { readonly look: Look; readonly result: Uint8ClampedArray } | undefined;
  #painted: { readonly map: ScalarMap; readonly look: Look; readonly result: Painted } | undefined;

  paint(map: ScalarMap, look: Look): Painted {
    const last = this.#painted;
    if (last?.map === map && sameLook(last.look, look)) return last.result;
    const shown = this.#smooth(map, look.sigma);
    const { width, height, data } = shown;
    const scale = scaleOf(data, look.rule);
    const image = this.#imageOf(width, height);
    paint(data, this.#colours(look), look.colours.kind, scale, image.data);
    const canvas = this.#canvasOf(width, height);
    canvas.getContext('2d')!.putImageData(image, 0, 0);
    const result = { canvas, shown, scale };
    this.#painted = { map, look, result };
    return result;
  }

  #imageOf(width: number, height: number): ImageData {
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = new ImageData(width, height);
    return this.#image;
  }

  #canvasOf(width: number, height: number): OffscreenCanvas {
    this.#canvas ??= new OffscreenCanvas(width, height);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    return this.#canvas;
  }

  #smooth(map: ScalarMap, sigma: number): ScalarMap {
    if (this.#smoothed?.map !== map || this.#smoothed.sigma !== sigma) {
      this.#smoothed = { map, sigma, result: smooth(map, sigma) };
    }
    return this.#smoothed.result;
  }

  #colours(look: Look): Uint8ClampedArray {
    if (this.#table?.look.colours !== look.colours || this.#table.look.opacity !== look.opacity) {
      this.#table = { look, result: colourTable(look.colours, look.opacity) };
    }
    return this.#table.result;
  }
}
