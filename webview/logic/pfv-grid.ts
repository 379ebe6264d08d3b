import type { ScalarMap } from '../../src/protocol';
import type { Point, Size } from './geometry';

/** How the PFVs of a layer are laid out as cells. */
export interface PfvGrid {
  /** Columns and rows of cells. */
  readonly width: number;
  readonly height: number;
  /** Size of the layer's own grid. */
  readonly layer: Size;
  /** Whether the cells lie where their PFVs look; otherwise (tokens, signals) they are numbered row by row. */
  readonly spatial: boolean;
}

/** A layer of height 1 has no place on a photograph: its PFVs are wrapped into a nearly square block. */
export function pfvGrid({ width, height }: Size): PfvGrid {
  const layer = { width, height };
  if (height > 1 || width === 1) return { width, height, layer, spatial: true };
  const columns = Math.ceil(Math.sqrt(width));
  return { width: columns, height: Math.ceil(width / columns), layer, spatial: false };
}

/** A PFV's place in its layer as people read it: `3, 5` is column and row; a token or a sample has one number. */
export const placeName = ({ height }: Size, { x, y }: Point): string => (height > 1 ? `${x}, ${y}` : `${x}`);

/** How many PFVs a layer has: `14 × 14`, or `197`. */
export const gridSize = ({ width, height }: Size): string => (height > 1 ? `${width} × ${height}` : `${width}`);

/** The map of a layer as cells; cells without a PFV are NaN. */
export function arrange(map: ScalarMap, grid: PfvGrid): ScalarMap {
  if (grid.spatial) return map;
  const data = new Float32Array(grid.width * grid.height).fill(Number.NaN);
  data.set(map.data);
  return { width: grid.width, height: grid.height, data };
}

/** The PFV in a cell, or undefined for the empty cells at the end. */
export function pfvAt(grid: PfvGrid, cell: Point): Point | undefined {
  if (grid.spatial) return cell;
  const index = cell.y * grid.width + cell.x;
  return index < grid.layer.width ? { x: index, y: 0 } : undefined;
}

/** The cell of a PFV. */
export function cellAt(grid: PfvGrid, pfv: Point): Point {
  if (grid.spatial) return pfv;
  return { x: pfv.x % grid.width, y: Math.floor(pfv.x / grid.width) };
}

/** The PFV some cells away; stays on the layer. */
export function neighbour(grid: PfvGrid, from: Point, by: Point): Point {
  const cell = cellAt(grid, from);
  const x = Math.min(grid.width - 1, Math.max(0, cell.x + by.x));
  const y = Math.min(grid.height - 1, Math.max(0, cell.y + by.y));
  return pfvAt(grid, { x, y }) ?? from;
}
