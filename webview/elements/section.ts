import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { PrismElement } from './element';
import { icon } from './icon';

/** A part of the side column under a title that folds it away, like a view of the workbench's side bar. */
@customElement('prism-section')
export class Section extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 22px;
      }

      :host(:not(:first-of-type)) {
        border-top: 1px solid var(--vscode-sideBarSectionHeader-border, var(--line));
      }

      h2 {
        flex: none;
        font-size: 11px;
        font-weight: 700;
        margin: 0;
        text-transform: uppercase;
      }

      button {
        align-items: center;
        background: var(--vscode-sideBarSectionHeader-background, transparent);
        border: 0;
        color: var(--vscode-sideBarSectionHeader-foreground, inherit);
        cursor: pointer;
        display: flex;
        font: inherit;
        gap: 2px;
        height: 22px;
        letter-spacing: inherit;
        padding: 0 8px 0 2px;
        text-transform: inherit;
        width: 100%;
      }

      .note {
        font-weight: normal;
        margin-inline-start: auto;
        text-transform: none;
      }

      .content {
        min-height: 0;
        overflow: auto;
      }
    `,
  ];

  @property() heading = '';
  @property() note = '';
  @property({ type: Boolean, reflect: true }) closed = false;

  protected override render(): TemplateResult {
    return html`
      <h2>
        <button
          aria-expanded=${this.closed ? 'false' : 'true'}
          aria-controls="content"
          @click=${() => {
            this.closed = !this.closed;
          }}
        >
          ${icon(this.closed ? 'chevron-right' : 'chevron-down')}
          <span class="ellipsis">${this.heading}</span>
          <span class="note quiet number">${this.note}</span>
        </button>
      </h2>
      <div id="content" class="content" ?hidden=${this.closed}><slot></slot></div>
    `;
  }
}
