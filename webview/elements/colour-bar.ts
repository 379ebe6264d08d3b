import { css, html, type PropertyValues, svg, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { type ColourMap, colourTable } from '../logic/colour-maps';
import { number } from '../logic/numbers';
import { PrismElement } from './element';

/** The colours of a map with the values they stand for, and a mark at the value pointed at. */
@customElement('prism-colour-bar')
export class ColourBar extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        align-items: center;
        display: grid;
        font-size: 11px;
        gap: 6px;
        grid-template-columns: minmax(3.5em, auto) minmax(40px, 320px) minmax(3.5em, auto);
        justify-content: center;
      }

      .low {
        text-align: end;
      }

      .bar {
        border: 1px solid var(--line);
        height: 9px;
        position: relative;
      }

      canvas {
        display: block;
        height: 100%;
        width: 100%;
      }

      svg {
        height: 17px;
        inset: -5px 0 auto;
        overflow: visible;
        pointer-events: none;
        position: absolute;
        width: 100%;
      }

      .zero {
        stroke: var(--vscode-foreground);
        stroke-opacity: 0.5;
      }

      .value {
        fill: var(--vscode-foreground);
        stroke: var(--vscode-editor-background);
      }
    `,
  ];

  @property({ attribute: false }) colours: ColourMap | undefined;
  /** The magnitude of the end colour. */
  @property({ type: Number }) scale = 0;
  @property({ type: Number }) value: number | undefined;

  @query('canvas') private canvas!: HTMLCanvasElement;

  protected override render(): TemplateResult {
    const diverging = this.colours?.kind === 'diverging';
    const low = diverging ? number(-this.scale) : '0';
    return html`
      <span class="low number quiet">${low}</span>
      <div
        class="bar"
        role="img"
        aria-label=${this.t('Colours from {0} to {1}', low, number(this.scale))}
      >
        <canvas width="1" height="1"></canvas>
        <svg aria-hidden="true">
          ${diverging ? svg`<line class="zero" x1="50%" x2="50%" y1="1" y2="16" />` : ''} ${this.#mark(diverging)}
        </svg>
      </div>
      <span class="high number quiet">${number(this.scale)}</span>
    `;
  }

  #mark(diverging: boolean): TemplateResult | string {
    if (this.value === undefined || !Number.isFinite(this.value) || this.scale === 0) return '';
    const share = Math.max(diverging ? -1 : 0, Math.min(1, this.value / this.scale));
    const at = diverging ? (share + 1) / 2 : share;
    return svg`<svg x="${100 * at}%" overflow="visible"><path class="value" d="M-4 0h8L0 6z" /></svg>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('colours') || this.colours === undefined) return;
    const table = colourTable(this.colours, 1) as Uint8ClampedArray<ArrayBuffer>;
    const width = table.length / 4;
    this.canvas.width = width;
    this.canvas.getContext('2d')!.putImageData(new ImageData(table, width, 1), 0, 0);
  }
}
