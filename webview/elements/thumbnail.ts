import { css, html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { LayerInfo, ScalarMap } from '../../src/protocol';
import { type ColourMap, colourMaps } from '../logic/colour-maps';
import { arrange, pfvGrid } from '../logic/pfv-grid';
import { Heatmap } from '../painting/heatmap';
import { PrismElement } from './element';

/** In CSS pixels. */
const size = 34;

/** The map of a layer at its native size, shown small. */
@customElement('prism-thumbnail')
export class Thumbnail extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        background: var(--vscode-editor-background);
        border: 1px solid var(--line);
        display: grid;
        height: ${size}px;
        place-items: center;
        width: ${size}px;
      }

      canvas {
        display: block;
        max-height: 100%;
        max-width: 100%;
        min-height: 2px;
        object-fit: contain;
        width: 100%;
      }

      canvas.enlarged {
        image-rendering: pixelated;
      }
    `,
  ];

  @property({ attribute: false }) layer: LayerInfo | undefined;
  @property({ attribute: false }) map: ScalarMap | undefined;
  @property({ attribute: false }) colours: ColourMap = colourMaps[0]!;

  @query('canvas') private canvas!: HTMLCanvasElement;

  readonly #heatmap = new Heatmap();
  #paints = 0;

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true" width="1" height="1"></canvas>`;
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const { canvas, map, layer, colours } = this;
    const cells = map && layer && arrange(map, pfvGrid(layer));
    // What is shown smaller is averaged first: single strong pixels would leave the rest pale.
    const sigma = cells ? Math.max(0, cells.width / size - 1) / 2 : 0;
    const look = { colours, opacity: 1, sigma, rule: 'maximum' } as const;
    const painted = cells && this.#heatmap.paint(cells, look);
    canvas.width = painted?.canvas.width ?? 1;
    canvas.height = painted?.canvas.height ?? 1;
    canvas.classList.toggle('enlarged', canvas.width < canvas.clientWidth);
    if (painted === undefined) {
      delete canvas.dataset.painted;
      return;
    }
    canvas.getContext('2d')!.drawImage(painted.canvas, 0, 0);
    canvas.dataset.map = `layer:${layer!.id}`;
    canvas.dataset.painted = String(++this.#paints);
  }
}
