import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { PanelModel } from '../logic/panel-model';
import { PrismElement } from './element';
import { icon } from './icon';

/** Back and forward in what the panel has shown. */
@customElement('prism-history')
export class History extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: inline-flex;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;

  protected override render(): TemplateResult {
    const { model, t } = this;
    const { title: before } = model.historyEntry(-1) ?? {};
    const { title: after } = model.historyEntry(1) ?? {};
    return html`<span role="group" aria-label=${t('History')}>
      ${this.#button(-1, before === undefined ? t('Back') : t('Back to {0}', before))}
      ${this.#button(1, after === undefined ? t('Forward') : t('Forward to {0}', after))}
    </span>`;
  }

  #button(by: -1 | 1, label: string): TemplateResult {
    return html`<button
      class="tool"
      title=${`${label} (Alt+${by < 0 ? '←' : '→'})`}
      aria-label=${label}
      ?disabled=${!this.model.canGo(by)}
      @click=${() => this.model.go(by)}
    >
      ${icon(by < 0 ? 'arrow-left' : 'arrow-right')}
    </button>`;
  }
}
