import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { Progress as ProgressReport } from '../../src/protocol';
import { type ColourMap, colourMaps } from '../logic/colour-maps';
import { percent } from '../logic/numbers';
import { Heatmap } from '../painting/heatmap';
import { PrismElement } from './element';
import { icon } from './icon';

declare module './element' {
  interface PrismEvents {
    'work-cancel': undefined;
  }
}

/** What is being computed, how far it is, and the map so far. */
@customElement('prism-progress')
export class Progress extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: block;
      }

      .line {
        align-items: center;
        display: flex;
        gap: 8px;
        min-height: 24px;
        padding: 0 8px;
      }

      canvas {
        border: 1px solid var(--line);
        height: 64px;
        image-rendering: pixelated;
        margin-block: 4px;
        object-fit: contain;
        width: 64px;
      }

      canvas[hidden] {
        display: none;
      }

      .message {
        flex: 1;
        min-width: 0;
      }

      @media (prefers-reduced-motion: reduce) {
        vscode-progress-bar::part(indicator) {
          animation: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) progress: ProgressReport | undefined;
  @property({ attribute: false }) colours: ColourMap = colourMaps[0]!;

  @query('canvas') private canvas!: HTMLCanvasElement;

  readonly #heatmap = new Heatmap();
  #paints = 0;

  protected override render(): TemplateResult {
    const { progress, t } = this;
    const message = progress?.message || t('Explaining…');
    const fraction = progress?.fraction;
    return html`
      <vscode-progress-bar
        aria-label=${message}
        .value=${fraction === undefined ? undefined : 100 * fraction}
      ></vscode-progress-bar>
      <div class="line">
        <canvas
          role="img"
          aria-label=${t('The map so far')}
          data-pane="partial"
          width="1"
          height="1"
          ?hidden=${progress?.partial === undefined}
        ></canvas>
        <span class="message ellipsis">
          ${message} ${fraction === undefined ? nothing : html`<span class="number quiet">${percent(fraction)}</span>`}
        </span>
        <button class="tool" @click=${() => this.emit('work-cancel', undefined)}>${icon('close')} ${t('Cancel')}</button>
      </div>
    `;
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const partial = this.progress?.partial;
    if (partial === undefined) return;
    const look = { colours: this.colours, opacity: 1, sigma: 0, rule: 'maximum' } as const;
    const { canvas } = this.#heatmap.paint(partial, look);
    this.canvas.width = canvas.width;
    this.canvas.height = canvas.height;
    this.canvas.getContext('2d')!.drawImage(canvas, 0, 0);
    this.canvas.dataset.map = 'partial';
    this.canvas.dataset.painted = String(++this.#paints);
  }
}
