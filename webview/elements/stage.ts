import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, queryAll, state } from 'lit/decorators.js';
import type { DetectedBox, PicturedExplanation, ScalarMap } from '../../src/protocol';
import { type ColourMapKind, colourMap } from '../logic/colour-maps';
import { contentOf, gridArea, once } from '../logic/content';
import { describeMap } from '../logic/describe';
import {
  type Camera,
  cellOf,
  centreOf,
  locationAt,
  type Point,
  type Rect,
  type Size,
  stacked,
  step,
  wholeContent,
} from '../logic/geometry';
import { number } from '../logic/numbers';
import type { PanelModel } from '../logic/panel-model';
import { arrange, cellAt, gridSize, type PfvGrid, pfvAt, pfvGrid, placeName } from '../logic/pfv-grid';
import { type Reading, readings, sentence } from '../logic/readout';
import { defaultSmoothing } from '../logic/smooth';
import type { Look } from '../painting/heatmap';
import { gridMarks, photographMarks } from '../painting/marks';
import { type Photo, rgbAt } from '../painting/photo';
import type { Drawing } from '../painting/picture';
import './display';
import { PrismElement } from './element';
import './pane';
import type { Pane, Pointing } from './pane';
import './readout';

type PaneName = 'photograph' | 'map' | 'grid';

/** Where the pointer or the keyboard cursor is, in content pixels of a pane. */
interface Cursor extends Pointing {
  readonly point: Point;
  readonly pane: PaneName;
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

  @state() private camera: Camera = wholeContent;
  /** Of a layer whose PFVs have no place on the photograph. */
  @state() private gridCamera: Camera = wholeContent;
  @state() private cursor: Cursor | undefined;
  /** The space for the panes. */
  @state() private room: Size = { width: 1, height: 1 };

  /** Made once a map: a pane knows by identity what it has painted. */
  readonly #arranged = new WeakMap<ScalarMap, ScalarMap>();
  readonly #described = new WeakMap<ScalarMap, string>();

  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry) this.room = entry.contentRect;
  });

  @query('prism-pane[pane="grid"]') private gridPane!: Pane | null;
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
    this.panes[0]?.zoom(factor);
  }

  fit(): void {
    this.camera = wholeContent;
    this.gridCamera = wholeContent;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model, t } = this;
    const { pictured: explanation, view } = model;
    if (explanation === undefined) return nothing;
    const aside = view.layout === 'side-by-side';
    const facts = this.#readings(explanation);
    return html`
      <div class=${this.#isStacked(explanation) ? 'panes stacked' : 'panes'}>
        ${aside ? this.#photographPane(explanation) : nothing} ${this.#mapPane(explanation, aside)}
        ${model.layer ? this.#gridPane(explanation) : nothing}
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
    const count = 1 + Number(layer !== undefined) + Number(view.layout === 'side-by-side');
    // Where the page scrolls there is room below.
    if (matchMedia('(max-width: 640px)').matches) return true;
    // Captions and colour bars of stacked panes take room as well.
    const height = this.room.height - 44 * (count - 1);
    return stacked(count, contentOf(explanation.photograph), { width: this.room.width, height });
  }

  get #kind(): ColourMapKind {
    return this.model.explanation?.method.signed ? 'diverging' : 'sequential';
  }

  #look(map: ScalarMap, change: Partial<Look> = {}): Look {
    const { view, explanation } = this.model;
    const kind = this.#kind;
    const colours = colourMap(kind === 'diverging' ? view.colourMap : view.sequentialMap, kind);
    const input = explanation!.map.width;
    const sigma = ((view.smoothing ?? defaultSmoothing(input)) * map.width) / input;
    return { colours, opacity: view.opacity, sigma, rule: view.scale, ...change };
  }

  #fieldTitle(): string {
    const { field, layer } = this.model;
    return field && layer ? this.t('ERF of PFV {0}', placeName(layer, field)) : '';
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
      .camera=${this.camera}
      .cursor=${this.#cursorOn('photograph')}
      @pane-point=${(event: CustomEvent<Pointing>) => this.#point('photograph', event.detail)}
      @pane-pick=${(event: CustomEvent<Point | undefined>) => this.#pickPlace(event.detail)}
      @pane-step=${(event: CustomEvent<Point>) => this.#stepCursor(event, 'photograph')}
      @pane-escape=${() => this.#escape()}
      @pane-camera=${(event: CustomEvent<Camera>) => this.#aim(event.detail)}
    ></prism-pane>`;
  }

  #mapPane(explanation: PicturedExplanation, aside: boolean): TemplateResult {
    const { model, t } = this;
    const { field } = model;
    const { target, photograph } = explanation;
    const map = field?.map ?? explanation.map;
    const title = field ? this.#fieldTitle() : target.label;
    const note = field ? (model.layer?.title ?? '') : t('score {0}', number(target.score, 4));
    return html`<prism-pane
      pane="map"
      what=${field ? `erf:${field.layer}@${field.y},${field.x}` : `class:${target.index}`}
      .t=${t}
      .theme=${this.theme}
      .label=${field ? title : t('Relevance map of {0}', title)}
      .describe=${() => this.#describe(map)}
      .heading=${title}
      .note=${note}
      .content=${contentOf(explanation.photograph)}
      .area=${photograph.viewport}
      .photo=${aside ? undefined : this.photo}
      .viewport=${photograph.viewport}
      .map=${map}
      .look=${this.#look(map, aside ? { opacity: 1 } : {})}
      .at=${this.#place(map)}
      .marks=${photographMarks(model, photograph.viewport)}
      .camera=${this.camera}
      .cursor=${this.#cursorOn('map')}
      ?draws=${model.task === 'segmentation' && !model.layer}
      @pane-draw=${(event: CustomEvent<Rect>) => model.explainPart({ where: event.detail })}
      @pane-point=${(event: CustomEvent<Pointing>) => this.#point('map', event.detail)}
      @pane-pick=${(event: CustomEvent<Point | undefined>) => this.#pickPlace(event.detail)}
      @pane-step=${(event: CustomEvent<Point>) => this.#stepCursor(event, 'map')}
      @pane-escape=${() => this.#escape()}
      @pane-camera=${(event: CustomEvent<Camera>) => this.#aim(event.detail)}
    ></prism-pane>`;
  }

  #gridPane(explanation: PicturedExplanation): TemplateResult {
    const { model, t } = this;
    const layer = model.layer!;
    const { readers } = model;
    const grid = pfvGrid(layer);
    const raw = readers?.map ?? model.layerMaps.get(layer.id);
    const map = raw && once(this.#arranged, raw, () => arrange(raw, grid));
    const area = gridArea(grid, explanation.photograph);
    const pfv = this.#pfv();
    const note = readers ? t('PFVs that draw on input {0}, {1}', readers.x, readers.y) : t('{0} PFVs', gridSize(layer));
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
      .camera=${grid.spatial ? this.camera : this.gridCamera}
      .cursor=${grid.spatial ? this.#cursorOn('grid') : undefined}
      @pane-point=${(event: CustomEvent<Pointing>) => this.#pointAtGrid(event.detail, grid, area)}
      @pane-pick=${(event: CustomEvent<Point | undefined>) => this.#pick(event.detail, grid, area)}
      @pane-step=${(event: CustomEvent<Point>) => this.#movePin(event.detail, grid, area)}
      @pane-escape=${() => model.unpin()}
      @pane-camera=${(event: CustomEvent<Camera>) => this.#aim(event.detail, !grid.spatial)}
    ></prism-pane>`;
  }

  #describe(map: ScalarMap): string {
    return once(this.#described, map, () => describeMap(map, this.t));
  }

  #aim(camera: Camera, onlyGrid = false): void {
    if (onlyGrid) this.gridCamera = camera;
    else this.camera = camera;
  }

  /** A cursor is drawn where the pointer is not: in the other panes, and where the keyboard put it. */
  #cursorOn(pane: PaneName): Point | undefined {
    const { cursor } = this;
    if (cursor === undefined || (cursor.by === 'pointer' && cursor.pane === pane)) return undefined;
    // What the pointer does on the grid shows as the outline of a PFV.
    return cursor.pane === 'grid' ? undefined : cursor.point;
  }

  get #gridIsSpatial(): boolean {
    const { layer } = this.model;
    return layer !== undefined && pfvGrid(layer).spatial;
  }

  /** The PFV that is pointed at or pinned. */
  #pfv(): Point | undefined {
    return this.model.pointed ?? this.model.pinned;
  }

  /** Location of the map, which covers the viewport, at the cursor. */
  #place(map: ScalarMap): Point | undefined {
    const { cursor } = this;
    if (cursor === undefined || cursor.pane === 'grid') return undefined;
    return locationAt(map, this.model.pictured!.photograph.viewport, cursor.point);
  }

  #readings({ map, photograph }: PicturedExplanation): readonly Reading[] {
    const { model, cursor, t } = this;
    const { field, layer } = model;
    if (cursor && cursor.pane !== 'grid') {
      const shown = field?.map ?? map;
      const input = locationAt(shown, photograph.viewport, cursor.point);
      const rgb = this.photo && rgbAt(this.photo, cursor.point);
      const name = field ? t('ERF') : t('relevance');
      return readings({ photograph: cursor.point, rgb, input, map: shown, name }, t);
    }
    const pfv = this.#pfv();
    if (layer === undefined || pfv === undefined) return [];
    return readings({ pfv, layer, map: model.layerMaps.get(layer.id), name: t('relevance') }, t);
  }

  #point(pane: PaneName, { point, by }: Pointing): void {
    if (point === undefined) {
      if (this.cursor?.by === by) this.#clear();
      return;
    }
    this.cursor = { pane, point, by };
    const { pictured: explanation } = this.model;
    this.model.pointAtPlace(locationAt(explanation!.map, explanation!.photograph.viewport, point));
  }

  /** Takes back one thing: the keyboard's cursor, then the pin. */
  #escape(): void {
    if (this.cursor?.by === 'keyboard') this.#clear();
    else this.model.unpin();
  }

  #clear(): void {
    this.cursor = undefined;
    this.model.pointAtPlace(undefined);
    this.model.pointAtPfv(undefined);
  }

  /** The keyboard's cursor goes by locations of the input. */
  #stepCursor(event: CustomEvent<Point>, pane: PaneName): void {
    const { map, photograph } = this.model.pictured!;
    const { viewport } = photograph;
    const now = this.cursor && locationAt(map, viewport, this.cursor.point);
    const from = now ?? { x: map.width >> 1, y: map.height >> 1 };
    const point = centreOf(cellOf(map, viewport, now ? step(map, from, event.detail) : from));
    this.#point(pane, { point, by: 'keyboard' });
    (event.target as Pane).reveal(point);
    this.model.announce(sentence(this.#readings(this.model.pictured!)));
  }

  #pointAtGrid({ point, by }: Pointing, grid: PfvGrid, area: Rect): void {
    if (by === 'keyboard') return;
    if (point === undefined) {
      this.#clear();
      return;
    }
    this.cursor = { pane: 'grid', point, by };
    const cell = locationAt(grid, area, point);
    this.model.pointAtPfv(cell && pfvAt(grid, cell));
  }

  #pick(point: Point | undefined, grid: PfvGrid, area: Rect): void {
    const { model } = this;
    const cell = point && locationAt(grid, area, point);
    const pfv = cell && pfvAt(grid, cell);
    if (point && pfv === undefined) return;
    const same = pfv && model.pinned?.x === pfv.x && model.pinned.y === pfv.y;
    if (same || (!pfv && model.pinned)) model.unpin();
    else if (pfv) model.pin(pfv);
    else model.movePin({ x: 0, y: 0 });
  }

  /** Pins the PFV that lies at a place of the photograph: the one clicked, or the cursor's. */
  #pickPlace(point = this.cursor?.point): void {
    const { layer, pictured: explanation } = this.model;
    if (layer === undefined && point) {
      const box = boxAt(explanation!, point);
      if (box && box.score !== explanation!.score) void this.model.explainPart({ score: box.score });
      return;
    }
    if (layer === undefined || point === undefined || !this.#gridIsSpatial) return;
    const pfv = locationAt(layer, explanation!.photograph.viewport, point);
    if (pfv) this.model.pin(pfv);
  }

  #movePin(by: Point, grid: PfvGrid, area: Rect): void {
    this.model.movePin(by);
    const { pinned } = this.model;
    if (pinned) this.gridPane?.reveal(centreOf(cellOf(grid, area, cellAt(grid, pinned))));
  }
}

/** The smallest box around a point of the photograph. */
function boxAt({ boxes = [] }: PicturedExplanation, { x, y }: Point): DetectedBox | undefined {
  const around = boxes.filter((box) => x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height);
  return around.sort((a, b) => a.width * a.height - b.width * b.height)[0];
}
