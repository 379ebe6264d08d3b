import { html, nothing, type TemplateResult } from 'lit';
import type { LayerInfo, PicturedExplanation, ScalarMap } from '../../src/protocol';
import type { PfvSource } from '../../src/protocol/pfv';
import { contentOf, gridArea } from '../logic/content';
import { type Camera, cellOf, locationAt, type Point, type Rect } from '../logic/geometry';
import { percent } from '../logic/numbers';
import type { PanelModel } from '../logic/panel-model';
import { cellAt, type PfvGrid, pfvAt, pfvGrid, placeName } from '../logic/pfv-grid';
import type { Look } from '../painting/heatmap';
import type { Photo } from '../painting/photo';
import type { Mark } from '../painting/scene';
import type { Pane } from './pane';
import './pfv-lines';
import type { Measured } from './pfv-lines';

/** What the stage lends for the pane of the layer before. */
export interface SourcesSetting {
  readonly model: PanelModel;
  readonly photo: Photo | undefined;
  readonly theme: number;
  readonly look: (map: ScalarMap) => Look;
  readonly arranged: (map: ScalarMap, grid: PfvGrid) => ScalarMap;
  readonly pane: (name: 'grid' | 'sources') => Pane | undefined;
}

/** The layer that the PFVs of the open one draw on, if it is to be shown: the next before it until more is known. */
export function sourceLayer({ layer, pfv, view, explanation }: PanelModel): LayerInfo | undefined {
  if (!view.sources || layer === undefined) return undefined;
  const layers = explanation?.layers ?? [];
  const known = pfv.sources?.layer === layer.id ? layers.find(({ id }) => id === pfv.from) : undefined;
  return known ?? layers[layers.indexOf(layer) - 1];
}

const marksOf = ({ pfv: { marked } }: PanelModel, layer: LayerInfo, grid: PfvGrid, area: Rect): readonly Mark[] =>
  marked?.layer === layer.id ? [{ rect: cellOf(grid, area, cellAt(grid, marked)), kind: 'pinned' }] : [];

function sentenceOf({ t }: PanelModel, layer: LayerInfo, source: PfvSource): string {
  return t('{0}: PFV {1} gives {2}.', layer.title, placeName(layer, source), percent(source.share));
}

/** The layer before, by its relevance; arrow keys go through what the PFV is made of, Enter goes there. */
export function sourcesPane(
  setting: SourcesSetting,
  layer: LayerInfo,
  explanation: PicturedExplanation,
): TemplateResult {
  const { model, photo, theme } = setting;
  const { t, pfv } = model;
  const grid = pfvGrid(layer);
  const raw = model.layerMaps.get(layer.id);
  const map = raw && setting.arranged(raw, grid);
  const area = gridArea(grid, explanation.photograph);
  const given = pfv.sources?.layers.find((from) => from.layer === layer.id);
  const visitAt = (point: Point | undefined): void => {
    const cell = point && locationAt(grid, area, point);
    const place = cell ? pfvAt(grid, cell) : pfv.marked;
    if (place) model.visit({ layer: layer.id, x: place.x, y: place.y });
  };
  const step = ({ x, y }: Point): void => {
    const source = pfv.markNext(Math.sign(x + y));
    if (source) model.announce(sentenceOf(model, layer, source));
  };
  return html`<prism-pane
    pane="sources"
    what=${map ? `sources:${layer.id}` : ''}
    .t=${t}
    .theme=${theme}
    .label=${t('{0}: arrow keys go through what the pinned PFV is made of, Enter goes there', layer.title)}
    .heading=${layer.title}
    .note=${given ? t('gives {0}', percent(given.share)) : ''}
    .content=${grid.spatial ? contentOf(explanation.photograph) : area}
    .area=${area}
    .photo=${grid.spatial ? photo : undefined}
    .faint=${true}
    .viewport=${grid.spatial ? area : undefined}
    .map=${map}
    .look=${map && setting.look(map)}
    .cells=${grid}
    .at=${pfv.marked?.layer === layer.id ? cellAt(grid, pfv.marked) : undefined}
    .marks=${marksOf(model, layer, grid, area)}
    .camera=${model.cameras.of('sources', !grid.spatial)}
    @pane-pick=${(event: CustomEvent<Point | undefined>) => visitAt(event.detail)}
    @pane-step=${(event: CustomEvent<Point>) => step(event.detail)}
    @pane-escape=${() => pfv.mark(undefined)}
    @pane-camera=${(event: CustomEvent<Camera>) => model.cameras.aim('sources', event.detail, !grid.spatial)}
  ></prism-pane>`;
}

/** The lines between the two panes. */
export function sourceLines(
  { model, pane }: SourcesSetting,
  from: LayerInfo,
  { photograph }: PicturedExplanation,
  layout: unknown,
): TemplateResult | typeof nothing {
  const { layer, pfv, t } = model;
  const { sources } = pfv;
  if (!layer || sources?.layer !== layer.id) return nothing;
  const cell = (of: LayerInfo, place: Point, name: 'grid' | 'sources'): Measured => {
    const grid = pfvGrid(of);
    const rect = cellOf(grid, gridArea(grid, photograph), cellAt(grid, place));
    return () => pane(name)?.onPage(rect);
  };
  return html`<prism-pfv-lines
    .t=${t}
    .to=${cell(layer, sources, 'grid')}
    .sources=${pfv.drawn.map((source) => ({ source, cell: cell(from, source, 'sources') }))}
    .marked=${pfv.marked}
    .layout=${layout}
    @source-mark=${(event: CustomEvent<PfvSource | undefined>) => pfv.mark(event.detail)}
    @source-visit=${(event: CustomEvent<PfvSource>) => model.visit(event.detail)}
  ></prism-pfv-lines>`;
}
