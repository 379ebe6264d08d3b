import type { Explanation } from '../../src/protocol';
import { cellOf, type Point, type Rect } from '../logic/geometry';
import type { PanelModel } from '../logic/panel-model';
import { cellAt, type PfvGrid, pfvGrid } from '../logic/pfv-grid';
import type { Mark } from './scene';

/** The PFVs of the grid that are pointed at and pinned; `area` is what the grid's cells cover. */
export function gridMarks({ pinned, pointed }: PanelModel, grid: PfvGrid, area: Rect): readonly Mark[] {
  const mark = (pfv: Point | undefined, kind: Mark['kind']): readonly Mark[] =>
    pfv ? [{ rect: cellOf(grid, area, cellAt(grid, pfv)), kind }] : [];
  return [...mark(pointed, 'pointed'), ...mark(pinned, 'pinned')];
}

/** What a detector has found, and the part of a segmentation that counts. */
function partMarks({ boxes = [], score, where }: Explanation): readonly Mark[] {
  const marks = boxes.map((rect): Mark => ({ rect, kind: rect.score === score ? 'pinned' : 'pointed' }));
  return typeof where === 'object' ? [...marks, { rect: where, kind: 'pinned' }] : marks;
}

/** Where the PFV whose receptive field is shown lies on the photograph. */
export function photographMarks({ layer, field, explanation }: PanelModel, viewport: Rect): readonly Mark[] {
  if (layer === undefined && explanation) return partMarks(explanation);
  if (layer === undefined || field === undefined || !pfvGrid(layer).spatial) return [];
  // A thin line: the receptive field under it is what matters here.
  return [{ rect: cellOf(layer, viewport, field), kind: 'pointed' }];
}
