/**
 * Three coordinate systems: pixels of the photograph (after EXIF orientation), locations of a map (the model's input
 * or a layer's grid of PFVs, which both cover the viewport), and pixels of a canvas.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Point, Size {}

/** What a pane looks at: the centre as a share of the content's width and height, and the magnification over "fit". */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export const wholeContent: Camera = { x: 0.5, y: 0.5, zoom: 1 };

const mostZoom = 64;

/** Canvas pixel = offset + scale · content pixel. */
export interface Placement {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** The smallest rectangle that holds both: photograph and viewport, which may reach outside when letterboxed. */
export function union(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** Scale at which the content just fits into the canvas, leaving a margin on every side. */
function fit(content: Size, canvas: Size, margin: number): number {
  const width = Math.max(1, canvas.width - 2 * margin);
  const height = Math.max(1, canvas.height - 2 * margin);
  return Math.min(width / content.width, height / content.height);
}

/** Whether `count` panes with the same content show it larger below each other than side by side. */
export function stacked(count: number, content: Size, room: Size): boolean {
  const beside = fit(content, { width: room.width / count, height: room.height }, 0);
  const below = fit(content, { width: room.width, height: room.height / count }, 0);
  return below > beside;
}

/** Where the content goes on the canvas. */
export function place(camera: Camera, content: Rect, canvas: Size, margin = 0): Placement {
  const scale = fit(content, canvas, margin) * camera.zoom;
  return {
    scale,
    left: canvas.width / 2 - scale * (content.x + camera.x * content.width),
    top: canvas.height / 2 - scale * (content.y + camera.y * content.height),
  };
}

export const toCanvas = ({ scale, left, top }: Placement, { x, y }: Point): Point => ({
  x: left + scale * x,
  y: top + scale * y,
});

export const toContent = ({ scale, left, top }: Placement, { x, y }: Point): Point => ({
  x: (x - left) / scale,
  y: (y - top) / scale,
});

export const rectToCanvas = (placement: Placement, rect: Rect): Rect => ({
  ...toCanvas(placement, rect),
  width: placement.scale * rect.width,
  height: placement.scale * rect.height,
});

/**
 * A camera moved so that the canvas shows no more emptiness than "fit" does: along an axis where the content is smaller
 * than the canvas it is centred.
 */
export function clampCamera(camera: Camera, content: Size, canvas: Size, margin = 0): Camera {
  const zoom = Math.min(mostZoom, Math.max(1, camera.zoom));
  const scale = fit(content, canvas, margin) * zoom;
  const along = (centre: number, length: number, room: number): number => {
    const half = Math.max(0, room / 2 - margin) / (scale * length);
    return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, centre));
  };
  return {
    zoom,
    x: along(camera.x, content.width, canvas.width),
    y: along(camera.y, content.height, canvas.height),
  };
}

/** Magnifies by a factor; what is under the canvas point `at` stays there as far as the limits allow. */
export function zoomAt(camera: Camera, factor: number, at: Point, content: Rect, canvas: Size, margin = 0): Camera {
  const zoom = Math.min(mostZoom, Math.max(1, camera.zoom * factor));
  const before = toContent(place(camera, content, canvas, margin), at);
  const after = toContent(place({ ...camera, zoom }, content, canvas, margin), at);
  const moved = {
    zoom,
    x: camera.x + (before.x - after.x) / content.width,
    y: camera.y + (before.y - after.y) / content.height,
  };
  return clampCamera(moved, content, canvas, margin);
}

/** Moves the content by a distance in canvas pixels. */
export function pan(camera: Camera, by: Point, content: Rect, canvas: Size, margin = 0): Camera {
  const { scale } = place(camera, content, canvas, margin);
  const moved = {
    zoom: camera.zoom,
    x: camera.x - by.x / (scale * content.width),
    y: camera.y - by.y / (scale * content.height),
  };
  return clampCamera(moved, content, canvas, margin);
}

/**
 * Two fingers moved: what was under the middle between them goes with it, magnified by how much further apart they are
 * by now. Turning is not followed.
 */
export function pinch(
  camera: Camera,
  [a, b]: readonly [Point, Point],
  [a2, b2]: readonly [Point, Point],
  content: Rect,
  canvas: Size,
  margin = 0,
): Camera {
  const apart = (p: Point, q: Point): number => Math.hypot(p.x - q.x, p.y - q.y);
  const middle = (p: Point, q: Point): Point => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 });
  const [from, to] = [middle(a, b), middle(a2, b2)];
  const factor = apart(a2, b2) / Math.max(1, apart(a, b));
  const zoomed = zoomAt(camera, factor, from, content, canvas, margin);
  return pan(zoomed, { x: to.x - from.x, y: to.y - from.y }, content, canvas, margin);
}

/** A camera that shows the point (content pixels), moved no further than needed. */
export function reveal(camera: Camera, point: Point, content: Rect, canvas: Size, margin = 0): Camera {
  const on = toCanvas(place(camera, content, canvas, margin), point);
  const outside = (position: number, room: number): number =>
    position < margin ? margin - position : position > room - margin ? room - margin - position : 0;
  const by = { x: outside(on.x, canvas.width), y: outside(on.y, canvas.height) };
  return by.x === 0 && by.y === 0 ? camera : pan(camera, by, content, canvas, margin);
}

/** The location of a map that covers `area` at a point, or undefined outside. */
export function locationAt(map: Size, area: Rect, point: Point): Point | undefined {
  const x = Math.floor(((point.x - area.x) / area.width) * map.width);
  const y = Math.floor(((point.y - area.y) / area.height) * map.height);
  return x >= 0 && y >= 0 && x < map.width && y < map.height ? { x, y } : undefined;
}

/** The rectangle that one location of a map covers. */
export function cellOf(map: Size, area: Rect, { x, y }: Point): Rect {
  const width = area.width / map.width;
  const height = area.height / map.height;
  return { x: area.x + x * width, y: area.y + y * height, width, height };
}

export const centreOf = ({ x, y, width, height }: Rect): Point => ({ x: x + width / 2, y: y + height / 2 });

/** Moves a location by steps, staying on the map. */
export function step(map: Size, from: Point, by: Point): Point {
  return {
    x: Math.min(map.width - 1, Math.max(0, from.x + by.x)),
    y: Math.min(map.height - 1, Math.max(0, from.y + by.y)),
  };
}
