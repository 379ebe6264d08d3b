import { css, html, type TemplateResult } from 'lit';
import { customElement, property, query, queryAll, state } from 'lit/decorators.js';
import { PrismElement } from './element';
import { type IconName, icon } from './icon';
import { moveFocus } from './roving';

export interface MenuItem {
  readonly id: string;
  readonly title: string;
}

declare module './element' {
  interface PrismEvents {
    'menu-choose': string;
  }
}

/** A button that opens a menu. */
@customElement('prism-menu')
export class Menu extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: inline-block;
        position: relative;
      }

      [role='menu'] {
        background: var(--vscode-menu-background);
        border: 1px solid var(--vscode-menu-border, var(--line));
        border-radius: 5px;
        box-shadow: 0 2px 8px var(--vscode-widget-shadow, transparent);
        color: var(--vscode-menu-foreground);
        display: flex;
        flex-direction: column;
        inset-inline-end: 0;
        padding: 4px;
        position: absolute;
        top: 100%;
        white-space: nowrap;
        z-index: 10;
      }

      [role='menu'][hidden] {
        display: none;
      }

      [role='menuitem'] {
        background: none;
        border: 0;
        border-radius: 3px;
        color: inherit;
        cursor: pointer;
        font: inherit;
        height: 24px;
        padding: 0 20px;
        text-align: start;
      }

      [role='menuitem']:hover,
      [role='menuitem']:focus {
        background: var(--vscode-menu-selectionBackground);
        color: var(--vscode-menu-selectionForeground);
        outline: 1px solid var(--vscode-menu-selectionBorder, transparent);
        outline-offset: -1px;
      }
    `,
  ];

  @property() label = '';
  @property() icon: IconName = 'export';
  @property({ attribute: false }) items: readonly MenuItem[] = [];

  @state() private open = false;

  @query('button.tool') private button!: HTMLElement;
  @queryAll('[role="menuitem"]') private entries!: NodeListOf<HTMLElement>;

  protected override render(): TemplateResult {
    return html`
      <button
        class="tool"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-controls="menu"
        title=${this.label}
        aria-label=${this.label}
        @click=${() => (this.open ? this.#close() : this.#show())}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          void this.#show();
        }}
      >
        ${icon(this.icon)}
      </button>
      <div id="menu" role="menu" aria-label=${this.label} ?hidden=${!this.open} @focusout=${this.#onFocusOut}>
        ${this.items.map(
          ({ id, title }) => html`<button
            role="menuitem"
            tabindex="-1"
            @click=${() => {
              this.#close();
              this.emit('menu-choose', id);
            }}
            @keydown=${this.#onKey}
          >
            ${title}
          </button>`,
        )}
      </div>
    `;
  }

  async #show(): Promise<void> {
    this.open = true;
    await this.updateComplete;
    this.entries[0]?.focus();
  }

  #close(): void {
    if (!this.open) return;
    this.open = false;
    this.button.focus();
  }

  #onFocusOut = (event: FocusEvent): void => {
    const next = event.relatedTarget;
    if (!(next instanceof Node && this.renderRoot.contains(next))) this.open = false;
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' || event.key === 'Tab') this.#close();
    else if (!moveFocus(event, [...this.entries])) return;
    event.preventDefault();
    event.stopPropagation();
  };
}
