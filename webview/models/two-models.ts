import { html, nothing, type PropertyValues, svg, type TemplateResult } from 'lit';
import { customElement, property, queryAll, state } from 'lit/decorators.js';
import type { ScalarMap } from '../../src/protocol';
import type { ModelsHostApi, ModelsState } from '../../src/protocol/models';
import type { LayerDivergence, ModelDivergence } from '../../src/protocol/study';
import { type Client, toRemoteError } from '../../src/rpc';
import { PrismElement } from '../elements/element';
import { icon } from '../elements/icon';
import '../elements/map';
import { isActivation, moveFocus } from '../elements/roving';
import { difference } from '../logic/difference';
import '../elements/work';
import { translator } from '../logic/l10n';
import { number, percent, shape } from '../logic/numbers';
import { modelsStyles } from './styles';

/** Two models on one input: what each rests on, and every layer that both have. */
@customElement('prism-two-models')
export class TwoModels extends PrismElement {
  static override styles = [...PrismElement.styles, modelsStyles];

  @property({ attribute: false }) host: Client<ModelsHostApi> | undefined;

  @state() private known: ModelsState | undefined;
  /** Index of the layer that is looked at; undefined: the input. */
  @state() private layer: number | undefined;
  @state() private maps: readonly [ScalarMap, ScalarMap] | undefined;
  @state() private notice: ReturnType<typeof toRemoteError> | undefined;

  @queryAll('tbody tr') private rows!: NodeListOf<HTMLElement>;

  show(next: ModelsState): void {
    const other = next.explanations?.[0].id !== this.known?.explanations?.[0].id;
    this.t = translator(next.l10n);
    this.known = next;
    if (other) {
      this.layer = undefined;
      this.maps = undefined;
    }
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has('known')) return;
    const before = changed.get('known') as ModelsState | undefined;
    // What one looks for first.
    if (before?.divergence !== this.known?.divergence)
      this.renderRoot.querySelector('tr.parted')?.scrollIntoView({ block: 'center' });
  }

  protected override render(): TemplateResult | typeof nothing {
    const { known, t, host } = this;
    if (!known || !host) return nothing;
    const { divergence } = known;
    return html`
      <header>
        <h1>${this.#headline(known)}</h1>
        <prism-work
          .t=${t}
          .work=${known}
          .notice=${this.notice}
          @work-cancel=${() => host.cancel({})}
          @work-retry=${() => host.retry({})}
          @log-show=${() => host.showLog({})}
          @message-dismiss=${() => {
            this.notice = undefined;
          }}
        ></prism-work>
      </header>
      ${divergence ? this.#main(known, divergence) : nothing}
    `;
  }

  #headline({ question, explanations, divergence }: ModelsState): string {
    const { t } = this;
    const image = nameOf(question.image);
    if (!explanations || !divergence) return t('Two models on {0}', image);
    const { parted, layers, threshold } = divergence;
    const label = explanations[0].target.label;
    return parted === null
      ? t('{0}, {1}: the models part nowhere (every mean cosine is at least {2})', image, label, threshold)
      : t('{0}, {1}: the models part at {2}', image, label, layers[parted]!.title);
  }

  #main(known: ModelsState, divergence: ModelDivergence): TemplateResult {
    return html`<main>
      <div class="maps">${this.#maps(known)}</div>
      <div class="layers">${this.#table(divergence)}</div>
    </main>`;
  }

  #maps({ explanations, divergence }: ModelsState): TemplateResult | typeof nothing {
    if (!explanations) return nothing;
    const { t, layer } = this;
    const [first, second] = this.maps ?? (layer === undefined ? explanations.map(({ map }) => map) : []);
    const changed = first && second && difference(first, second);
    const { signed } = explanations[0].method;
    const moved = layer === undefined ? divergence?.relevance : divergence?.layers[layer]?.relevance;
    const figure = (map: ScalarMap | undefined, of: boolean, caption: TemplateResult): TemplateResult =>
      html`<figure><prism-map .map=${map} ?signed=${of}></prism-map><figcaption>${caption}</figcaption></figure>`;
    const side = (at: 0 | 1, map: ScalarMap | undefined): TemplateResult => {
      const { model, target, top } = explanations[at];
      return figure(
        map,
        signed,
        html`<button class="link" @click=${() => this.host?.open({ side: at })}>${model.name}</button>
          <span>${t('{0}, score {1}', target.label, number(target.score))}</span>
          <span class="quiet">${t('predicts {0}', top[0]?.label ?? '–')}</span>`,
      );
    };
    return html`${side(0, first)} ${side(1, second)}
    ${
      changed
        ? figure(
            changed,
            true,
            html`<span>${t('Difference')}</span>
            <span class="quiet">${moved ? t('{0} of the relevance lies elsewhere', percent(moved.moved)) : ''}</span>`,
          )
        : nothing
    }`;
  }

  #table({ layers, parted, alone }: ModelDivergence): TemplateResult {
    const { t } = this;
    const missing = alone.map((names) => names.length);
    return html`<table role="grid" aria-label=${t('Layers of both models')}>
      <thead>
        <tr>
          <th scope="col">${t('Layer')}</th>
          <th scope="col">${t('Shape')}</th>
          <th scope="col" colspan="2" title=${t('Mean cosine of the feature vectors of all places')}>${t('Cosine')}</th>
          <th scope="col" class="number" title=${t('Lowest cosine of any place')}>${t('Lowest')}</th>
          <th scope="col" class="number" title=${t('Share of the relevance that lies elsewhere')}>${t('Moved')}</th>
        </tr>
      </thead>
      <tbody>
        ${layers.map((layer, at) => this.#row(layer, at, at === parted))}
      </tbody>
    </table>
    ${
      missing.some((count) => count > 0)
        ? html`<p class="quiet">${t('Layers of only one of them: {0} and {1}', missing[0]!, missing[1]!)}</p>`
        : nothing
    }`;
  }

  #row(layer: LayerDivergence, at: number, parted: boolean): TemplateResult {
    const { t } = this;
    const { title, shape: sizes, cosine, lowest, relevance } = layer;
    const choose = (): void => void this.#choose(at);
    return html`<tr
      class=${parted ? 'parted' : ''}
      aria-selected=${at === this.layer}
      tabindex=${at === (this.layer ?? 0) ? 0 : -1}
      data-layer=${title}
      @click=${choose}
      @keydown=${(event: KeyboardEvent) => {
        if (moveFocus(event, [...this.rows])) return;
        if (!isActivation(event)) return;
        event.preventDefault();
        choose();
      }}
    >
      <td title=${parted ? t('Here the models part') : title}>
        ${parted ? html`<span class="mark">${icon('warning')}</span>` : nothing} ${title}
      </td>
      <td class="quiet">${shape(sizes)}</td>
      <td>
        <svg aria-hidden="true">
          ${svg`<rect class="track" width="100%" height="100%" rx="1" />
          <rect class="share" width="${100 * Math.max(0, cosine)}%" height="100%" rx="1" />`}
        </svg>
      </td>
      <td class="number">${number(cosine)}</td>
      <td class="number">${number(lowest)}</td>
      <td class="number">${relevance ? percent(relevance.moved) : ''}</td>
    </tr>`;
  }

  async #choose(at: number): Promise<void> {
    const { host } = this;
    const { relevance } = this.known?.divergence?.layers[at] ?? {};
    this.layer = at;
    this.maps = undefined;
    if (!host || !relevance) return;
    try {
      const maps = await host.layerMaps({ layer: at });
      // The person may be at another layer by now.
      if (this.layer === at) this.maps = maps;
    } catch (reason) {
      this.notice = toRemoteError(reason);
    }
  }
}

const nameOf = (file: string): string => file.split(/[\\/]/).at(-1) ?? file;
