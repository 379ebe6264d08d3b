import { css, html, svg, type TemplateResult } from 'lit';
import { customElement, property, queryAll } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ClassScore } from '../../src/protocol';
import { number, percent } from '../logic/numbers';
import { PrismElement } from './element';
import { isActivation, moveFocus } from './roving';
import { listStyles } from './styles';

declare module './element' {
  interface PrismEvents {
    'class-choose': number;
  }
}

/** The highest classes; choosing one explains it. */
@customElement('prism-classes')
export class Classes extends PrismElement {
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
        gap: 0 8px;
        grid-template-columns: minmax(0, 1fr) auto minmax(3.4em, auto);
        padding-block: 2px 3px;
      }

      .number {
        text-align: end;
      }

      svg {
        display: block;
        grid-column: 1 / -1;
        height: 3px;
        width: 100%;
      }

      .track {
        fill: var(--vscode-scrollbarSlider-background);
      }

      .share {
        fill: var(--vscode-progressBar-background);
      }

      [aria-selected='true'] .label {
        font-weight: 600;
      }

      [aria-busy='true'] .label {
        font-style: italic;
      }

      @media (forced-colors: active) {
        .share {
          fill: Highlight;
        }
      }
    `,
  ];

  @property({ attribute: false }) top: readonly ClassScore[] = [];
  @property({ attribute: false }) target: ClassScore | undefined;
  /** Index of the class that was asked for and is not yet explained. */
  @property({ type: Number }) asked: number | undefined;

  @queryAll('[role="option"]') private options!: NodeListOf<HTMLElement>;

  /** The highest classes, and the explained one where it is not among them. */
  get #classes(): readonly ClassScore[] {
    const { top, target } = this;
    return target === undefined || top.some(({ index }) => index === target.index) ? top : [...top, target];
  }

  protected override render(): TemplateResult {
    const classes = this.#classes;
    const selected = classes.findIndex(({ index }) => index === this.target?.index);
    return html`<div role="listbox" aria-label=${this.t('Classes: choose one to explain it')}>
      ${repeat(
        classes,
        ({ index }) => index,
        (score, row) => this.#option(score, row === selected, row === Math.max(0, selected)),
      )}
    </div>`;
  }

  #option({ index, label, score, probability }: ClassScore, selected: boolean, inTabOrder: boolean): TemplateResult {
    const choose = (): void => this.emit('class-choose', index);
    const title = this.t('{0} (class {1})', label, index);
    return html`<div
      role="option"
      aria-selected=${selected}
      aria-busy=${this.asked === index}
      tabindex=${inTabOrder ? 0 : -1}
      title=${selected ? this.t('{0}: explained', title) : this.t('{0}: click to explain', title)}
      data-class=${index}
      @click=${choose}
      @keydown=${(event: KeyboardEvent) => {
        if (moveFocus(event, [...this.options])) return;
        if (!isActivation(event)) return;
        event.preventDefault();
        choose();
      }}
    >
      <span class="label ellipsis">${label}</span>
      <span class="number quiet" aria-label=${this.t('score {0}', number(score))}>${number(score)}</span>
      <span class="number">${percent(probability)}</span>
      <svg aria-hidden="true">
        ${svg`<rect class="track" width="100%" height="100%" rx="1" />
        <rect class="share" width="${Math.min(100, 100 * Math.max(0, probability))}%" height="100%" rx="1" />`}
      </svg>
    </div>`;
  }
}
