import type { Photograph } from '../../src/protocol';
import { type Rect, union } from './geometry';
import type { PfvGrid } from './pfv-grid';

/** Photograph and viewport together: what a pane shows when nothing is magnified. */
export function contentOf({ width, height, viewport }: Photograph): Rect {
  return union({ x: 0, y: 0, width, height }, viewport);
}

/** What the cells of a grid cover: the viewport, or a sheet of their own. */
export const gridArea = (grid: PfvGrid, { viewport }: Photograph): Rect =>
  grid.spatial ? viewport : { x: 0, y: 0, width: grid.width, height: grid.height };

/** The value for a key, made when it is asked for the first time. */
export function once<Key extends object, Value>(known: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
