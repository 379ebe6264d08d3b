import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { LayerInfo } from '../../src/protocol';
import type { Point } from '../logic/geometry';
import { placeName } from '../logic/pfv-grid';
import { PrismElement } from './element';
import { icon } from './icon';

declare module './element' {
  interface PrismEvents {
    'go-back': undefined;
    'pin-remove': undefined;
  }
}

/** The way from the class map to the layer and the PFV that are open. */
@customElement('prism-breadcrumb')
export class Breadcrumb extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        align-items: center;
        display: flex;
        gap: 4px;
        min-width: 0;
      }

      ol {
        align-items: center;
        display: flex;
        list-style: none;
        margin: 0;
        min-width: 0;
        padding: 0;
      }

      li {
        align-items: center;
        display: flex;
        min-width: 0;
      }

      .here {
        font-weight: 600;
      }

      button.link {
        color: var(--vscode-breadcrumb-foreground, inherit);
      }

      button.link:hover {
        color: var(--vscode-breadcrumb-focusForeground, inherit);
      }
    `,
  ];

  @property({ attribute: false }) layer: LayerInfo | undefined;
  @property({ attribute: false }) pinned: Point | undefined;

  protected override render(): TemplateResult {
    const { t, layer, pinned } = this;
    const back = (): void => this.emit('go-back', undefined);
    return html`
      ${
        layer === undefined
          ? nothing
          : html`<button
              class="tool"
              title=${t('Back to the class map (Backspace)')}
              aria-label=${t('Back to the class map (Backspace)')}
              @click=${back}
            >
              ${icon('arrow-left')}
            </button>`
      }
      <nav aria-label=${t('Where you are')}>
        <ol>
          ${
            layer === undefined
              ? html`<li class="here ellipsis" aria-current="location">${t('Class map')}</li>`
              : html`<li><button class="link ellipsis" @click=${back}>${t('Class map')}</button></li>
                  ${this.#layer(layer, pinned)}`
          }
        </ol>
      </nav>
    `;
  }

  #layer(layer: LayerInfo, pinned: Point | undefined): TemplateResult {
    const { t } = this;
    if (pinned === undefined) {
      return html`<li>
        ${icon('chevron-right')}<span class="here ellipsis" aria-current="location">${layer.title}</span>
      </li>`;
    }
    return html`<li>${icon('chevron-right')}<span class="ellipsis">${layer.title}</span></li>
      <li>
        ${icon('chevron-right')}
        <span class="here ellipsis" aria-current="location">${t('PFV {0}', placeName(layer, pinned))}</span>
        <button
          class="tool"
          title=${t('Unpin (Escape)')}
          aria-label=${t('Unpin (Escape)')}
          @click=${() => this.emit('pin-remove', undefined)}
        >
          ${icon('pinned')}
        </button>
      </li>`;
  }
}
