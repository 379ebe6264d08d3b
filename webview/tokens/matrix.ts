import { html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { PrismElement } from '../elements/element';
import { onColour } from '../elements/on-colour';
import type { ColourMap } from '../logic/colour-maps';
import { signed } from '../logic/numbers';
import { visibleRows } from '../logic/parts';
import { cellAfter, type Matrix, scales, valueAt } from '../logic/token-map';
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

/** A map token × token. What is out of sight is not laid out. */
@customElement('prism-token-matrix')
export class TokenMatrix extends PrismElement {
  static override styles = [...PrismElement.styles, matrixStyles];

  @property({ attribute: false }) matrix: Matrix | undefined;
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
    const { matrix, colours, place, row, column } = this;
    if (!matrix || !colours) return nothing;
    const { columns: tokens, rows, label } = matrix;
    const own = scales(matrix, this.together);
    const lines = visibleRows(rows.length, { top: place.top, height: place.height - HEADS, row: CELL });
    const columns = visibleRows(tokens.length, { top: place.left, height: place.width - NAMES, row: CELL });
    const seen = tokens.slice(columns.first, columns.last);
    return html`
      <div
        class="scroller"
        role="grid"
        tabindex="0"
        aria-label=${label}
        aria-rowcount=${rows.length + 1}
        aria-colcount=${tokens.length + 1}
        aria-activedescendant=${rows.length > 0 ? `cell-${row}-${column}` : nothing}
        @scroll=${() => this.#measure()}
        @keydown=${this.#onKey}
      >
        <div class="whole" .style=${`width: ${NAMES + CELL * tokens.length}px; height: ${HEADS + CELL * rows.length}px`}>
          <div class="heads" role="row" aria-rowindex="1" .style=${`height: ${HEADS}px`}>
            ${seen.map((head, i) => this.#head(head, columns.first + i))}
          </div>
          ${rows.slice(lines.first, lines.last).map((_, i) => this.#row(matrix, lines.first + i, columns, own))}
        </div>
      </div>
    `;
  }

  #head({ name, title }: Matrix['columns'][number], at: number): TemplateResult {
    return html`<div
      class=${`head ${at === this.column ? 'here' : ''}`}
      role="columnheader"
      aria-colindex=${at + 2}
      title=${title}
      .style=${`inset-inline-start: ${NAMES + CELL * at}px; width: ${CELL}px`}
      @click=${() => this.emit('column-choose', { column: at })}
    >
      <span class="ellipsis">${name}</span>
    </div>`;
  }

  #row(matrix: Matrix, at: number, columns: { first: number; last: number }, own: readonly number[]): TemplateResult {
    const { name, note } = matrix.rows[at]!;
    const cells = matrix.columns.slice(columns.first, columns.last);
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
        title=${[name, note].filter(Boolean).join(', ')}
        .style=${`width: ${NAMES}px`}
        @click=${() => this.emit('cell-choose', { row: at, column: this.column })}
      >
        <span class="ellipsis">${name}</span><span class="number quiet">${note ?? ''}</span>
      </div>
      ${cells.map((_, i) => this.#cell(matrix, at, columns.first + i, own[at]!))}
    </div>`;
  }

  #cell(matrix: Matrix, row: number, column: number, scale: number): TemplateResult {
    const isRead = column < matrix.rows[row]!.relevance.length;
    const value = valueAt(matrix, row, column);
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
    const { matrix, row, column, place } = this;
    if (!matrix || matrix.rows.length === 0 || event.altKey || event.metaKey) return;
    const size = {
      rows: matrix.rows.length,
      columns: matrix.columns.length,
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
