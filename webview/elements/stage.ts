import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, queryAll, state } from 'lit/decorators.js';
import type { PicturedExplanation, ScalarMap } from '../../src/protocol';
import { type ColourMapKind, colourMap } from '../logic/colour-maps';
import { contentOf, gridArea, once } from '../logic/content';
import { describeMap } from '../logic/describe';
import { type Camera, type Point, type Rect, type Size, stacked } from '../logic/geometry';
import type { PanelModel } from '../logic/panel-model';
import { arrange, cellAt, gridSize, pfvGrid } from '../logic/pfv-grid';
import { activationOnShow, mapOnShow, type Shown } from '../logic/shown';
import { defaultSmoothing } from '../logic/smooth';
import type { Look } from '../painting/heatmap';
import { gridMarks, photographMarks } from '../painting/marks';
import type { Photo } from '../painting/photo';
import type { Drawing } from '../painting/picture';
import './display';
import { PrismElement } from './element';
import './pane';
import type { Pane, Pointing } from './pane';
import './readout';
import { StageCursor } from './stage-cursor';
import { type SourcesSetting, sourceLayer, sourceLines, sourcesPane } from './stage-sources';

/** What the pane of the map shows; without a map the photograph by itself. */
interface Picture extends Pick<Shown, 'what' | 'title' | 'note' | 'label' | 'kind'> {
  readonly map?: ScalarMap;
  readonly viewport: Rect;
}

/** The pictures: photograph and map, and the PFVs of the open layer. */
@customElement('prism-stage')
export class Stage extends PrismElement {
  static override styles = [
    ...PrismElement.styles,
    css`
      :host {
        display: grid;
        grid-template-rows: minmax(0, 1fr) auto auto;
        min-height: 0;
        min-width: 0;
      }

      .panes {
        display: grid;
        gap: 4px;
        grid-auto-columns: minmax(0, 1fr);
        grid-auto-flow: column;
        grid-template-rows: minmax(var(--pane-height, 0), 1fr);
        min-height: 0;
        position: relative;
      }

      .panes.stacked {
        grid-auto-flow: row;
        grid-auto-rows: minmax(var(--pane-height, 0), 1fr);
        grid-template-columns: minmax(0, 1fr);
        grid-template-rows: none;
      }
    `,
  ];

  @property({ attribute: false }) model!: PanelModel;
  /** Changes whenever the model did. */
  @property({ attribute: false }) version = 0;
  @property({ attribute: false }) photo: Photo | undefined;
  @property({ attribute: false }) theme = 0;

  /** The space for the panes. */
  @state() private room: Size = { width: 1, height: 1 };

  readonly #cursor = new StageCursor(this);

  /** Made once a map: a pane knows by identity what it has painted. */
  readonly #arranged = new WeakMap<ScalarMap, ScalarMap>();
  readonly #described = new WeakMap<ScalarMap, string>();

  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry) this.room = entry.contentRect;
  });

  @queryAll('prism-pane') private panes!: NodeListOf<Pane>;

  /** What the panes show, for a picture. */
  get drawings(): readonly Drawing[] {
    return [...this.panes].map(({ drawing }) => drawing);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  zoom(factor: number): void {
    const { cameras } = this.model;
    for (const pane of cameras.linked ? [...this.panes].slice(0, 1) : this.panes) pane.zoom(factor);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model, t } = this;
    const { pictured: explanation, view } = model;
    if (explanation === undefined) return nothing;
    const aside = view.layout === 'side-by-side';
    const facts = this.#cursor.readings;
    const before = sourceLayer(model);
    if (before) model.layerMaps.want(before.id);
    return html`
      <div class=${this.#isStacked(explanation) ? 'panes stacked' : 'panes'}>
        ${aside ? this.#photographPane(explanation) : nothing} ${this.#mapPane(explanation, aside)}
        ${before ? sourcesPane(this.#sources, before, explanation) : nothing}
        ${model.layer ? this.#gridPane(explanation) : nothing}
        ${before ? sourceLines(this.#sources, before, explanation, this.version) : nothing}
      </div>
      <prism-readout .t=${t} .readings=${facts} hint=${model.hint}></prism-readout>
      <prism-display
        .t=${t}
        .view=${view}
        kind=${this.#kind}
        .smoothing=${view.smoothing ?? defaultSmoothing(explanation.map.width)}
        @view-change=${(event: CustomEvent<Partial<typeof view>>) => model.setView(event.detail)}
      ></prism-display>
    `;
  }

  #isStacked(explanation: PicturedExplanation): boolean {
    const { layer, view } = this.model;
    const count =
      1 +
      Number(layer !== undefined) +
      Number(sourceLayer(this.model) !== undefined) +
      Number(view.layout === 'side-by-side');
    // Where the page scrolls there is room below.
    if (matchMedia('(max-width: 640px)').matches) return true;
    // Captions and colour bars of stacked panes take room as well.
    const height = this.room.height - 44 * (count - 1);
    return stacked(count, contentOf(explanation.photograph), { width: this.room.width, height });
  }

  get #kind(): ColourMapKind {
    return this.model.explanation?.method.signed ? 'diverging' : 'sequential';
  }

  #look(map: ScalarMap, change: Partial<Look> = {}, kind = this.#kind): Look {
    const { view, explanation } = this.model;
    const colours = colourMap(kind === 'diverging' ? view.colourMap : view.sequentialMap, kind);
    const input = explanation!.map.width;
    const sigma = ((view.smoothing ?? defaultSmoothing(input)) * map.width) / input;
    return { colours, opacity: view.opacity, sigma, rule: view.scale, ...change };
  }

  #photographPane(explanation: PicturedExplanation): TemplateResult {
    const content = contentOf(explanation.photograph);
    return html`<prism-pane
      pane="photograph"
      what="photograph"
      .t=${this.t}
      .theme=${this.theme}
      .label=${this.t('Photograph')}
      .heading=${this.t('Photograph')}
      .content=${content}
      .photo=${this.photo}
      .viewport=${explanation.photograph.viewport}
      .camera=${this.model.cameras.of('photograph')}
      .cursor=${this.#cursor.on('photograph')}
      @pane-point=${(event: CustomEvent<Pointing>) => this.#cursor.point('photograph', event.detail)}
      @pane-pick=${(event: CustomEvent<Point | undefined>) => this.#cursor.pickPlace(event.detail)}
      @pane-step=${(event: CustomEvent<Point>) => this.#cursor.step(event, 'photograph')}
      @pane-escape=${() => this.#cursor.escape()}
      @pane-camera=${(event: CustomEvent<Camera>) => this.model.cameras.aim('photograph', event.detail)}
    ></prism-pane>`;
  }

  /** What the pane of the map shows: what it is about, or what alternates with that. */
  #picture(explanation: PicturedExplanation): Picture {
    const { model } = this;
    const { alternating } = model;
    const { viewport } = explanation.photograph;
    const other = alternating.shown;
    if (other === undefined) return { ...mapOnShow(model, explanation), viewport };
    const { title } = other;
    const what = `other:${alternating.flicker.with}`;
    if (other.kind === 'photograph') return { what, title, note: '', label: title, viewport, kind: 'diverging' };
    const kind = other.signed ? 'diverging' : 'sequential';
    return { what, title, note: '', label: title, map: other.map, viewport: other.viewport, kind };
  }

  #mapPane(explanation: PicturedExplanation, aside: boolean): TemplateResult {
    const { model, t } = this;
    const { what, title, note, label, map, kind, viewport } = this.#picture(explanation);
    return html`<prism-pane
      pane="map"
      what=${what}
      .t=${t}
      .theme=${this.theme}
      .label=${label}
      .describe=${() => (map ? this.#describe(map) : title)}
      .heading=${title}
      .note=${note}
      .content=${contentOf(explanation.photograph)}
      .area=${viewport}
      .photo=${aside && map ? undefined : this.photo}
      .viewport=${viewport}
      .map=${map}
      .look=${map && this.#look(map, aside ? { opacity: 1 } : {}, kind)}
      .at=${map && this.#cursor.place(map)}
      .marks=${photographMarks(model, viewport)}
      .camera=${model.cameras.of('map')}
      .cursor=${this.#cursor.on('map')}
      ?draws=${model.task === 'segmentation' && !model.layer}
      @pane-draw=${(event: CustomEvent<Rect>) => model.explainPart({ where: event.detail })}
      @pane-point=${(event: CustomEvent<Pointing>) => this.#cursor.point('map', event.detail)}
      @pane-pick=${(event: CustomEvent<Point | undefined>) => this.#cursor.pickPlace(event.detail)}
      @pane-step=${(event: CustomEvent<Point>) => this.#cursor.step(event, 'map')}
      @pane-escape=${() => this.#cursor.escape()}
      @pane-camera=${(event: CustomEvent<Camera>) => model.cameras.aim('map', event.detail)}
    ></prism-pane>`;
  }

  #gridPane(explanation: PicturedExplanation): TemplateResult {
    const { model, t } = this;
    const layer = model.layer!;
    const { readers } = model;
    const grid = pfvGrid(layer);
    const activation = activationOnShow(model);
    const channel = activation?.spatial ? undefined : activation;
    const raw = readers?.map ?? channel?.map ?? model.layerMaps.get(layer.id);
    const map = raw && once(this.#arranged, raw, () => arrange(raw, grid));
    const area = gridArea(grid, explanation.photograph);
    const pfv = this.#cursor.pfv;
    const count = channel ? t('Channel {0}', channel.channel) : t('{0} PFVs', gridSize(layer));
    const note = readers ? t('PFVs that draw on input {0}, {1}', readers.x, readers.y) : count;
    const failure = model.layerMaps.failure(layer.id);
    const trouble = failure instanceof Error ? failure.message : undefined;
    return html`<prism-pane
      pane="grid"
      what=${!map ? '' : readers ? `readers:${layer.id}@${readers.y},${readers.x}` : `layer:${layer.id}`}
      .t=${t}
      .theme=${this.theme}
      .label=${t('PFVs of {0}: arrow keys move the pin', layer.title)}
      .describe=${() => (raw ? this.#describe(raw) : '')}
      .heading=${layer.title}
      .note=${trouble ?? note}
      .content=${grid.spatial ? contentOf(explanation.photograph) : area}
      .area=${area}
      .photo=${grid.spatial ? this.photo : undefined}
      .faint=${true}
      .viewport=${grid.spatial ? area : undefined}
      .map=${map}
      .look=${map && this.#look(map, { sigma: 0, opacity: 0.92 })}
      .cells=${grid}
      .at=${pfv && cellAt(grid, pfv)}
      .marks=${gridMarks(model, grid, area)}
      .camera=${model.cameras.of('grid', !grid.spatial)}
      .cursor=${grid.spatial ? this.#cursor.on('grid') : undefined}
      @pane-point=${(event: CustomEvent<Pointing>) => this.#cursor.pointAtGrid(event.detail, grid, area)}
      @pane-pick=${(event: CustomEvent<Point | undefined>) => this.#cursor.pick(event.detail, grid, area)}
      @pane-step=${(event: CustomEvent<Point>) => this.#cursor.movePin(event, grid, area)}
      @pane-escape=${() => model.unpin()}
      @pane-camera=${(event: CustomEvent<Camera>) => model.cameras.aim('grid', event.detail, !grid.spatial)}
    ></prism-pane>`;
  }

  get #sources(): SourcesSetting {
    const { model, photo, theme } = this;
    return {
      model,
      photo,
      theme,
      look: (map) => this.#look(map, { sigma: 0, opacity: 0.92 }),
      arranged: (map, grid) => once(this.#arranged, map, () => arrange(map, grid)),
      pane: (name) => [...this.panes].find(({ pane }) => pane === name),
    };
  }

  #describe(map: ScalarMap): string {
    return once(this.#described, map, () => describeMap(map, this.t));
  }
}
