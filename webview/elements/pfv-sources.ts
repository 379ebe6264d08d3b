import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import type { LayerInfo } from '../../src/protocol';
import type { PfvSource, PfvSources } from '../../src/protocol/pfv';
import { percent } from '../logic/numbers';
import { placeName } from '../logic/pfv-grid';
import { PrismElement } from './element';
import { icon } from './icon';
import './pfv-lines';
import { isActivation, moveFocus } from './roving';
import { select } from './select';
import { listStyles, partStyles } from './styles';

declare module './element' {
  interface PrismEvents {
    'source-layer': string;
    /** Whether the layer before is shown, with the lines. */
    'sources-show': boolean;
  }
}

/** What the pinned PFV is made of, as text; choosing a source goes there. */
@customElement('prism-pfv-sources')
export class PfvSourceList extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    listStyles,
    partStyles,
    css`
      .choice {
        align-items: center;
        display: flex;
        gap: 4px;
      }

      .choice vscode-single-select {
        flex: 1;
        min-width: 0;
      }

      .sum {
        border-top: 1px solid var(--line);
        margin-top: 2px;
        padding-top: 2px;
      }
    `,
  ];

  @property({ attribute: false }) sources: PfvSources | undefined;
  @property({ attribute: false }) layers: readonly LayerInfo[] = [];
  @property({ attribute: false }) marked: PfvSource | undefined;
  /** The layer that is shown beside that of the PFV. */
  @property() from = '';
  /** Whether it is. */
  @property({ type: Boolean }) drawn = false;

  @queryAll('[role="option"]') private rows!: NodeListOf<HTMLElement>;

  protected override render(): TemplateResult | typeof nothing {
    const { sources: made, t } = this;
    if (made === undefined) return nothing;
    const most = Math.max(...made.sources.map(({ share }) => Math.abs(share)), 0);
    const { rest, kept } = made;
    return html`
      ${made.layers.length > 0 ? this.#choice(made) : nothing}
      <div role="listbox" aria-label=${t('What the PFV is made of: choose a source to go there')}>
        ${made.sources.map((source, i) => this.#row(source, i, most, made.layers.length > 1))}
      </div>
      <div class="part">
        ${rest.count > 0 ? this.#line(t('{0} others', rest.count), percent(rest.share)) : nothing}
        ${kept === 0 ? nothing : this.#line(t('biases and constants'), percent(kept))}
      </div>
      <div class="sum part">${this.#line(t('all shares'), percent(made.sum))}</div>
    `;
  }

  /** Which of the layers that give something is drawn. */
  #choice({ layers }: PfvSources): TemplateResult {
    const title = this.t('Layer before, with lines to what the PFV is made of');
    const choices = layers.map(({ layer, share }) => ({
      value: layer,
      title: `${this.#layer(layer)?.title ?? layer} · ${percent(share)}`,
    }));
    return html`<div class="choice">
      ${select(this.t('Layer whose lines are drawn'), this.from, choices, (layer) => this.emit('source-layer', layer))}
      <button
        class="tool"
        aria-pressed=${this.drawn}
        title=${title}
        aria-label=${title}
        @click=${() => this.emit('sources-show', !this.drawn)}
      >
        ${icon('type-hierarchy')}
      </button>
    </div>`;
  }

  #layer(id: string): LayerInfo | undefined {
    return this.layers.find((layer) => layer.id === id);
  }

  #row(source: PfvSource, index: number, most: number, named: boolean): TemplateResult {
    const layer = this.#layer(source.layer);
    const place = layer ? placeName(layer, source) : `${source.x}, ${source.y}`;
    const selected = source === this.marked;
    const first = this.sources?.sources.indexOf(this.marked as PfvSource) ?? -1;
    return html`<div
      role="option"
      class="part"
      aria-selected=${selected}
      tabindex=${index === Math.max(0, first) ? 0 : -1}
      @pointerenter=${() => this.emit('source-mark', source)}
      @pointerleave=${() => this.emit('source-mark', undefined)}
      @focus=${() => this.emit('source-mark', source)}
      @blur=${() => this.emit('source-mark', undefined)}
      @click=${() => this.emit('source-visit', source)}
      @keydown=${(event: KeyboardEvent) => {
        if (moveFocus(event, [...this.rows])) return;
        if (!isActivation(event)) return;
        event.preventDefault();
        this.emit('source-visit', source);
      }}
    >
      <span class="ellipsis number"
        >${place}${named ? html` <span class="quiet">${layer?.title ?? source.layer}</span>` : nothing}</span
      >
      <span class="bar ${source.share < 0 ? 'against' : ''}">
        <i .style=${`width: ${most > 0 ? (100 * Math.abs(source.share)) / most : 0}%`}></i>
      </span>
      <span class="value number">${percent(source.share)}</span>
    </div>`;
  }

  #line(what: string, value: string): TemplateResult {
    return html`<span class="quiet ellipsis">${what}</span><span></span><span class="value number">${value}</span>`;
  }
}
