import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { RemoteError } from '../../src/protocol';
import type { ViewState } from '../../src/protocol/view';
import { PrismElement } from './element';
import './message';
import './progress';

/** How far the work behind a view is, what became of it, and what else was asked for in vain. */
@customElement('prism-work')
export class Work extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: contents;
      }
    `,
  ];

  @property({ attribute: false }) work: ViewState | undefined;
  /** A request of the view's own that failed, until it is dismissed. */
  @property({ attribute: false }) notice: RemoteError | undefined;

  /** Whether another method can be chosen in this view. */
  @property({ type: Boolean }) methods = false;

  protected override render(): TemplateResult | typeof nothing {
    const { work, notice, t } = this;
    if (!work) return nothing;
    const { status, progress, error } = work;
    return html`
      ${status === 'working' ? html`<prism-progress .t=${t} .progress=${progress}></prism-progress>` : nothing}
      <prism-message
        ?hidden=${status !== 'failed'}
        .t=${t}
        .error=${error}
        .retry=${true}
        .methods=${this.methods}
      ></prism-message>
      <slot></slot>
      <prism-message ?hidden=${!notice} .t=${t} .error=${notice} .methods=${this.methods}></prism-message>
    `;
  }
}
