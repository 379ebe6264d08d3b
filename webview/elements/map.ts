import { css, html, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { ScalarMap } from '../../src/protocol';
import { colourMap } from '../logic/colour-maps';
import { Heatmap } from '../painting/heatmap';
import { PrismElement } from './element';

/** A map painted as large as its host. */
@customElement('prism-map')
export class MapPicture extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        background: var(--vscode-editor-background);
        display: block;
      }

      canvas {
        display: block;
        height: 100%;
        object-fit: contain;
        width: 100%;
      }
    `,
  ];

  @property({ attribute: false }) map: ScalarMap | undefined;
  @property({ type: Boolean }) signed = true;

  @query('canvas') private canvas!: HTMLCanvasElement;

  readonly #heatmap = new Heatmap();

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true" width="1" height="1"></canvas>`;
  }

  protected override updated(): void {
    const { canvas, map, signed } = this;
    // What is shown smaller is averaged first: single strong pixels would leave the rest pale.
    const sigma = map ? Math.max(0.5, map.width / (2 * Math.max(1, this.clientWidth))) : 0;
    const colours = signed ? colourMap('rdbu', 'diverging') : colourMap('inferno', 'sequential');
    const painted = map && this.#heatmap.paint(map, { colours, opacity: 1, sigma, rule: 'percentile' });
    canvas.width = painted?.canvas.width ?? 1;
    canvas.height = painted?.canvas.height ?? 1;
    if (painted) canvas.getContext('2d')!.drawImage(painted.canvas, 0, 0);
    canvas.toggleAttribute('data-painted', painted !== undefined);
  }
}
