import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { live } from 'lit/directives/live.js';
import { type ColourMapKind, colourMap, colourMapsOf } from '../logic/colour-maps';
import { percent } from '../logic/numbers';
import { pixels } from '../logic/readout';
import type { ScaleRule } from '../logic/scale';
import { defaultView, mostSmoothing, type View } from '../logic/view';
import { PrismElement } from './element';
import { rangeStyles } from './range-styles';
import { select } from './select';

declare module './element' {
  interface PrismEvents {
    'view-change': Partial<View>;
  }
}

/** How the maps are painted; no number changes by it. */
@customElement('prism-display')
export class Display extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    rangeStyles,
    css`
      :host {
        align-items: center;
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        padding: 2px 6px;
      }

      label,
      .field {
        align-items: center;
        display: flex;
        gap: 6px;
        white-space: nowrap;
      }

      .value {
        min-width: 3.6em;
      }

      vscode-single-select {
        width: 108px;
      }
    `,
  ];

  @property({ attribute: false }) view: View = defaultView;
  @property() kind: ColourMapKind = 'diverging';
  /** The smoothing in force, in input pixels. */
  @property({ type: Number }) smoothing = 0;

  protected override render(): TemplateResult {
    const { t, view, kind } = this;
    const key = kind === 'diverging' ? 'colourMap' : 'sequentialMap';
    const colours = colourMapsOf(kind).map(({ id, title }) => ({ value: id, title }));
    const scales = [
      { value: 'maximum', title: t('max |R|'), description: t('The largest magnitude has the end colour.') },
      { value: 'percentile', title: t('99.5 %'), description: t('The strongest 0.5 % share the end colour.') },
    ];
    return html`
      ${this.#slider(t('Opacity'), view.opacity, 1, 0.01, percent(view.opacity), (opacity) => ({ opacity }))}
      ${this.#slider(t('Smoothing'), this.smoothing, mostSmoothing, 0.1, pixels(this.smoothing, t), (smoothing) => ({
        smoothing,
      }))}
      <div class="field">
        <span class="quiet" aria-hidden="true">${t('Colours')}</span>
        ${select(t('Colours'), colourMap(view[key], kind).id, colours, (id) => this.emit('view-change', { [key]: id }), 'above')}
      </div>
      <div class="field">
        <span class="quiet" aria-hidden="true">${t('Scale')}</span>
        ${select(t('Scale'), view.scale, scales, (scale) => this.emit('view-change', { scale: scale as ScaleRule }), 'above')}
      </div>
    `;
  }

  #slider(
    title: string,
    value: number,
    most: number,
    step: number,
    text: string,
    change: (value: number) => Partial<View>,
  ): TemplateResult {
    return html`<label>
      <span class="quiet">${title}</span>
      <input
        type="range"
        min="0"
        max=${most}
        step=${step}
        aria-valuetext=${text}
        .value=${live(String(value))}
        @input=${(event: Event) => this.emit('view-change', change((event.target as HTMLInputElement).valueAsNumber))}
      />
      <span class="value number" aria-hidden="true">${text}</span>
    </label>`;
  }
}
