import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import type { ConservationInfo, FeaturePart, RowParts } from '../../src/protocol';
import type { ColourMap } from '../logic/colour-maps';
import { number, percent, signed } from '../logic/numbers';
import { addsUp, byStrength, magnitude, scaleOf, waterfall } from '../logic/parts';
import { PrismElement } from './element';
import { onColour } from './on-colour';
import { moveFocus } from './roving';

/** A bar from one place of the axis to another, in per cent of its width. */
interface Bar {
  readonly from: number;
  readonly to: number;
}

/** The features of a row: the way that they lead to the score, or bars where they do not add up to it. */
@customElement('prism-row')
export class RowView extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: block;
        flex: 1;
        min-height: 0;
        overflow: auto;
        padding: 4px 8px 8px;
      }

      .line {
        align-items: center;
        border-radius: 3px;
        display: grid;
        gap: 8px;
        grid-template-columns: minmax(60px, 1fr) 7em minmax(120px, 2.2fr) 76px;
        min-height: 24px;
        padding-inline: 4px;
      }

      .line:hover {
        background: var(--vscode-list-hoverBackground);
      }

      .end {
        font-weight: 600;
      }

      .value {
        font-family: var(--numbers);
        text-align: end;
      }

      .number {
        text-align: end;
      }

      .track {
        height: 24px;
        position: relative;
      }

      .bar {
        border-radius: 1px;
        height: 14px;
        inset-block-start: 5px;
        min-width: 1px;
        position: absolute;
      }

      .mark {
        background: var(--vscode-foreground);
        height: 16px;
        inset-block-start: 4px;
        position: absolute;
        width: 2px;
      }

      .zero {
        border-inline-start: 1px dashed var(--vscode-descriptionForeground);
        height: 24px;
        opacity: 0.6;
        position: absolute;
      }

      .note {
        margin: 4px 4px 8px;
      }

      @media (forced-colors: active) {
        .bar {
          forced-color-adjust: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) content: RowParts | undefined;
  @property({ attribute: false }) colours: ColourMap | undefined;
  @property({ attribute: false }) conservation: ConservationInfo | undefined;
  /** The explained score. */
  @property({ type: Number }) score = 0;
  /** What it is the score of. */
  @property() target = '';

  @queryAll('[role="listitem"]') private lines!: NodeListOf<HTMLElement>;

  protected override render(): TemplateResult | typeof nothing {
    const { content, colours, conservation, t } = this;
    if (!content || !colours) return nothing;
    const { features } = content;
    return addsUp(features, conservation) && colours.kind === 'diverging'
      ? this.#waterfall(features, t('How the features lead to the score of {0}', this.target))
      : this.#bars(features, t('What the features contribute to {0}', this.target));
  }

  #waterfall(features: readonly FeaturePart[], heading: string): TemplateResult {
    const { t } = this;
    const { base, score, steps, low, high } = waterfall(features, this.score);
    const span = high - low || 1;
    const place = (value: number): number => (100 * (value - low)) / span;
    const end = (name: string, value: number, first: boolean): TemplateResult => html`<div
      class="line end"
      role="listitem"
      tabindex=${first ? 0 : -1}
      @keydown=${this.#onKey}
    >
      <span class="ellipsis">${name}</span><span></span>
      <span class="track"><span class="mark" .style=${`inset-inline-start: calc(${place(value)}% - 1px)`}></span></span>
      <span class="number">${number(value, 4)}</span>
    </div>`;
    return html`<p class="note quiet">${heading}</p>
      <div role="list" aria-label=${heading}>
        ${end(t('without the features'), base, true)}
        ${steps.map((step) => this.#line(step, { from: place(step.from), to: place(step.to) }, false))}
        ${end(t('score'), score, false)}
      </div>`;
  }

  #bars(features: readonly FeaturePart[], heading: string): TemplateResult {
    const scale = scaleOf(features);
    const isSigned = this.colours!.kind === 'diverging';
    const place = (value: number): number => (isSigned ? 50 + (50 * value) / scale : (100 * value) / scale);
    const sorted = [...features].sort(byStrength);
    return html`<p class="note quiet">${heading}</p>
      <div role="list" aria-label=${heading}>
        ${sorted.map((part, i) => this.#line(part, { from: place(0), to: place(part.relevance) }, i === 0))}
      </div>`;
  }

  #line(part: FeaturePart, { from, to }: Bar, inTabOrder: boolean): TemplateResult {
    const { t, colours } = this;
    const { features } = this.content!;
    const { name, value, relevance } = part;
    const share = percent(Math.abs(relevance) / (magnitude(features) || 1));
    const told = t('{0} = {1}: {2}, {3} of all', name, value, signed(relevance), share);
    // A bar that is to be seen is never as pale as what is near zero.
    const { background } = onColour(
      colours!,
      Math.sign(relevance) * (0.35 + (0.65 * Math.abs(relevance)) / scaleOf(features)),
    );
    const style = `inset-inline-start: ${Math.min(from, to)}%; width: ${Math.abs(to - from)}%; background: ${background}`;
    return html`<div
      class="line"
      role="listitem"
      tabindex=${inTabOrder ? 0 : -1}
      aria-label=${told}
      title=${told}
      @keydown=${this.#onKey}
    >
      <span class="ellipsis">${name}</span>
      <span class="value quiet ellipsis">${value}</span>
      <span class="track" aria-hidden="true"
        ><span class="zero" .style=${`inset-inline-start: ${from}%`}></span><span class="bar" .style=${style}></span
      ></span>
      <span class="number">${signed(relevance)}</span>
    </div>`;
  }

  #onKey = (event: KeyboardEvent): void => void moveFocus(event, [...this.lines]);
}
