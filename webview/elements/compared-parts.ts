import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { FeaturePart, ScalarMap, TextParts, TokenPart } from '../../src/protocol';
import type { ComparedMethod } from '../../src/protocol/panel';
import type { ColourMap } from '../logic/colour-maps';
import { percent, signed } from '../logic/numbers';
import { byStrength, magnitude, pieces, scaleOf } from '../logic/parts';
import { comparedFacts, comparedState, comparedStyles } from './compared-facts';
import { PrismElement } from './element';
import { onColour } from './on-colour';

/** Pieces of a text and features of a row that one cell shows; the method by itself shows all. */
const PIECES = 600;
const FEATURES = 15;
/** Tokens that are told with their numbers. */
const TOLD = 3;

/** What one method of a comparison says of a text or a row: coloured words or bars, or why there are none. */
@customElement('prism-compared-parts')
export class ComparedParts extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    comparedStyles,
    css`
      :host {
        display: block;
        min-width: 0;
      }

      .cell {
        border: 1px solid var(--line);
        border-radius: 4px;
        display: flex;
        flex-direction: column;
        height: 100%;
        overflow: hidden;
      }

      :host([current]) .cell {
        border-color: var(--vscode-focusBorder);
      }

      button.title {
        background: none;
        border: 0;
        color: inherit;
        cursor: pointer;
        font: inherit;
        font-weight: 600;
        padding: 0;
        text-align: start;
        width: 100%;
      }

      button.title:hover {
        color: var(--vscode-textLink-foreground);
        text-decoration: underline;
      }

      .text {
        font-family: var(--numbers);
        line-height: 1.8;
        max-height: 240px;
        overflow: auto;
        padding: 2px 8px 8px;
        user-select: text;
        white-space: pre-wrap;
        word-break: break-word;
      }

      .token {
        border-radius: 2px;
        padding: 1px 0;
      }

      .list {
        margin: 0;
        max-height: 320px;
        overflow: auto;
        padding: 0 8px 8px;
      }

      .line {
        align-items: center;
        display: grid;
        font-size: 12px;
        gap: 6px;
        grid-template-columns: minmax(0, 1fr) minmax(50px, 1fr) 58px;
        height: 20px;
      }

      .number {
        text-align: end;
      }

      .bar {
        height: 10px;
        position: relative;
      }

      .bar span {
        height: 100%;
        min-width: 1px;
        position: absolute;
      }

      .bar.signed::before {
        background: var(--vscode-descriptionForeground);
        content: '';
        height: 14px;
        inset-block-start: -2px;
        inset-inline-start: 50%;
        position: absolute;
        width: 1px;
      }

      .more {
        font-size: 12px;
        padding: 0 8px 6px;
      }

      @media (forced-colors: active) {
        .token,
        .bar span {
          forced-color-adjust: none;
        }
      }
    `,
  ];

  @property() heading = '';
  @property({ attribute: false }) cell: ComparedMethod | undefined;
  /** What every token or feature contributes, in their order. */
  @property({ attribute: false }) map: ScalarMap | undefined;
  @property({ attribute: false }) colours: ColourMap | undefined;
  /** The text or the features, as any of the methods has them. */
  @property({ attribute: false }) text: TextParts | undefined;
  @property({ attribute: false }) features: readonly FeaturePart[] | undefined;
  /** In which order features are shown, the same in all cells. */
  @property({ attribute: false }) order: readonly number[] = [];
  /** Whether the comparison goes on. */
  @property({ attribute: false }) busy = false;

  protected override render(): TemplateResult {
    const { cell, heading, map, t } = this;
    const isReady = cell?.status === 'ready';
    return html`<div class="cell" data-status=${cell?.status ?? nothing}>
      <div class="words">
        ${
          isReady
            ? html`<button
                class="title ellipsis"
                title=${t('Show {0} by itself', heading)}
                @click=${() => this.emit('compared-open', undefined)}
              >
                ${heading}
              </button>`
            : html`<span class="title ellipsis">${heading}</span>`
        }
        <div class="facts quiet number">
          ${cell ? comparedFacts(cell, map, t) : nothing}
          ${map && isReady ? html`<span data-fact="sum">${t('sum {0}', signed(map.data.reduce((a, b) => a + b, 0)))}</span>` : nothing}
        </div>
        ${comparedState(cell, this.busy, t)}
      </div>
      ${isReady ? this.#content() : nothing}
    </div>`;
  }

  #content(): TemplateResult | typeof nothing {
    const { map, text, features, colours } = this;
    if (!map || !colours) return nothing;
    const valued = <Part extends TokenPart | FeaturePart>(parts: readonly Part[]): Part[] =>
      parts.map((part, i) => ({ ...part, relevance: map.data[i] ?? 0 }));
    if (text && map.data.length === text.tokens.length) return this.#text(text.text, valued(text.tokens), colours);
    if (features && map.data.length === features.length) return this.#bars(valued(features), colours);
    return nothing;
  }

  #text(text: string, tokens: readonly TokenPart[], colours: ColourMap): TemplateResult {
    const { t, heading } = this;
    const scale = scaleOf(tokens);
    const total = magnitude(tokens) || 1;
    const all = pieces(text, tokens);
    const strongest = [...tokens].sort(byStrength).slice(0, TOLD);
    const told = ({ relevance }: TokenPart): string =>
      t('relevance {0}, {1} of all', signed(relevance), percent(Math.abs(relevance) / total));
    return html`
      <div class="more quiet ellipsis" data-fact="strongest">
        ${strongest.map((token) => `${token.text.trim()} ${signed(token.relevance)}`).join(' · ')}
      </div>
      <div class="text" role="group" tabindex="0" aria-label=${t('{0}: text in the colours of its relevance', heading)}>${all
        .slice(0, PIECES)
        .map(({ text: words, token }) => {
          const part = token === undefined ? undefined : tokens[token];
          if (!part) return words;
          const { background, colour } = onColour(colours, part.relevance / scale);
          return html`<span
            class="token"
            .style=${`background: ${background}; color: ${colour}`}
            title=${told(part)}
            aria-description=${told(part)}
            data-token=${token!}
            >${words}</span
          >`;
        })}</div>
      ${all.length > PIECES ? html`<div class="more quiet">${t('… the whole text when opened')}</div>` : nothing}
    `;
  }

  #bars(features: readonly FeaturePart[], colours: ColourMap): TemplateResult {
    const { t, heading } = this;
    const scale = scaleOf(features);
    const total = magnitude(features) || 1;
    const isSigned = colours.kind === 'diverging';
    const order = this.order.length === features.length ? this.order : features.map((_, i) => i);
    const line = ({ name, value, relevance }: FeaturePart): TemplateResult => {
      const share = Math.abs(relevance) / scale;
      const width = (isSigned ? 50 : 100) * share;
      const start = isSigned ? (relevance < 0 ? 50 - width : 50) : 0;
      // A bar that is to be seen is never as pale as what is near zero.
      const { background } = onColour(colours, Math.sign(relevance) * (0.35 + 0.65 * share));
      const told = t(
        '{0} = {1}: {2}, {3} of all',
        name,
        value,
        signed(relevance),
        percent(Math.abs(relevance) / total),
      );
      return html`<div class="line" role="listitem" aria-label=${told} title=${told}>
        <span class="ellipsis">${name}</span>
        <span class=${isSigned ? 'bar signed' : 'bar'} aria-hidden="true"
          ><span .style=${`inset-inline-start: ${start}%; width: ${width}%; background: ${background}`}></span
        ></span>
        <span class="number">${signed(relevance)}</span>
      </div>`;
    };
    const more = order.length - FEATURES;
    return html`
      <div class="list" role="list" tabindex="0" aria-label=${t('{0}: what the features contribute', heading)}>
        ${order.slice(0, FEATURES).map((i) => line(features[i]!))}
      </div>
      ${more > 0 ? html`<div class="more quiet">${t('and {0} more when opened', more)}</div>` : nothing}
    `;
  }
}
