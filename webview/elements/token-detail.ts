import '@vscode-elements/elements/dist/vscode-progress-ring/index.js';
import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Explanation, RemoteError, TokenPart } from '../../src/protocol';
import type { TokenLayer } from '../../src/protocol/tokens';
import { toRemoteError } from '../../src/rpc';
import type { ColourMap } from '../logic/colour-maps';
import { percent, signed } from '../logic/numbers';
import type { PanelModel } from '../logic/panel-model';
import { magnitude } from '../logic/parts';
import { visible } from '../logic/token-map';
import { PrismElement } from './element';
import { icon } from './icon';
import { onColour } from './on-colour';

/** What is known of the layers of one explanation. */
type Layers =
  | { readonly of: string; readonly status: 'working' }
  | { readonly of: string; readonly status: 'failed'; readonly error: RemoteError }
  | { readonly of: string; readonly status: 'ready'; readonly layers: readonly TokenLayer[] };

const sizeOf = (values: Float32Array): number => values.reduce((sum, value) => sum + Math.abs(value), 0) || 1;

/** One token of a text: what it contributes, what it has at every layer, and what more can be asked about it. */
@customElement('prism-token-detail')
export class TokenDetail extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: block;
        padding: 4px 8px 8px;
      }

      p {
        margin: 0 0 4px;
      }

      .name {
        font-family: var(--numbers);
        font-weight: 600;
      }

      .asks {
        align-items: start;
        display: flex;
        flex-direction: column;
        gap: 2px;
        margin-block: 4px;
      }

      .asks button {
        align-items: center;
        display: flex;
        gap: 4px;
      }

      .list {
        max-height: 320px;
        overflow: auto;
      }

      .layer {
        align-items: center;
        display: grid;
        font-size: 12px;
        gap: 6px;
        grid-template-columns: minmax(0, 1fr) 70px 58px;
        height: 20px;
      }

      .number {
        text-align: end;
      }

      .bar {
        height: 8px;
        position: relative;
      }

      .bar span {
        height: 100%;
        min-width: 1px;
        position: absolute;
      }

      .bar::before {
        background: var(--vscode-descriptionForeground);
        content: '';
        height: 12px;
        inset-block-start: -2px;
        inset-inline-start: 50%;
        position: absolute;
        width: 1px;
      }

      .why {
        font-size: 12px;
        overflow-wrap: anywhere;
      }

      @media (forced-colors: active) {
        .bar span {
          forced-color-adjust: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  @property({ attribute: false }) explanation!: Explanation;
  /** Which of its tokens. */
  @property({ type: Number }) token = 0;
  @property({ attribute: false }) colours!: ColourMap;

  @state() private known: Layers | undefined;
  /** Whether the person wants to see layers, also of the next explanation. */
  #wanted = false;

  /** Shows the layers, which for some methods takes a while. */
  showLayers(): void {
    this.#wanted = true;
    void this.#ask();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('explanation') || this.known?.of === this.explanation.id) return;
    this.known = undefined;
    // Methods that explain by layers have all of them at hand.
    if (this.#wanted || this.explanation.layers.length > 0) void this.#ask();
  }

  async #ask(): Promise<void> {
    const { id } = this.explanation;
    if (this.known?.of === id && this.known.status !== 'failed') return;
    this.known = { of: id, status: 'working' };
    let found: Layers;
    try {
      found = { of: id, status: 'ready', layers: await this.model.tokenLayers() };
    } catch (reason) {
      found = { of: id, status: 'failed', error: toRemoteError(reason) };
    }
    if (this.explanation.id === id) this.known = found;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { t, token } = this;
    const tokens = this.explanation.text?.tokens ?? [];
    const part = tokens[token];
    if (!part) return nothing;
    const total = magnitude(tokens) || 1;
    const stronger = tokens.filter(({ relevance }) => Math.abs(relevance) > Math.abs(part.relevance)).length;
    return html`
      <p>
        <span class="name">${visible(part.text)}</span>
        <span class="number">${signed(part.relevance)}</span>
      </p>
      <p class="quiet">
        ${t('{0} of all relevance', percent(Math.abs(part.relevance) / total))} ·
        ${t('number {0} of {1} by strength', stronger + 1, tokens.length)} ·
        ${t('place {0}', token + 1)} · ${t('token {0}', part.id)}
      </p>
      <div class="asks">${this.#asks(part)}</div>
      ${this.#layers()}
    `;
  }

  #asks(part: TokenPart): TemplateResult {
    const { t, model, token, known } = this;
    const { task } = this.explanation.model;
    const ask = (name: Parameters<typeof icon>[0], title: string, act: () => unknown): TemplateResult =>
      html`<button class="link" @click=${act}>${icon(name)} ${title}</button>`;
    const follows = (this.explanation.text?.text.slice(0, part.start).trim() ?? '') !== '';
    return html`
      ${
        task === 'token-classification'
          ? ask('info', t('Why this label?'), () => model.explainToken(token))
          : task === 'text-generation' && follows
            ? ask('info', t('Why does it come here?'), () => model.explainToken(token))
            : nothing
      }
      ${
        task === 'token-classification' || task === 'text-generation'
          ? ask('layout', t('In the map token × token'), () => model.showTokens(token))
          : nothing
      }
      ${known ? nothing : ask('type-hierarchy', t('At every layer'), () => this.showLayers())}
    `;
  }

  #layers(): TemplateResult | typeof nothing {
    const { known, t, token } = this;
    if (!known) return nothing;
    if (known.status === 'working')
      return html`<p class="quiet"><vscode-progress-ring></vscode-progress-ring>${t('Following it through the layers…')}</p>`;
    if (known.status === 'failed') return html`<p class="why" role="alert">${known.error.message}</p>`;
    if (known.layers.length === 0)
      return html`<p class="why quiet">${t('No layer of this model keeps tokens apart.')}</p>`;
    const shares = known.layers.map(({ relevance }) => (relevance[token] ?? 0) / sizeOf(relevance));
    const scale = Math.max(...shares.map(Math.abs)) || 1;
    return html`<div class="list" role="list" tabindex="0" aria-label=${t('Relevance of this token at every layer')}>
      ${known.layers.map(({ id, title, op, relevance }, i) => {
        const share = shares[i]!;
        const width = (50 * Math.abs(share)) / scale;
        const start = share < 0 ? 50 - width : 50;
        const { background } = onColour(this.colours, Math.sign(share) * (0.35 + (0.65 * Math.abs(share)) / scale));
        const told = t('{0}: {1}, {2} of the layer', title, signed(relevance[token] ?? 0), percent(Math.abs(share)));
        return html`<div class="layer" role="listitem" data-layer=${id} aria-label=${told} title=${`${told} · ${op}`}>
          <span class="ellipsis">${title}</span>
          <span class="bar" aria-hidden="true"
            ><span .style=${`inset-inline-start: ${start}%; width: ${width}%; background: ${background}`}></span
          ></span>
          <span class="number">${signed(relevance[token] ?? 0)}</span>
        </div>`;
      })}
    </div>`;
  }
}
