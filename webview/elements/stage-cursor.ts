import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { DetectedBox, PicturedExplanation, ScalarMap } from '../../src/protocol';
import { cellOf, centreOf, locationAt, type Point, type Rect, step } from '../logic/geometry';
import type { PanelModel } from '../logic/panel-model';
import { cellAt, type PfvGrid, pfvAt, pfvGrid } from '../logic/pfv-grid';
import { type Reading, readings, sentence } from '../logic/readout';
import { mapOnShow } from '../logic/shown';
import { type Photo, rgbAt } from '../painting/photo';
import type { Pane, Pointing } from './pane';

export type PaneName = 'photograph' | 'map' | 'grid';

/** Where the pointer or the keyboard cursor is, in content pixels of a pane. */
interface Cursor extends Pointing {
  readonly point: Point;
  readonly pane: PaneName;
}

interface StageHost extends ReactiveControllerHost {
  readonly model: PanelModel;
  readonly photo: Photo | undefined;
}

/** What is pointed at on the stage, by pointer or keyboard, and what a click there means. */
export class StageCursor implements ReactiveController {
  #cursor: Cursor | undefined;

  constructor(private readonly stage: StageHost) {
    stage.addController(this);
  }

  hostDisconnected(): void {
    this.#cursor = undefined;
  }

  get #model(): PanelModel {
    return this.stage.model;
  }

  get #explanation(): PicturedExplanation {
    return this.#model.pictured!;
  }

  /** A cursor is drawn where the pointer is not: in the other panes, and where the keyboard put it. */
  on(pane: PaneName): Point | undefined {
    const cursor = this.#cursor;
    if (cursor === undefined || (cursor.by === 'pointer' && cursor.pane === pane)) return undefined;
    // What the pointer does on the grid shows as the outline of a PFV.
    return cursor.pane === 'grid' ? undefined : cursor.point;
  }

  /** The PFV that is pointed at or pinned. */
  get pfv(): Point | undefined {
    return this.#model.pointed ?? this.#model.pinned;
  }

  /** Location of the map, which covers the viewport, at the cursor. */
  place(map: ScalarMap): Point | undefined {
    const cursor = this.#cursor;
    if (cursor === undefined || cursor.pane === 'grid') return undefined;
    return locationAt(map, this.#explanation.photograph.viewport, cursor.point);
  }

  get readings(): readonly Reading[] {
    const { layer, layerMaps, t } = this.#model;
    const { photograph } = this.#explanation;
    const cursor = this.#cursor;
    if (cursor && cursor.pane !== 'grid') {
      const { map: shown, values: name } = mapOnShow(this.#model, this.#explanation);
      const input = locationAt(shown, photograph.viewport, cursor.point);
      const { photo } = this.stage;
      const rgb = photo && rgbAt(photo, cursor.point);
      return readings({ photograph: cursor.point, rgb, input, map: shown, name }, t);
    }
    const { pfv } = this;
    if (layer === undefined || pfv === undefined) return [];
    return readings({ pfv, layer, map: layerMaps.get(layer.id), name: t('relevance') }, t);
  }

  point(pane: PaneName, { point, by }: Pointing): void {
    if (point === undefined) {
      if (this.#cursor?.by === by) this.#clear();
      return;
    }
    this.#set({ pane, point, by });
    const { map, photograph } = this.#explanation;
    this.#model.pointAtPlace(locationAt(map, photograph.viewport, point));
  }

  /** Takes back one thing: the keyboard's cursor, then the pin. */
  escape(): void {
    if (this.#cursor?.by === 'keyboard') this.#clear();
    else this.#model.unpin();
  }

  /** The keyboard's cursor goes by locations of the input. */
  step(event: CustomEvent<Point>, pane: PaneName): void {
    const { map, photograph } = this.#explanation;
    const { viewport } = photograph;
    const now = this.#cursor && locationAt(map, viewport, this.#cursor.point);
    const from = now ?? { x: map.width >> 1, y: map.height >> 1 };
    const point = centreOf(cellOf(map, viewport, now ? step(map, from, event.detail) : from));
    this.point(pane, { point, by: 'keyboard' });
    (event.target as Pane).reveal(point);
    this.#model.announce(sentence(this.readings));
  }

  pointAtGrid({ point, by }: Pointing, grid: PfvGrid, area: Rect): void {
    if (by === 'keyboard') return;
    if (point === undefined) {
      this.#clear();
      return;
    }
    this.#set({ pane: 'grid', point, by });
    const cell = locationAt(grid, area, point);
    this.#model.pointAtPfv(cell && pfvAt(grid, cell));
  }

  /** Pins the PFV that was clicked, or unpins it; without one the strongest. */
  pick(point: Point | undefined, grid: PfvGrid, area: Rect): void {
    const model = this.#model;
    const cell = point && locationAt(grid, area, point);
    const pfv = cell && pfvAt(grid, cell);
    if (point && pfv === undefined) return;
    const same = pfv && model.pinned?.x === pfv.x && model.pinned.y === pfv.y;
    if (same || (!pfv && model.pinned)) model.unpin();
    else if (pfv) model.pin(pfv);
    else model.movePin({ x: 0, y: 0 });
  }

  /** Pins the PFV that lies at a place of the photograph: the one clicked, or the cursor's. */
  pickPlace(point = this.#cursor?.point): void {
    const model = this.#model;
    const { layer } = model;
    const explanation = this.#explanation;
    if (layer === undefined && point) {
      const box = boxAt(explanation, point);
      if (box && box.score !== explanation.score) void model.explainPart({ score: box.score });
      return;
    }
    if (layer === undefined || point === undefined || !pfvGrid(layer).spatial) return;
    const pfv = locationAt(layer, explanation.photograph.viewport, point);
    if (pfv) model.pin(pfv);
  }

  movePin(event: CustomEvent<Point>, grid: PfvGrid, area: Rect): void {
    const model = this.#model;
    model.movePin(event.detail);
    const { pinned } = model;
    if (pinned) (event.target as Pane).reveal(centreOf(cellOf(grid, area, cellAt(grid, pinned))));
  }

  #clear(): void {
    this.#set(undefined);
    this.#model.pointAtPlace(undefined);
    this.#model.pointAtPfv(undefined);
  }

  #set(cursor: Cursor | undefined): void {
    this.#cursor = cursor;
    this.stage.requestUpdate();
  }
}

/** The smallest box around a point of the photograph. */
function boxAt({ boxes = [] }: PicturedExplanation, { x, y }: Point): DetectedBox | undefined {
  const around = boxes.filter((box) => x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height);
  return around.sort((a, b) => a.width * a.height - b.width * b.height)[0];
}
