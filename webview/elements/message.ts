import '@vscode-elements/elements/dist/vscode-button/index.js';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { RemoteError } from '../../src/protocol';
import { PrismElement } from './element';
import { icon } from './icon';

declare module './element' {
  interface PrismEvents {
    'work-retry': undefined;
    'log-show': undefined;
    'message-dismiss': undefined;
    'method-pick': undefined;
  }
}

/** Codes of a method that cannot treat the model, while others may. */
const beyond: ReadonlySet<string> = new Set([
  'METHOD_DOES_NOT_FIT',
  'NO_LOCATIONS',
  'SRD_UNSUPPORTED',
  'UNSUPPORTED_ATTRIBUTE',
  'UNSUPPORTED_OPERATOR',
]);

/** A failure, with what can be done about it. */
@customElement('prism-message')
export class Message extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        background: var(--vscode-inputValidation-errorBackground, transparent);
        border: 1px solid var(--vscode-inputValidation-errorBorder, var(--line));
        border-radius: 4px;
        color: var(--vscode-inputValidation-errorForeground, inherit);
        display: grid;
        gap: 4px 8px;
        grid-template-columns: auto minmax(0, 1fr) auto;
        margin: 6px 8px;
        padding: 8px;
      }

      .codicon {
        color: var(--vscode-editorError-foreground, inherit);
        margin-top: 1px;
      }

      .text {
        overflow-wrap: anywhere;
        user-select: text;
      }

      code {
        font-family: var(--numbers);
        font-size: 12px;
      }

      .place {
        font-size: 12px;
      }

      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        grid-column: 2 / -1;
        margin-top: 4px;
      }
    `,
  ];

  @property({ attribute: false }) error: RemoteError | undefined;
  /** Whether the failure is that of the explanation, which can be tried again. */
  @property({ type: Boolean }) retry = false;
  /** Whether another method can be chosen where the failure is shown. */
  @property({ type: Boolean }) methods = false;
  /** Whether an earlier explanation is still shown. */
  @property({ type: Boolean }) earlier = false;

  protected override render(): TemplateResult | typeof nothing {
    const { error, t } = this;
    if (error === undefined) return nothing;
    const { node, op } = error.details ?? {};
    const place = [node && t('node {0}', String(node)), op && t('operator {0}', String(op))].filter(Boolean).join(', ');
    return html`
      ${icon('error')}
      <div class="text" role="alert">
        <div><code>${error.code}</code> ${error.message}</div>
        ${place ? html`<div class="place">${place}</div>` : nothing}
        ${this.earlier ? html`<div class="place">${t('Below is the last explanation that succeeded.')}</div>` : nothing}
      </div>
      ${
        this.retry
          ? nothing
          : html`<button
              class="tool"
              title=${t('Dismiss')}
              aria-label=${t('Dismiss')}
              @click=${() => this.emit('message-dismiss', undefined)}
            >
              ${icon('close')}
            </button>`
      }
      <div class="actions">
        ${
          this.retry
            ? html`<vscode-button @click=${() => this.emit('work-retry', undefined)}>${t('Retry')}</vscode-button>`
            : nothing
        }
        ${
          this.methods && beyond.has(error.code)
            ? html`<vscode-button @click=${() => this.emit('method-pick', undefined)}
                >${t('Choose another method…')}</vscode-button
              >`
            : nothing
        }
        <vscode-button secondary @click=${() => this.emit('log-show', undefined)}>${t('Show log')}</vscode-button>
      </div>
    `;
  }
}
