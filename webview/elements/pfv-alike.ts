import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import type { Found, Search } from '../logic/pfv-alike';
import { PrismElement } from './element';
import { icon } from './icon';
import { moveFocus } from './roving';

declare module './element' {
  interface PrismEvents {
    'alike-search': 'own' | 'chosen';
    'alike-stop': undefined;
    'alike-open': Found;
  }
}

const fileName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** PFVs of other images that look like the pinned one, each with what it has seen. */
@customElement('prism-pfv-alike')
export class PfvAlike extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: block;
        padding: 2px 8px 6px;
      }

      .actions {
        align-items: center;
        display: flex;
        flex-wrap: wrap;
        gap: 4px 10px;
        min-height: 22px;
      }

      ul {
        display: grid;
        gap: 6px;
        grid-template-columns: repeat(auto-fill, minmax(68px, 1fr));
        list-style: none;
        margin: 4px 0 0;
        padding: 0;
      }

      ul button {
        background: none;
        border: 1px solid transparent;
        border-radius: 3px;
        color: inherit;
        cursor: pointer;
        display: block;
        font: inherit;
        font-size: 11px;
        padding: 2px;
        text-align: start;
        width: 100%;
      }

      ul button:hover {
        background: var(--vscode-list-hoverBackground);
        border-color: var(--vscode-contrastActiveBorder, transparent);
      }

      img {
        aspect-ratio: 1;
        background: var(--vscode-editor-background);
        display: block;
        object-fit: contain;
        width: 100%;
      }

      .name {
        display: block;
      }
    `,
  ];

  @property({ attribute: false }) search: Search | undefined;

  @queryAll('ul button') private found!: NodeListOf<HTMLElement>;

  readonly #pictures = new WeakMap<Uint8Array, string>();

  protected override render(): TemplateResult {
    const { search, t } = this;
    const link = (text: string, folder: 'own' | 'chosen'): TemplateResult =>
      html`<button class="link" @click=${() => this.emit('alike-search', folder)}>${text}</button>`;
    return html`
      <div class="actions">
        ${
          search?.running
            ? html`<span class="number" role="status"
                  >${t('{0} of {1} images of {2}', search.done, search.total, search.folder)}</span
                ><button class="tool" title=${t('Stop')} aria-label=${t('Stop')} @click=${() => this.emit('alike-stop', undefined)}>
                  ${icon('close')}
                </button>`
            : html`${link(t('Look in the image’s folder'), 'own')}${link(t('Other folder…'), 'chosen')}`
        }
      </div>
      ${search ? this.#result(search) : nothing}
    `;
  }

  #result({ running, done, folder, found, failed, reason }: Search): TemplateResult {
    const { t } = this;
    return html`
      ${running ? nothing : html`<div class="quiet">${t('{0} images of {1} were looked at.', done, folder)}</div>`}
      ${
        failed > 0
          ? html`<div class="quiet">${t('{0} of the images could not be looked at: {1}', failed, reason?.message ?? '')}</div>`
          : nothing
      }
      ${
        found.length > 0
          ? html`<ul aria-label=${t('Feature vectors of other images: choose one to go there')}>
              ${found.map((pfv, i) => this.#pfv(pfv, i))}
            </ul>`
          : nothing
      }
    `;
  }

  #pfv(pfv: Found, index: number): TemplateResult {
    const { image, x, y, cosine, encoded, mime } = pfv;
    const cosineText = cosine.toFixed(3);
    return html`<li>
      <button
        data-alike="${fileName(image)}@${y},${x}"
        title=${this.t('{0}, PFV {1}, {2}: cosine {3}', image, x, y, cosineText)}
        tabindex=${index === 0 ? 0 : -1}
        @click=${() => this.emit('alike-open', pfv)}
        @keydown=${(event: KeyboardEvent) => moveFocus(event, [...this.found])}
      >
        <img alt="" src=${this.#picture(encoded, mime)} />
        <span class="name ellipsis">${fileName(image)}</span>
        <span class="quiet number">${cosineText}</span>
      </button>
    </li>`;
  }

  #picture(encoded: Uint8Array, mime: string): string {
    const known = this.#pictures.get(encoded);
    if (known) return known;
    const made = `data:${mime};base64,${btoa(String.fromCharCode(...encoded))}`;
    this.#pictures.set(encoded, made);
    return made;
  }
}
