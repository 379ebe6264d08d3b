import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { TokenStudy } from '../../src/protocol/tokens';
import { PrismElement } from '../elements/element';
import { onColour } from '../elements/on-colour';
import type { ColourMap } from '../logic/colour-maps';
import { percent, signed } from '../logic/numbers';
import { visibleRows } from '../logic/parts';
import { cellAfter, scales, valueAt, visible } from '../logic/token-map';
import { matrixStyles } from './styles';

declare module '../elements/element' {
  interface PrismEvents {
    'cell-choose': { readonly row: number; readonly column: number };
    'column-choose': { readonly column: number };
  }
}

/** Sides of a cell, of the names of rows and of those of columns, in CSS pixels. */
const CELL = 22;
const NAMES = 150;
const HEADS = 92;

/**
 * The map token × token: a row for each explained token, a column for each token it may be read from. What is out of
 * sight is not laid out.
 */
@customElement('prism-token-matrix')
export class TokenMatrix extends PrismElement {
  static override styles = [...PrismElement.styles, matrixStyles];

  @property({ attribute: false }) study: TokenStudy | undefined;
  @property({ attribute: false }) colours: ColourMap | undefined;
  /** Whether one scale is for all rows. */
  @property({ type: Boolean }) together = false;
  @property({ type: Number }) row = 0;
  @property({ type: Number }) column = 0;

  @state() private place = { top: 0, left: 0, height: 400, width: 800 };

  @query('.scroller') private scroller!: HTMLElement | null;

  readonly #observer = new ResizeObserver(() => this.#measure());

  override connectedCallback(): void {
    super.connectedCallback();
    void this.updateComplete.then(() => this.scroller && this.#observer.observe(this.scroller));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  #measure(): void {
    const { scroller } = this;
    if (!scroller) return;
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = scroller;
    this.place = { top: scrollTop, left: scrollLeft, height: clientHeight, width: clientWidth };
  }

  protected override render(): TemplateResult | typeof nothing {
    const { study, colours, t, place, row, column } = this;
    if (!study || !colours) return nothing;
    const { tokens, rows } = study;
    const own = scales(study, this.together);
    const lines = visibleRows(rows.length, { top: place.top, height: place.height - HEADS, row: CELL });
    const columns = visibleRows(tokens.length, { top: place.left, height: place.width - NAMES, row: CELL });
    const seen = tokens.slice(columns.first, columns.last);
    return html`
      <div
        class="scroller"
        role="grid"
        tabindex="0"
        aria-label=${t('Relevance of {0} tokens for each of {1} explained ones', tokens.length, rows.length)}
        aria-rowcount=${rows.length + 1}
        aria-colcount=${tokens.length + 1}
        aria-activedescendant=${rows.length > 0 ? `cell-${row}-${column}` : nothing}
        @scroll=${() => this.#measure()}
        @keydown=${this.#onKey}
      >
        <div class="whole" .style=${`width: ${NAMES + CELL * tokens.length}px; height: ${HEADS + CELL * rows.length}px`}>
          <div class="heads" role="row" aria-rowindex="1" .style=${`height: ${HEADS}px`}>
            ${seen.map(({ text }, i) => this.#head(visible(text), columns.first + i))}
          </div>
          ${rows.slice(lines.first, lines.last).map((_, i) => this.#row(study, lines.first + i, columns, own))}
        </div>
      </div>
    `;
  }

  #head(name: string, at: number): TemplateResult {
    return html`<div
      class=${`head ${at === this.column ? 'here' : ''}`}
      role="columnheader"
      aria-colindex=${at + 2}
      title=${this.t('What {0} contributes to', name)}
      .style=${`inset-inline-start: ${NAMES + CELL * at}px; width: ${CELL}px`}
      @click=${() => this.emit('column-choose', { column: at })}
    >
      <span class="ellipsis">${name}</span>
    </div>`;
  }

  #row(
    study: TokenStudy,
    at: number,
    columns: { first: number; last: number },
    own: readonly number[],
  ): TemplateResult {
    const { target, at: explained } = study.rows[at]!;
    const name =
      study.kind === 'labels'
        ? `${visible(study.tokens[explained]?.text ?? '')} → ${target.label}`
        : visible(target.label);
    const cells = study.tokens.slice(columns.first, columns.last);
    return html`<div
      class=${`row ${at === this.row ? 'here' : ''}`}
      role="row"
      aria-rowindex=${at + 2}
      .style=${`inset-block-start: ${HEADS + CELL * at}px; height: ${CELL}px`}
    >
      <div
        class="name"
        role="rowheader"
        aria-colindex="1"
        title=${`${name}, ${percent(target.probability)}`}
        .style=${`width: ${NAMES}px`}
        @click=${() => this.emit('cell-choose', { row: at, column: this.column })}
      >
        <span class="ellipsis">${name}</span><span class="number quiet">${percent(target.probability)}</span>
      </div>
      ${cells.map((_, i) => this.#cell(study, at, columns.first + i, own[at]!))}
    </div>`;
  }

  #cell(study: TokenStudy, row: number, column: number, scale: number): TemplateResult {
    const isRead = column < study.rows[row]!.relevance.length;
    const value = valueAt(study, row, column);
    const isHere = row === this.row && column === this.column;
    return html`<div
      id=${`cell-${row}-${column}`}
      class=${`cell ${isRead ? '' : 'later'} ${isHere ? 'here' : ''}`}
      role="gridcell"
      aria-colindex=${column + 2}
      aria-selected=${isHere}
      aria-label=${isRead ? signed(value) : this.t('not read')}
      .style=${`inset-inline-start: ${NAMES + CELL * column}px; width: ${CELL}px; background: ${
        isRead ? onColour(this.colours!, value / scale).background : ''
      }`}
      @click=${() => this.emit('cell-choose', { row, column })}
    ></div>`;
  }

  #onKey = (event: KeyboardEvent): void => {
    const { study, row, column, place } = this;
    if (!study || study.rows.length === 0 || event.altKey || event.metaKey) return;
    const size = {
      rows: study.rows.length,
      columns: study.tokens.length,
      page: Math.max(1, Math.floor((place.height - HEADS) / CELL) - 1),
    };
    const next = cellAfter(event.key, { row, column }, size, event.ctrlKey);
    if (!next) return;
    event.preventDefault();
    this.emit('cell-choose', next);
    this.reveal(next);
  };

  /** Scrolls a cell into sight. */
  reveal({ row, column }: { readonly row: number; readonly column: number }): void {
    const { scroller } = this;
    if (!scroller) return;
    const fit = (at: number, now: number, room: number): number =>
      CELL * at < now ? CELL * at : CELL * (at + 1) > now + room ? CELL * (at + 1) - room : now;
    scroller.scrollTop = fit(row, scroller.scrollTop, scroller.clientHeight - HEADS);
    scroller.scrollLeft = fit(column, scroller.scrollLeft, scroller.clientWidth - NAMES);
  }
}
