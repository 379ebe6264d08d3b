import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { MethodSummary } from '../../src/protocol';
import type { ComparedClass, ComparedMethod, ComparisonState } from '../../src/protocol/panel';
import { type ColourMap, colourMap } from '../logic/colour-maps';
import type { Camera } from '../logic/geometry';
import { number } from '../logic/numbers';
import type { PanelModel } from '../logic/panel-model';
import { commonOrder } from '../logic/parts';
import { defaultSmoothing } from '../logic/smooth';
import { rowsOf } from '../logic/steps';
import type { Look } from '../painting/heatmap';
import type { Photo } from '../painting/photo';
import './compared';
import './compared-parts';
import { PrismElement } from './element';
import './history';
import './menu';
import { icon } from './icon';

/** What several methods say of one input, beside each other. */
@customElement('prism-comparison')
export class Comparison extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        min-width: 0;
      }

      .head {
        align-items: center;
        display: flex;
        flex-wrap: wrap;
        gap: 2px 8px;
        min-height: 28px;
        padding: 2px 6px 2px 12px;
      }

      .tools {
        display: flex;
        gap: 4px;
        margin-inline-start: auto;
      }

      .cells {
        display: grid;
        flex: 1;
        gap: 8px;
        grid-auto-rows: max-content;
        grid-template-columns: repeat(auto-fill, minmax(min(190px, 100%), 1fr));
        min-height: 0;
        overflow: auto;
        padding: 4px 12px 12px;
      }

      .cells.written {
        grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr));
      }

      .cells.table {
        grid-template-columns: repeat(var(--columns), minmax(150px, 1fr));
        padding-block-start: 0;
      }

      .cells.table.written {
        grid-template-columns: repeat(var(--columns), minmax(220px, 1fr));
      }

      [role='row'] {
        display: contents;
      }

      .column {
        align-items: center;
        background: var(--vscode-editor-background);
        display: flex;
        gap: 4px;
        inset-block-start: 0;
        min-height: 26px;
        min-width: 0;
        padding-inline-start: 8px;
        position: sticky;
        z-index: 1;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;
  @property({ attribute: false }) photo: Photo | undefined;
  @property({ attribute: false }) theme = 0;

  protected override render(): TemplateResult | typeof nothing {
    const { model, t } = this;
    const { comparison, explanation } = model;
    if (comparison === undefined) return nothing;
    const target = explanation?.target;
    const { columns } = comparison;
    const several = columns.length > 1;
    return html`
      <div class="head">
        <prism-history .t=${t} .model=${model} .version=${this.version}></prism-history>
        <h1 class="unseen">${t('Comparison')}</h1>
        ${target && !several ? html`<b>${target.label}</b><span class="quiet number">${t('score {0}', number(target.score, 4))}</span>` : nothing}
        <span class="quiet number">${this.#count(comparison)}</span>
        ${explanation ? html`<span class="quiet">${explanation.model.name} · ${explanation.provider}</span>` : nothing}
        <div class="tools">
          ${this.#drawn ? this.#zoom() : nothing}
          ${this.#addClass(comparison)}
          <button class="tool" @click=${model.pickCompared}>${icon('layout')} ${t('Choose methods…')}</button>
          <button
            class="tool"
            title=${t('Export the comparison as a picture')}
            aria-label=${t('Export the comparison as a picture')}
            ?disabled=${!comparison.methods.some(({ status }) => status === 'ready')}
            @click=${model.exportComparison}
          >
            ${icon('export')}
          </button>
        </div>
      </div>
      ${several ? this.#table(comparison) : this.#list(comparison)}
    `;
  }

  /** Whether what is compared is painted, and not written. */
  get #drawn(): boolean {
    const { explanation, state } = this.model;
    const { text, textFile, row } = state?.question ?? {};
    return explanation ? !explanation.text && !explanation.row : (text ?? textFile ?? row) === undefined;
  }

  #zoom(): TemplateResult {
    const { model, t } = this;
    return html`
          <button
            class="tool"
            aria-pressed=${model.comparedCameras.linked}
            title=${t('Zoom the pictures together')}
            aria-label=${t('Zoom the pictures together')}
            @click=${() => model.linkZoom(!model.comparedCameras.linked)}
          >
            ${icon('link')}
          </button>
          <button
            class="tool"
            title=${t('Fit (0)')}
            aria-label=${t('Fit (0)')}
            @click=${() => model.comparedCameras.fit()}
          >
            ${icon('screen-normal')}
          </button>
    `;
  }

  protected override updated(): void {
    this.style.setProperty('--columns', String(this.model.comparison?.columns.length ?? 1));
  }

  /** For one class: the photograph, and what each method says. */
  #list(comparison: ComparisonState): TemplateResult {
    const { t } = this;
    return html`<div class=${this.#drawn ? 'cells' : 'cells written'} role="list" aria-label=${t('Compared methods')}>
      ${this.#drawn ? this.#photograph() : nothing}
      ${repeat(
        comparison.methods,
        ({ method }) => method,
        (cell) => this.#cell(cell, comparison, 'listitem'),
      )}
    </div>`;
  }

  #photograph(): TemplateResult {
    const { model, t } = this;
    return html`<prism-compared
        role="listitem"
        .t=${t}
        .heading=${t('Photograph')}
        .photo=${this.photo}
        .theme=${this.theme}
        what="photograph"
        .camera=${model.comparedCameras.of('photograph')}
        @compared-camera=${(event: CustomEvent<Camera>) => model.comparedCameras.aim('photograph', event.detail)}
      ></prism-compared>`;
  }

  /** For several classes: a column each, and a row a method. */
  #table(comparison: ComparisonState): TemplateResult {
    const { columns } = comparison;
    return html`<div class=${this.#drawn ? 'cells table' : 'cells table written'} role="table" aria-label=${this.t('Compared methods')}>
      <div role="row">${columns.map((column, i) => this.#columnHead(column, i))}</div>
      ${repeat(
        rowsOf(comparison),
        ([first]) => first?.method,
        (row) => html`<div role="row">${row.map((cell) => this.#cell(cell, comparison, 'cell'))}</div>`,
      )}
    </div>`;
  }

  #count({ methods, columns }: ComparisonState): string {
    const done = methods.filter(({ status }) => status === 'ready').length;
    if (columns.length > 1) return this.t('{0} of {1} maps', done, methods.length);
    return done === methods.length ? this.t('{0} methods', done) : this.t('{0} of {1} methods', done, methods.length);
  }

  /** A class, and what takes it away again. */
  #columnHead({ label }: ComparedClass, column: number): TemplateResult {
    const { model, t } = this;
    const remove = t('No longer compare for {0}', label);
    return html`<div class="column" role="columnheader" data-column=${column}>
      <b class="ellipsis" title=${label}>${label}</b>
      <button class="tool" title=${remove} aria-label=${remove} @click=${() => model.removeClass(column)}>
        ${icon('close')}
      </button>
    </div>`;
  }

  /** Adds one of the highest classes, or another one that the host asks for. */
  #addClass({ columns }: ComparisonState): TemplateResult | typeof nothing {
    const { model, t } = this;
    // Beside a class that is not known yet, or a part of the output, there is nothing to put.
    if (columns[0]?.index === undefined || model.state?.question?.score !== undefined) return nothing;
    const { top = [] } = model.explanation ?? {};
    const others = top.filter(({ index, label }) => !columns.some((one) => one.index === index || one.label === label));
    const items = [
      ...others.map(({ index, label }) => ({ id: String(index), title: label })),
      { id: '', title: t('Another class…') },
    ];
    return html`<prism-menu
      .t=${t}
      label=${t('Compare for another class')}
      icon="add"
      .items=${items}
      @menu-choose=${({ detail }: CustomEvent<string>) => model.addClass(detail === '' ? undefined : Number(detail))}
    ></prism-menu>`;
  }

  #cell(cell: ComparedMethod, { columns }: ComparisonState, role: 'cell' | 'listitem'): TemplateResult {
    const { model, t } = this;
    const method = model.state?.methods.find(({ id }) => id === cell.method);
    const title = method?.title ?? cell.method;
    const camera = `${columns[cell.column]?.label}:${cell.method}`;
    const id = cell.result?.id;
    if (id !== undefined) model.comparedMaps.want(id);
    const heading = columns.length > 1 ? `${title} · ${columns[cell.column]?.label ?? ''}` : title;
    if (!this.#drawn) return this.#written(cell, heading, method, role);
    const partial = cell.status === 'working' ? model.state?.progress?.partial : undefined;
    const map = id === undefined ? partial : model.comparedMaps.get(id);
    return html`<prism-compared
      role=${role}
      .t=${t}
      .heading=${heading}
      .cell=${cell}
      .map=${map}
      .look=${map && this.#look(map.width, method)}
      .photo=${this.photo}
      .theme=${this.theme}
      .busy=${model.state?.status === 'working'}
      ?current=${id !== undefined && id === model.explanation?.id}
      what=${`method:${cell.method}`}
      data-method=${cell.method}
      data-column=${cell.column}
      .camera=${model.comparedCameras.of(camera)}
      @compared-camera=${(event: CustomEvent<Camera>) => model.comparedCameras.aim(camera, event.detail)}
      @compared-open=${() => model.openCompared(cell)}
    ></prism-compared>`;
  }

  #written(cell: ComparedMethod, heading: string, method: MethodSummary | undefined, role: string): TemplateResult {
    const { model, t } = this;
    const { explanation, comparison } = model;
    const id = cell.result?.id;
    const features = explanation?.row?.features;
    const maps = (comparison?.methods ?? []).flatMap(({ result }) => {
      const map = features && result && model.comparedMaps.get(result.id);
      return map?.data.length === features?.length && map ? [[...map.data]] : [];
    });
    return html`<prism-compared-parts
      role=${role}
      .t=${t}
      .heading=${heading}
      .cell=${cell}
      .map=${id === undefined ? undefined : model.comparedMaps.get(id)}
      .colours=${this.#colours(method)}
      .text=${explanation?.text}
      .features=${features}
      .order=${features ? commonOrder(maps, features.length) : []}
      .busy=${model.state?.status === 'working'}
      ?current=${id !== undefined && id === explanation?.id}
      data-method=${cell.method}
      data-column=${cell.column}
      @compared-open=${() => model.openCompared(cell)}
    ></prism-compared-parts>`;
  }

  #colours(method: MethodSummary | undefined): ColourMap {
    const { view } = this.model;
    const kind = method?.signed ? 'diverging' : 'sequential';
    return colourMap(kind === 'diverging' ? view.colourMap : view.sequentialMap, kind);
  }

  #look(width: number, method: MethodSummary | undefined): Look {
    const { view } = this.model;
    const colours = this.#colours(method);
    return { colours, opacity: view.opacity, sigma: view.smoothing ?? defaultSmoothing(width), rule: view.scale };
  }
}
