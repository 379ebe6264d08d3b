import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { ScalarMap, TextParts } from '../../src/protocol';
import type { Network, NetworkStream } from '../../src/protocol/flow';
import { PrismElement } from '../elements/element';
import { icon } from '../elements/icon';
import '../elements/map';
import '../elements/text';
import { colourMap } from '../logic/colour-maps';
import { number, shape } from '../logic/numbers';
import type { Box } from './drawn';
import { about, balanceLines, gapOf } from './words';

/** The map of a value; `stream` where there are several. */
export interface StreamMap {
  readonly map: ScalarMap;
  readonly stream?: NetworkStream;
}

declare module '../elements/element' {
  interface PrismEvents {
    'code-open': string;
    'layer-show': string;
  }
}

/** What there is to say of the chosen box. */
@customElement('prism-network-detail')
export class NetworkDetail extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: block;
        padding: 12px 16px;
      }

      h2 {
        font-size: inherit;
        font-weight: 600;
        margin: 0;
        overflow-wrap: anywhere;
      }

      p {
        margin: 0 0 8px;
        overflow-wrap: anywhere;
      }

      dl {
        display: grid;
        gap: 2px 12px;
        grid-template-columns: minmax(0, 1fr) auto;
        margin: 8px 0;
      }

      dl.streams {
        grid-template-columns: minmax(0, 1fr);
      }

      dl.streams dt:not(:first-child) {
        margin-top: 4px;
      }

      dl.streams dd {
        border-top: 0;
        text-align: start;
      }

      dt {
        color: var(--quiet);
      }

      dd {
        margin: 0;
        text-align: end;
      }

      .gap {
        border-top: 1px solid var(--line);
        padding-top: 2px;
      }

      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        margin: 8px 0;
      }

      .actions button {
        align-items: center;
        display: inline-flex;
        gap: 4px;
      }

      prism-map {
        height: 220px;
        margin: 8px 0 0;
      }

      prism-map.strip {
        height: 28px;
      }
    `,
  ];

  @property({ attribute: false }) network!: Network;
  @property({ attribute: false }) box: Box | undefined;
  /** Relevance of what it makes; of several streams one after the other. */
  @property({ attribute: false }) maps: readonly StreamMap[] = [];
  /** What is explained, where it is a text. */
  @property({ attribute: false }) text: TextParts | undefined;
  /** The map is being made. */
  @property({ type: Boolean }) waiting = false;
  @property({ type: Boolean }) signed = true;

  protected override render(): TemplateResult {
    const { box, network, t } = this;
    if (!box)
      return html`<p class="quiet">${t('Choose a module or an operator to see what relevance does there.')}</p>`;
    const { node, kind, balance } = box;
    const lines = network.widths === 'none' ? [] : balanceLines(box, network, t);
    const gap = gapOf(balance);
    const inner = kind === 'node' || kind === 'module';
    return html`
      <h2>${box.title}</h2>
      <p class="quiet">${[about(box, t), kind === 'node' ? shape(node.shape) : ''].filter(Boolean).join(' · ')}</p>
      ${
        lines.length > 0
          ? html`<dl class=${balance.against ? 'streams' : ''}>
              ${lines.map(([name, value]) => html`<dt>${name}</dt><dd class="number">${value}</dd>`)}
              ${inner ? html`<dt class="gap">${t('Does not add up by')}</dt><dd class="number gap">${number(gap, 2)}</dd>` : nothing}
            </dl>`
          : nothing
      }
      <div class="actions">
        ${
          node.layer !== undefined && kind !== 'output'
            ? html`<button class="link" @click=${() => this.emit('layer-show', node.layer!)}>
                ${icon('layout')}${t('Show in the panel')}
              </button>`
            : nothing
        }
        ${
          inner
            ? html`<button class="link" @click=${() => this.emit('code-open', node.id)}>
                ${icon('go-to-file')}${t('Go to code')}
              </button>`
            : nothing
        }
      </div>
      ${this.waiting ? html`<p class="quiet">${t('Making its map…')}</p>` : nothing}
      ${this.maps.map((map) => this.#map(box, map))}
    `;
  }

  #map({ kind, node }: Box, { map, stream }: StreamMap): TemplateResult {
    const { t, text } = this;
    const { width, height } = map;
    const streams = {
      positive: t('Relevance for'),
      negative: t('Relevance against'),
      both: t('Relevance for minus against'),
    };
    const name = stream ? streams[stream] : t('Relevance');
    const what = kind === 'module' ? t('{0} of what the module makes, {1}', name, node.title) : name;
    const shown = stream === 'negative' ? { ...map, data: map.data.map((value) => -value) } : map;
    const heading = html`<div class="quiet">${what} · <span class="number">${width} × ${height}</span></div>`;
    if (height === 1 && text?.tokens.length === width) return html`${heading} ${this.#tokens(text, shown)}`;
    return html`${heading}
      <prism-map class=${height === 1 ? 'strip' : ''} .map=${shown} .signed=${this.signed}></prism-map>`;
  }

  /** A value with a place for every token: what it is at each. */
  #tokens({ tokens, ...whole }: TextParts, { data }: ScalarMap): TemplateResult {
    const content = { ...whole, tokens: tokens.map((token, at) => ({ ...token, relevance: data[at]! })) };
    const colours = this.signed ? colourMap('rdbu', 'diverging') : colourMap('inferno', 'sequential');
    return html`<prism-text narrow .t=${this.t} .content=${content} .colours=${colours}></prism-text>`;
  }
}
