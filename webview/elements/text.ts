import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { TextParts, TokenPart } from '../../src/protocol';
import type { ColourMap } from '../logic/colour-maps';
import { number, percent, signed } from '../logic/numbers';
import { magnitude, type Piece, pieces, runs, scaleOf, visibleRows } from '../logic/parts';
import { PrismElement } from './element';
import { onColour } from './on-colour';

declare module './element' {
  interface PrismEvents {
    /** A token was chosen, by its place among all. */
    'token-choose': number;
  }
}

/** Pieces that are laid out together. */
const RUN = 400;
/** Height of a row of the list, in CSS pixels. */
const ROW = 22;

const keys: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 };

declare module './element' {
  interface PrismEvents {
    /** A token is looked at, by its place. */
    'token-choose': number;
    /** Enter or a double click: more is wanted of the token that is looked at. */
    'token-open': number;
  }
}

/** A text in the colours of its relevance, and its tokens as bars. */
@customElement('prism-text')
export class TextView extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: grid;
        flex: 1;
        gap: 8px;
        grid-template-columns: minmax(0, 1fr) minmax(200px, 320px);
        grid-template-rows: minmax(0, 1fr);
        min-height: 0;
        padding: 4px 8px 8px;
      }

      .text {
        background: var(--vscode-textBlockQuote-background, transparent);
        border: 1px solid var(--line);
        border-radius: 4px;
        font-family: var(--numbers);
        font-size: calc(var(--vscode-font-size, 13px) * 1.1);
        line-height: 1.9;
        overflow: auto;
        padding: 8px 10px;
        user-select: text;
        white-space: pre-wrap;
        word-break: break-word;
      }

      .run {
        contain-intrinsic-size: auto 600px;
        content-visibility: auto;
      }

      .token {
        border-radius: 2px;
        cursor: pointer;
        padding: 2px 0;
      }

      .token.unknown {
        text-decoration: underline wavy var(--vscode-editorWarning-foreground, currentColor);
      }

      .token.here {
        outline: 2px solid var(--vscode-focusBorder);
      }

      .list {
        overflow: auto;
        position: relative;
      }

      .row {
        align-items: center;
        display: grid;
        gap: 6px;
        grid-template-columns: minmax(0, 1fr) 90px 64px;
        height: ${ROW}px;
        inset-inline: 0;
        padding-inline: 4px;
        position: absolute;
      }

      .row[aria-selected='true'] {
        background: var(--vscode-list-inactiveSelectionBackground);
      }

      .list:focus-within .row[aria-selected='true'],
      .list:focus .row[aria-selected='true'] {
        background: var(--vscode-list-activeSelectionBackground);
        color: var(--vscode-list-activeSelectionForeground);
      }

      .name {
        font-family: var(--numbers);
      }

      .number {
        text-align: end;
      }

      .bar {
        background: var(--vscode-scrollbarSlider-background);
        height: 8px;
        position: relative;
      }

      .bar span {
        height: 100%;
        position: absolute;
      }

      .bar.signed::before {
        background: var(--vscode-descriptionForeground);
        content: '';
        height: 12px;
        inset-block-start: -2px;
        inset-inline-start: 50%;
        position: absolute;
        width: 1px;
      }

      :host([narrow]) {
        grid-template-columns: minmax(0, 1fr);
        grid-template-rows: auto auto;
        padding-inline: 0;
      }

      :host([narrow]) .list,
      :host([narrow]) .text {
        max-height: 240px;
      }

      @media (max-width: 640px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
          grid-template-rows: auto auto;
        }

        .list,
        .text {
          max-height: 60vh;
        }
      }

      @media (forced-colors: active) {
        .token,
        .bar span {
          forced-color-adjust: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) content: TextParts | undefined;
  @property({ attribute: false }) colours: ColourMap | undefined;
  /** What the numbers are. */
  @property() quantity: 'relevance' | 'weight' = 'relevance';

  /** The token that is looked at. */
  @property({ type: Number }) at: number | undefined;
  @state() private top = 0;
  @state() private height = 400;

  @query('.list') private list!: HTMLElement | null;

  #runs: readonly (readonly Piece[])[] = [];
  #scale = 1;
  #total = 1;
  readonly #observer = new ResizeObserver(() => {
    this.height = this.list?.clientHeight ?? this.height;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.list && this.#observer.observe(this.list));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('content') || !this.content) return;
    const { text, tokens } = this.content;
    this.#runs = runs(pieces(text, tokens), RUN);
    this.#scale = scaleOf(tokens);
    this.#total = magnitude(tokens) || 1;
    if (this.at !== undefined && this.at >= tokens.length) this.at = undefined;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { content, t } = this;
    if (!content || !this.colours) return nothing;
    const { tokens } = content;
    const { first, last } = visibleRows(tokens.length, { top: this.top, height: this.height, row: ROW });
    return html`
      <div class="text" role="article" tabindex="0" aria-label=${this.quantity === 'weight' ? t('Text in the colours of its weights') : t('Text in the colours of its relevance')}>${this.#runs.map(
        (run) => html`<span class="run">${run.map((piece) => this.#piece(piece, tokens))}</span>`,
      )}</div>
      <div
        class="list"
        role="listbox"
        tabindex="0"
        aria-label=${this.quantity === 'weight' ? t('Weights of {0} tokens', tokens.length) : t('Relevance of {0} tokens', tokens.length)}
        aria-activedescendant=${this.at === undefined ? nothing : `token-${this.at}`}
        @scroll=${(event: Event) => {
          this.top = (event.target as HTMLElement).scrollTop;
        }}
        @keydown=${this.#onKey}
      >
        <div .style=${`height: ${tokens.length * ROW}px`}></div>
        ${tokens.slice(first, last).map((token, i) => this.#row(token, first + i, tokens.length))}
      </div>
    `;
  }

  #piece({ text, token }: Piece, tokens: readonly TokenPart[]): TemplateResult | string {
    const part = token === undefined ? undefined : tokens[token];
    if (!part) return text;
    const { background, colour } = this.#colours(part);
    // What is said of it stands in attributes: the text itself can be selected and copied as it is.
    return html`<span
      class=${`token ${part.kind ?? ''} ${token === this.at ? 'here' : ''}`}
      .style=${`background: ${background}; color: ${colour}`}
      title=${this.#told(part)}
      aria-description=${this.#told(part)}
      data-token=${token!}
      @click=${() => this.#choose(token!, true)}
      @dblclick=${() => this.emit('token-open', token!)}
      >${text}</span
    >`;
  }

  #row(token: TokenPart, index: number, count: number): TemplateResult {
    const share = token.relevance / this.#scale;
    const { background } = this.#colours(token);
    const isSigned = this.colours!.kind === 'diverging';
    const width = (isSigned ? 50 : 100) * Math.abs(share);
    const start = isSigned ? (share < 0 ? 50 - width : 50) : 0;
    return html`<div
      id=${`token-${index}`}
      class="row"
      role="option"
      aria-selected=${index === this.at}
      aria-setsize=${count}
      aria-posinset=${index + 1}
      aria-description=${this.#told(token)}
      .style=${`inset-block-start: ${index * ROW}px`}
      title=${this.#told(token)}
      @click=${() => this.#choose(index, false)}
    >
      <span class=${`name ellipsis ${token.kind === undefined ? '' : 'quiet'}`}>${visible(token.text)}</span>
      <span class=${isSigned ? 'bar signed' : 'bar'}
        ><span .style=${`inset-inline-start: ${start}%; width: ${width}%; background: ${background}`}></span
      ></span>
      <span class="number">${signed(token.relevance)}</span>
    </div>`;
  }

  #colours({ relevance }: TokenPart): { background: string; colour: string } {
    return onColour(this.colours!, relevance / this.#scale);
  }

  #told({ relevance, kind, id }: TokenPart): string {
    const { t } = this;
    const share = percent(Math.abs(relevance) / this.#total);
    const told =
      this.quantity === 'weight'
        ? t('weight {0}, {1} of all', number(relevance), share)
        : t('relevance {0}, {1} of all', number(relevance), share);
    const kinds = {
      unknown: t('unknown to the vocabulary'),
      special: t('added by the tokenizer'),
      padding: t('padding'),
    };
    return [told, ...(kind ? [kinds[kind]] : []), t('token {0}', id)].join(' · ');
  }

  #choose(index: number, reveal: boolean): void {
    if (this.at !== index) this.emit('token-choose', index);
    this.at = index;
    if (reveal) this.#reveal(index);
    else this.renderRoot.querySelector(`[data-token="${index}"]`)?.scrollIntoView({ block: 'nearest' });
  }

  #reveal(index: number): void {
    const { list } = this;
    if (!list) return;
    if (index * ROW < list.scrollTop) list.scrollTop = index * ROW;
    else if ((index + 1) * ROW > list.scrollTop + list.clientHeight) {
      list.scrollTop = (index + 1) * ROW - list.clientHeight;
    }
  }

  #onKey = (event: KeyboardEvent): void => {
    const last = (this.content?.tokens.length ?? 0) - 1;
    if (event.altKey || event.ctrlKey || event.metaKey || last < 0) return;
    const now = this.at ?? -1;
    if (event.key === 'Enter' && this.at !== undefined) {
      event.preventDefault();
      this.emit('token-open', this.at);
      return;
    }
    const step = keys[event.key];
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? last : step === undefined ? undefined : now + step;
    if (next === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(last, next));
    this.#choose(index, true);
    this.#choose(index, false);
  };
}

/** Spaces and ends of lines as signs. */
const visible = (text: string): string => text.replaceAll('\n', '↵').replaceAll('\t', '→').replace(/^ +$/, '␣');
