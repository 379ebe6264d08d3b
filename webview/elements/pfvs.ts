import { css, html, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import type { LayerInfo, ScalarMap } from '../../src/protocol';
import type { Point } from '../logic/geometry';
import { percent, signed } from '../logic/numbers';
import { strongest } from '../logic/strongest';
import { PrismElement } from './element';
import { isActivation, moveFocus } from './roving';
import { listStyles } from './styles';

declare module './element' {
  interface PrismEvents {
    'pfv-choose': Point;
  }
}

const most = 12;

/** The strongest PFVs of the open layer as text; choosing one pins it. */
@customElement('prism-pfvs')
export class Pfvs extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    listStyles,
    css`
      :host {
        display: block;
        padding-bottom: 4px;
      }

      [role='option'] {
        display: grid;
        gap: 8px;
        grid-template-columns: minmax(0, 1fr) auto minmax(4em, auto);
        line-height: 20px;
      }

      .value {
        text-align: end;
      }
    `,
  ];

  @property({ attribute: false }) layer: LayerInfo | undefined;
  @property({ attribute: false }) map: ScalarMap | undefined;
  @property({ attribute: false }) pinned: Point | undefined;

  @queryAll('[role="option"]') private rows!: NodeListOf<HTMLElement>;

  #name(pfv: Point): string {
    const { layer, t } = this;
    return layer?.height === 1 ? t('PFV {0}', pfv.x) : t('column {0}, row {1}', pfv.x, pfv.y);
  }

  protected override render(): TemplateResult {
    const rows = this.map ? strongest(this.map, most) : [];
    const selected = rows.findIndex(({ x, y }) => x === this.pinned?.x && y === this.pinned.y);
    return html`<div role="listbox" aria-label=${this.t('Strongest PFVs: choose one to pin it')}>
      ${rows.map(
        (row, i) => html`<div
          role="option"
          aria-selected=${i === selected}
          tabindex=${i === Math.max(0, selected) ? 0 : -1}
          @click=${() => this.emit('pfv-choose', { x: row.x, y: row.y })}
          @keydown=${(event: KeyboardEvent) => {
            if (moveFocus(event, [...this.rows])) return;
            if (!isActivation(event)) return;
            event.preventDefault();
            this.emit('pfv-choose', { x: row.x, y: row.y });
          }}
        >
          <span class="number">${this.#name(row)}</span>
          <span class="value number quiet">${signed(row.value)}</span>
          <span class="value number">${percent(row.share)}</span>
        </div>`,
      )}
    </div>`;
  }
}
