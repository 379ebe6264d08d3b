import { css, html, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, queryAll, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { LayerInfo } from '../../src/protocol';
import { type ColourMap, colourMaps } from '../logic/colour-maps';
import type { LayerMaps } from '../logic/layer-maps';
import { shape } from '../logic/numbers';
import { PrismElement } from './element';
import { icon } from './icon';
import { isActivation, moveFocus } from './roving';
import { listStyles } from './styles';
import './thumbnail';

declare module './element' {
  interface PrismEvents {
    'layer-open': string;
    'network-show': undefined;
  }
}

/** The model's layers in its order, each with a small map that is fetched when it comes into sight. */
@customElement('prism-layers')
export class Layers extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    listStyles,
    css`
      :host {
        display: block;
      }

      [role='option'] {
        align-items: center;
        column-gap: 8px;
        contain-intrinsic-size: auto 40px;
        content-visibility: auto;
        display: grid;
        grid-template-columns: 34px minmax(0, 1fr);
        height: 40px;
      }

      .network {
        align-items: center;
        display: flex;
        gap: 4px;
        padding: 4px 8px;
      }

      .text {
        line-height: 17px;
      }

      .shape {
        display: flex;
        font-size: 12px;
        gap: 8px;
        white-space: nowrap;
      }
    `,
  ];

  @property({ attribute: false }) layers: readonly LayerInfo[] = [];
  @property({ attribute: false }) maps: LayerMaps | undefined;
  /** Changes when maps have arrived or belong to another explanation. */
  @property({ attribute: false }) version = 0;
  @property({ attribute: false }) colours: ColourMap = colourMaps[0]!;
  @property() open: string | undefined;

  /** The row in the tab order, once the person has moved it. */
  @state() private focused: string | undefined;

  @queryAll('[role="option"]') private rows!: NodeListOf<HTMLElement>;

  readonly #visible = new Set<string>();
  readonly #observer = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: '80px' });
  #observed: readonly Element[] = [];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#observed = [];
    this.#visible.clear();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const known = (id: string | undefined): boolean => this.layers.some((layer) => layer.id === id);
    const inTabOrder = [this.focused, this.open].find(known) ?? this.layers[0]?.id;
    return html`<button class="link network" @click=${() => this.emit('network-show', undefined)}>
        ${icon('type-hierarchy')} ${this.t('As a network')}
      </button>
      <div role="listbox" aria-label=${this.t('Layers: open one to see its PFVs')}>
      ${repeat(
        this.layers,
        ({ id }) => id,
        (layer) => this.#row(layer, layer.id === inTabOrder),
      )}
    </div>`;
  }

  #row(layer: LayerInfo, inTabOrder: boolean): TemplateResult {
    const { id, title, op } = layer;
    const choose = (): void => this.emit('layer-open', id);
    return html`<div
      role="option"
      aria-selected=${id === this.open}
      tabindex=${inTabOrder ? 0 : -1}
      title=${id}
      data-layer=${id}
      @click=${choose}
      @focus=${() => {
        this.focused = id;
      }}
      @keydown=${(event: KeyboardEvent) => {
        if (moveFocus(event, [...this.rows])) return;
        if (!isActivation(event)) return;
        event.preventDefault();
        choose();
      }}
    >
      <prism-thumbnail .layer=${layer} .map=${this.maps?.get(id)} .colours=${this.colours}></prism-thumbnail>
      <div class="text">
        <div class="ellipsis">${title}</div>
        <div class="shape quiet"><span class="ellipsis">${op}</span><span class="number">${shape(layer.shape)}</span></div>
      </div>
    </div>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const rows = [...this.rows];
    // A list of its own is scrolled to what is open; where the page scrolls it stays where the person is.
    if (changed.has('open') && this.open !== undefined && matchMedia('(min-width: 641px)').matches) {
      rows.find((row) => row.dataset.layer === this.open)?.scrollIntoView({ block: 'nearest' });
    }
    if (rows.length !== this.#observed.length || rows.some((row, i) => row !== this.#observed[i])) {
      this.#observer.disconnect();
      this.#visible.clear();
      for (const row of rows) this.#observer.observe(row);
      this.#observed = rows;
    }
    // After another explanation came, what is in sight is wanted again.
    for (const id of this.#visible) this.maps?.want(id);
  }

  #seen(entries: readonly IntersectionObserverEntry[]): void {
    // Later wants come first, and people read from the top.
    for (const { target, isIntersecting } of entries.toReversed()) {
      const id = (target as HTMLElement).dataset.layer!;
      if (isIntersecting) {
        this.#visible.add(id);
        this.maps?.want(id);
      } else {
        this.#visible.delete(id);
        this.maps?.unwant(id);
      }
    }
  }
}
