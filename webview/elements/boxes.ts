import { css, html, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { DetectedBox } from '../../src/protocol';
import { percent } from '../logic/numbers';
import { PrismElement } from './element';
import { isActivation, moveFocus } from './roving';
import { listStyles } from './styles';

declare module './element' {
  interface PrismEvents {
    /** The element of the output that a box's class is. */
    'box-choose': string;
  }
}

/** What a detector has found; choosing a box explains its class. */
@customElement('prism-boxes')
export class Boxes extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    listStyles,
    css`
      [role='option'] {
        display: flex;
        gap: 8px;
        padding-block: 2px;
      }

      .label {
        flex: 1;
        min-width: 0;
      }

      [aria-selected='true'] .label {
        font-weight: 600;
      }
    `,
  ];

  @property({ attribute: false }) boxes: readonly DetectedBox[] = [];
  /** The element that is explained. */
  @property({ attribute: false }) score: string | undefined;

  @queryAll('[role="option"]') private options!: NodeListOf<HTMLElement>;

  protected override render(): TemplateResult {
    const selected = this.boxes.findIndex(({ score }) => score === this.score);
    return html`<div role="listbox" aria-label=${this.t('Detections: choose one to explain it')}>
      ${repeat(
        this.boxes,
        ({ score }) => score,
        (box, row) => this.#option(box, row === selected, row === Math.max(0, selected)),
      )}
    </div>`;
  }

  #option({ label, probability, score }: DetectedBox, selected: boolean, inTabOrder: boolean): TemplateResult {
    const choose = (): void => this.emit('box-choose', score);
    return html`<div
      role="option"
      aria-selected=${selected}
      tabindex=${inTabOrder ? 0 : -1}
      title=${score}
      data-score=${score}
      @click=${choose}
      @keydown=${(event: KeyboardEvent) => {
        if (moveFocus(event, [...this.options]) || !isActivation(event)) return;
        event.preventDefault();
        choose();
      }}
    >
      <span class="label ellipsis">${label}</span>
      <span class="number">${percent(probability)}</span>
    </div>`;
  }
}
