import { css, html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ScalarMap } from '../../src/protocol';
import type { AttentionHead } from '../../src/protocol/attention';
import { PrismElement } from '../elements/element';
import { isActivation, moveFocus } from '../elements/roving';
import { type ColourMap, colourTable, paint } from '../logic/colour-maps';
import { scaleOf } from '../logic/scale';

declare module '../elements/element' {
  interface PrismEvents {
    'head-choose': AttentionHead;
  }
}

/** All heads of an attention, small, to choose one of. */
@customElement('prism-attention-heads')
export class AttentionHeadsView extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        overflow: auto;
        padding: 6px 12px;
      }

      button {
        align-items: center;
        background: none;
        border: 1px solid var(--line);
        border-radius: 3px;
        color: inherit;
        cursor: pointer;
        display: flex;
        flex-direction: column;
        font: inherit;
        gap: 2px;
        padding: 4px;
      }

      button[aria-selected='true'] {
        background: var(--vscode-list-activeSelectionBackground);
        border-color: var(--vscode-focusBorder);
        color: var(--vscode-list-activeSelectionForeground);
      }

      button:focus-visible {
        outline: 2px solid var(--vscode-focusBorder);
        outline-offset: 1px;
      }

      canvas {
        background: var(--vscode-editor-background);
        height: 72px;
        image-rendering: pixelated;
        width: 72px;
      }

      .all {
        align-self: stretch;
        justify-content: center;
        min-width: 52px;
      }

      @media (forced-colors: active) {
        canvas {
          forced-color-adjust: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) heads: readonly ScalarMap[] = [];
  @property({ attribute: false }) chosen: AttentionHead = 'all';
  @property({ attribute: false }) colours: ColourMap | undefined;

  protected override render(): TemplateResult {
    const { t, heads } = this;
    return html`${this.#entry('all', html`${t('All')}`, t('All heads together'))}
    ${heads.map(({ width, height }, head) =>
      this.#entry(
        head,
        html`<canvas aria-hidden="true" width=${width} height=${height}></canvas><span class="number">${head}</span>`,
        t('Head {0} of {1}', head, heads.length),
      ),
    )}`;
  }

  #entry(head: AttentionHead, inside: TemplateResult, label: string): TemplateResult {
    const isChosen = head === this.chosen;
    return html`<button
      role="option"
      class=${head === 'all' ? 'all' : ''}
      aria-selected=${isChosen}
      aria-label=${label}
      title=${label}
      tabindex=${isChosen ? 0 : -1}
      @click=${() => this.emit('head-choose', head)}
      @keydown=${(event: KeyboardEvent) => {
        if (isActivation(event)) return;
        moveFocus(event, [...this.renderRoot.querySelectorAll('button')], true);
      }}
    >
      ${inside}
    </button>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('role', 'listbox');
    this.setAttribute('aria-orientation', 'horizontal');
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('t')) this.setAttribute('aria-label', this.t('Heads'));
    if (!this.colours || !(changed.has('heads') || changed.has('colours'))) return;
    const table = faded(this.colours);
    this.renderRoot.querySelectorAll('canvas').forEach((canvas, head) => {
      const { width, height, data } = this.heads[head]!;
      const image = new ImageData(width, height);
      paint(data, table, this.colours!.kind, scaleOf(data, 'percentile'), image.data);
      canvas.getContext('2d')!.putImageData(image, 0, 0);
      canvas.toggleAttribute('data-painted', true);
    });
  }
}

/** How much of the scale it takes until a colour hides the background: what is near zero looks like the theme. */
const SHOWN = 0.25;

/** The colours of a diverging map, nothing at zero. */
function faded(colours: ColourMap): Uint8ClampedArray {
  const table = colourTable(colours, 1);
  const last = table.length / 4 - 1;
  for (let at = 0; at <= last; at++) table[4 * at + 3] = 255 * Math.min(1, Math.abs((2 * at) / last - 1) / SHOWN);
  return table;
}
