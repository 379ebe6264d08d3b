import { css, html, nothing, svg, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Reading } from '../logic/readout';
import { PrismElement } from './element';

/** One line with the numbers of the place that is pointed at. */
@customElement('prism-readout')
export class Readout extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        gap: 0 14px;
        min-height: 20px;
        overflow: hidden;
        padding: 0 6px;
      }

      span {
        white-space: nowrap;
      }

      svg {
        border: 1px solid var(--line);
        height: 10px;
        vertical-align: -1px;
        width: 10px;
      }
    `,
  ];

  @property({ attribute: false }) readings: readonly Reading[] = [];
  /** What the person may do here, shown while there is nothing to read. */
  @property() hint = '';

  protected override render(): TemplateResult {
    if (this.readings.length === 0) return html`<span class="quiet ellipsis">${this.hint}</span>`;
    return html`${this.readings.map(
      ({ label, text, colour }) => html`<span>
        <span class="quiet">${label}</span>
        ${colour ? html`<svg aria-hidden="true">${svg`<rect width="10" height="10" fill=${colour} />`}</svg>` : nothing}
        <span class="number">${text}</span>
      </span>`,
    )}`;
  }
}
