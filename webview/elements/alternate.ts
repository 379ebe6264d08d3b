import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { type FlickerWith, flickerRates } from '../logic/flicker';
import { number } from '../logic/numbers';
import type { PanelModel } from '../logic/panel-model';
import { PrismElement } from './element';
import { icon } from './icon';
import { rangeStyles } from './range-styles';
import { select } from './select';

/** Whether the person has asked for less movement: of the system, or of the workbench. */
const prefersStill = (): boolean =>
  matchMedia('(prefers-reduced-motion: reduce)').matches || document.body.classList.contains('vscode-reduce-motion');

/** Two pictures in turns: which, how fast, and by hand. */
@customElement('prism-alternate')
export class Alternate extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    rangeStyles,
    css`
      :host {
        align-items: center;
        display: flex;
        flex-wrap: wrap;
        gap: 4px 12px;
        padding: 2px 6px;
      }

      label {
        align-items: center;
        display: flex;
        gap: 6px;
        white-space: nowrap;
      }

      vscode-single-select {
        width: 220px;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.model.alternating.flicker.end();
  }

  protected override render(): TemplateResult {
    const { model, t } = this;
    const { alternating, view } = model;
    const { flicker } = alternating;
    const choices = alternating.alternatives.map(({ id, title }) => ({ value: id, title }));
    const still = prefersStill();
    const why = t('Your system asks for less movement: press B to alternate by hand.');
    const play = flicker.plays ? t('Pause') : t('Alternate by itself');
    return html`
      ${select(t('Alternate with'), flicker.with ?? 'photograph', choices, (id) => void alternating.begin(id as FlickerWith))}
      <button
        class="tool"
        aria-pressed=${flicker.other}
        title=${t('Show the other picture (B)')}
        @click=${() => model.flip()}
      >
        ${icon('arrow-swap')} ${flicker.other ? 'B' : 'A'}
      </button>
      <button
        class="tool"
        title=${still ? why : play}
        aria-label=${still ? why : play}
        ?disabled=${still}
        @click=${() => (flicker.plays ? flicker.pause() : flicker.play(view.flickerRate))}
      >
        ${icon(flicker.plays ? 'debug-pause' : 'play')}
      </button>
      <label>
        <span class="quiet">${t('Changes a second')}</span>
        <input
          type="range"
          min=${flickerRates.least}
          max=${flickerRates.most}
          step="0.5"
          ?disabled=${still}
          .value=${live(String(view.flickerRate))}
          @input=${(event: Event) => this.#pace((event.target as HTMLInputElement).valueAsNumber)}
        />
        <span class="number" aria-hidden="true">${number(view.flickerRate, 2)}</span>
      </label>
    `;
  }

  #pace(flickerRate: number): void {
    const { flicker } = this.model.alternating;
    this.model.setView({ flickerRate });
    if (flicker.plays) flicker.play(flickerRate);
  }
}
