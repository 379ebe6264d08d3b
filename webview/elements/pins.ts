import { css, html, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { PinnedPicture } from '../../src/protocol/panel';
import { PrismElement } from './element';
import { isActivation, moveFocus } from './roving';
import { listStyles } from './styles';

declare module './element' {
  interface PrismEvents {
    'picture-show': string;
    'picture-unpin': string;
  }
}

/** Images that are kept at hand, in a row: one is chosen to ask the same of it. */
@customElement('prism-pins')
export class Pins extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    listStyles,
    css`
      :host {
        display: block;
        overflow-x: auto;
        padding: 2px 6px 4px;
      }

      [role='listbox'] {
        flex-direction: row;
        gap: 4px;
      }

      [role='option'] {
        border-radius: 4px;
        flex: none;
        padding: 2px;
        width: 64px;
      }

      img {
        display: block;
        height: 40px;
        object-fit: cover;
        width: 100%;
      }

      .name {
        display: block;
        font-size: 11px;
      }
    `,
  ];

  @property({ attribute: false }) pictures: readonly PinnedPicture[] = [];
  /** Path of the one that is explained, pinned or not. */
  @property({ attribute: false }) shown: string | undefined;

  @queryAll('[role="option"]') private entries!: NodeListOf<HTMLElement>;

  protected override render(): TemplateResult {
    const { t, pictures, shown } = this;
    const focusable = pictures.find(({ path }) => path === shown) ?? pictures[0];
    return html`<div
      role="listbox"
      aria-orientation="horizontal"
      aria-label=${t('Pinned pictures: Enter explains one, Delete unpins it')}
    >
      ${repeat(
        pictures,
        ({ path }) => path,
        ({ path, name, source }) => html`<div
          role="option"
          aria-selected=${path === shown}
          tabindex=${path === focusable?.path ? 0 : -1}
          title=${path}
          aria-label=${name}
          @click=${() => this.emit('picture-show', path)}
          @keydown=${(event: KeyboardEvent) => this.#onKey(event, path)}
        >
          <img src=${source} alt="" loading="lazy" decoding="async" />
          <span class="name ellipsis">${name}</span>
        </div>`,
      )}
    </div>`;
  }

  #onKey(event: KeyboardEvent, path: string): void {
    if (moveFocus(event, [...this.entries], true)) return;
    if (isActivation(event)) this.emit('picture-show', path);
    else if (event.key === 'Delete') this.emit('picture-unpin', path);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
