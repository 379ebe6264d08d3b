import '@vscode-elements/elements/dist/vscode-button/index.js';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { styleMap } from 'lit/directives/style-map.js';
import type { ArrayChannel, ArrayHostApi, ArrayState, ArrayStatistics, ArrayView } from '../../src/protocol/array';
import type { Client } from '../../src/rpc';
import { icon } from '../elements/icon';
import { select } from '../elements/select';
import { baseStyles } from '../elements/styles';
import { colourMap, colourMaps } from '../logic/colour-maps';
import { english, translator } from '../logic/l10n';
import { number, shape } from '../logic/numbers';
import { pixelsOf, planesOf, type Range } from './pixels';
import { viewerStyles } from './viewer-styles';

/** Channels that are listed one by one; more are chosen by their number. */
const LISTED = 64;

/** An array as a picture, with its channels, its items, and what its values are like. */
@customElement('prism-array')
export class ArrayViewer extends LitElement {
  static override styles = [baseStyles, viewerStyles];

  @property({ attribute: false }) state: ArrayState | undefined;
  @property({ attribute: false }) host: Client<ArrayHostApi> | undefined;
  @state() private colours = '';
  /** Set by hand; else the range of the item that is shown. */
  @state() private range: Range | undefined;
  @state() private pointed: { readonly x: number; readonly y: number } | undefined;
  @query('canvas') private readonly canvas!: HTMLCanvasElement | null;
  #planes: Float32Array[] = [];

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('state');
    if (changed.has('state') && this.state?.view && this.state.view !== before?.view) {
      this.#planes = planesOf(this.state.view.picture);
    }
  }

  protected override updated(): void {
    const { canvas } = this;
    const view = this.state?.view;
    if (!canvas || !view) return;
    const { width, height } = view.picture;
    canvas.width = width;
    canvas.height = height;
    canvas
      .getContext('2d')!
      .putImageData(new ImageData(pixelsOf(this.#planes, this.#map, this.#range), width, height), 0, 0);
    canvas.dataset.painted = `${view.item}:${view.channel}:${this.state?.where}`;
  }

  get #t() {
    return this.state ? translator(this.state.l10n) : english;
  }

  get #map() {
    const kind = this.state?.signed ? 'diverging' : 'sequential';
    const chosen = colourMaps.find(({ id }) => id === this.colours);
    return chosen ?? (kind === 'diverging' ? colourMap('', kind) : colourMap('greys', kind));
  }

  get #range(): Range {
    const view = this.state?.view;
    if (this.range || !view) return this.range ?? { low: 0, high: 1 };
    if (view.picture.element === 'uint8' && view.picture.planes >= 3) return { low: 0, high: 255 };
    return { low: view.range.min ?? 0, high: view.range.max ?? 1 };
  }

  #show(item: number, channel: ArrayChannel | undefined): void {
    void this.host?.show(channel === undefined ? { item } : { item, channel });
  }

  protected override render(): TemplateResult | typeof nothing {
    const { state } = this;
    if (!state) return nothing;
    const t = this.#t;
    const { view, error, status } = state;
    return html`
      <header>
        <code class="ellipsis">${state.title}</code>
        <span class="quiet">${state.where}</span>
        <span class="room"></span>
        ${
          state.explainable
            ? html`<vscode-button @click=${() => void this.host?.explain({})}>${t('Explain')}</vscode-button>`
            : nothing
        }
        <button class="tool" title=${t('Refresh')} aria-label=${t('Refresh')} @click=${() => void this.host?.refresh({})}>
          ${icon('refresh')}
        </button>
      </header>
      ${error ? html`<p class="error" role="alert">${icon('error')} <code>${error.code}</code> ${error.message}</p>` : nothing}
      ${
        status === 'stale' && !error
          ? html`<p class="quiet" role="status">${t('The program has gone on; this is what it was.')}</p>`
          : nothing
      }
      ${state.notes.map((note) => html`<p class="quiet">${icon('info')} ${note}</p>`)}
      ${view ? this.#view(view, status) : nothing}
    `;
  }

  #view(view: ArrayView, status: ArrayState['status']): TemplateResult {
    const { picture } = view;
    return html`
      ${this.#controls(view)}
      <div class="stage" data-status=${status}>
        <canvas
          role="img"
          aria-label=${`${view.type} ${shape(view.shape)}`}
          class=${Math.max(picture.width, picture.height) < 512 ? 'coarse' : ''}
          style=${styleMap({
            aspectRatio: `${picture.width} / ${picture.height}`,
            maxWidth: `min(100%, ${(70 * picture.width) / picture.height}vh)`,
          })}
          @pointermove=${(event: PointerEvent) => this.#point(event, view)}
          @pointerleave=${() => {
            this.pointed = undefined;
          }}
        ></canvas>
      </div>
      <p class="readout number">${this.#readout(view)}</p>
      ${this.#facts(view)}
    `;
  }

  #controls(view: ArrayView): TemplateResult {
    const t = this.#t;
    const { low, high } = this.#range;
    const set = (end: keyof Range) => (event: Event) => {
      const value = Number((event.target as HTMLInputElement).value);
      if (Number.isFinite(value)) this.range = { low, high, [end]: value };
    };
    return html`
      <div class="controls">
        ${
          view.items > 1
            ? html`<label>
                ${t('Item')}
                <input
                  type="range"
                  min="0"
                  max=${view.items - 1}
                  .value=${String(view.item)}
                  aria-label=${t('Item')}
                  @input=${(event: Event) => this.#show(Number((event.target as HTMLInputElement).value), view.channel)}
                />
                <span class="number">${view.item} / ${view.items}</span>
              </label>`
            : nothing
        }
        ${view.channels > 1 ? this.#channels(view) : nothing}
        ${
          view.picture.planes < 3
            ? html`<label>
                ${t('Colours')}
                ${select(
                  t('Colours'),
                  this.#map.id,
                  colourMaps.map(({ id, title }) => ({ value: id, title })),
                  (id) => {
                    this.colours = id;
                  },
                )}
              </label>`
            : nothing
        }
        <label>
          ${t('Range')}
          <input class="end" type="number" step="any" aria-label=${t('Lowest')} .value=${number(low, 4)} @change=${set('low')} />
          …
          <input class="end" type="number" step="any" aria-label=${t('Highest')} .value=${number(high, 4)} @change=${set('high')} />
          ${
            this.range
              ? html`<button class="link" @click=${() => {
                  this.range = undefined;
                }}>${t('Automatic')}</button>`
              : nothing
          }
        </label>
      </div>
    `;
  }

  #channels(view: ArrayView): TemplateResult {
    const t = this.#t;
    const choose = (value: string) =>
      this.#show(view.item, value === 'colour' || value === 'mean' ? value : Number(value));
    if (view.channels > LISTED) {
      return html`<label>
        ${t('Channel')}
        <input
          class="end"
          type="number"
          min="0"
          max=${view.channels - 1}
          aria-label=${t('Channel')}
          .value=${String(view.channel)}
          @change=${(event: Event) => choose((event.target as HTMLInputElement).value)}
        />
        <span class="number">/ ${view.channels}</span>
        <button class="link" @click=${() => choose('mean')}>${t('Mean')}</button>
      </label>`;
    }
    const names = view.channelNames ?? Array.from({ length: view.channels }, (_, i) => String(i));
    const choices = [
      ...(view.channels === 3 || view.channels === 4 ? [{ value: 'colour', title: t('as colours') }] : []),
      ...names.map((title, i) => ({ value: String(i), title })),
      ...(view.channelNames ? [] : [{ value: 'mean', title: t('mean of all') }]),
    ].filter(({ value }) => value !== 'colour' || !view.channelNames);
    return html`<label>${t('Channel')} ${select(t('Channel'), String(view.channel), choices, choose)}</label>`;
  }

  #point(event: PointerEvent, { picture }: ArrayView): void {
    const box = this.canvas!.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * picture.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * picture.height);
    this.pointed = x >= 0 && y >= 0 && x < picture.width && y < picture.height ? { x, y } : undefined;
  }

  #readout({ picture }: ArrayView): string {
    const { pointed } = this;
    if (!pointed || pointed.x >= picture.width || pointed.y >= picture.height) return ' ';
    const { x, y } = pointed;
    const values = this.#planes.map((plane) => number(plane[y * picture.width + x]!, 5));
    return `${this.#t('row')} ${y * picture.stride}, ${this.#t('column')} ${x * picture.stride}: ${values.join(' ')}`;
  }

  #facts(view: ArrayView): TemplateResult {
    const t = this.#t;
    const { statistics } = view;
    const size = view.shape.reduce((product, side) => product * side, 1);
    const about = [
      view.type,
      view.dtype,
      shape(view.shape),
      view.device,
      view.requiresGrad ? 'requires_grad' : undefined,
      view.picture.stride > 1 ? t('every {0}th element is shown', view.picture.stride) : undefined,
      statistics.counted < size ? t('{0} of {1} elements counted', statistics.counted, size) : undefined,
    ];
    return html`
      <p class="quiet">${about.filter(Boolean).join(' · ')}</p>
      <table class="number">
        <tr>
          <th></th>
          ${[t('min'), t('max'), t('mean'), t('zeros'), 'NaN', '+∞', '−∞'].map((title) => html`<th scope="col">${title}</th>`)}
        </tr>
        ${this.#row(t('all'), statistics)} ${view.items > 1 ? this.#row(t('this item'), view.range) : nothing}
      </table>
    `;
  }

  #row(title: string, { min, max, mean, zeros, nan, positive, negative }: ArrayStatistics): TemplateResult {
    const text = (value: number | null): string => (value === null ? '–' : number(value, 4));
    const counted = [zeros, nan, positive, negative];
    return html`<tr>
      <th scope="row">${title}</th>
      ${[min, max, mean].map((value) => html`<td>${text(value)}</td>`)}
      ${counted.map((value, i) => html`<td class=${i > 0 && value > 0 ? 'odd' : ''}>${value}</td>`)}
    </tr>`;
  }
}
