import { type Placement, type Point, type Rect, rectToCanvas, type Size, toCanvas } from '../logic/geometry';
import type { Painted } from './heatmap';
import type { Photo } from './photo';

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A PFV or place that is marked by an outline. */
export interface Mark {
  readonly rect: Rect;
  readonly kind: 'pinned' | 'pointed';
}

/** What one pane shows; rectangles and points in content pixels (those of the photograph where there is one). */
export interface Scene {
  readonly photo?: Photo | undefined;
  /** The photograph as a ground for cells: grey and faint. */
  readonly faint?: boolean;
  /** How much of its colour the photograph loses where the model looked, so that the colours of a map stand out. */
  readonly grey?: number;
  /** What the model saw; the rest of the photograph is dimmed. */
  readonly viewport?: Rect | undefined;
  readonly map?: { readonly painted: Painted; readonly area: Rect; readonly crisp: boolean } | undefined;
  /** Columns and rows of cells over the area of the map. */
  readonly cells?: Size | undefined;
  readonly marks: readonly Mark[];
  readonly cursor?: Point | undefined;
}

/** Colours of the theme, as CSS. */
export interface Theme {
  readonly background: string;
  readonly foreground: string;
  readonly accent: string;
}

export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const colour = (name: string, otherwise: string): string => style.getPropertyValue(name).trim() || otherwise;
  const foreground = colour('--vscode-foreground', style.color);
  return {
    foreground,
    background: colour('--vscode-editor-background', 'Canvas'),
    accent: colour('--vscode-contrastActiveBorder', colour('--vscode-focusBorder', foreground)),
  };
}

/** Smallest size of a cell, in CSS pixels, at which lines between cells help more than they hide. */
const smallestCell = 6;

/** How a scene comes to lie on a canvas; `ratio` is device pixels per CSS pixel. */
export interface Setting {
  readonly placement: Placement;
  readonly theme: Theme;
  readonly ratio: number;
}

/** Draws a scene. */
export function drawScene(context: Context, scene: Scene, setting: Setting): void {
  drawGround(context, scene, setting);
  drawFigure(context, scene, setting);
}

/** The photograph, which changes less often than what is drawn over it. */
export function drawGround(context: Context, scene: Scene, { placement, theme, ratio }: Setting): void {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  if (scene.photo) drawPhoto(context, scene.photo, scene, placement, theme, ratio);
}

/** Map, cells, marks and cursor. */
export function drawFigure(context: Context, scene: Scene, { placement, theme, ratio }: Setting): void {
  const { map, cells } = scene;
  if (map) {
    const { x, y, width, height } = rectToCanvas(placement, map.area);
    context.imageSmoothingEnabled = !map.crisp;
    context.drawImage(map.painted.canvas, x, y, width, height);
    if (cells) drawCells(context, rectToCanvas(placement, map.area), cells, theme, ratio);
  }
  for (const { rect, kind } of scene.marks) {
    outline(context, rectToCanvas(placement, rect), theme, kind === 'pinned' ? 2 * ratio : ratio);
  }
  if (scene.cursor) crosshair(context, toCanvas(placement, scene.cursor), theme, ratio);
}

function drawPhoto(
  context: Context,
  photo: Photo,
  { faint, grey, viewport }: Scene,
  placement: Placement,
  theme: Theme,
  ratio: number,
): void {
  const { width, height } = photo.source;
  const whole = rectToCanvas(placement, { x: 0, y: 0, width, height });
  context.imageSmoothingEnabled = placement.scale * (width / photo.colour.width) < 4 * ratio;
  context.imageSmoothingQuality = 'high';
  context.globalAlpha = faint ? 0.45 : 1;
  context.drawImage(faint ? photo.grey : photo.colour, whole.x, whole.y, whole.width, whole.height);
  context.globalAlpha = 1;
  if (viewport === undefined) return;
  const seen = rectToCanvas(placement, viewport);
  if (grey && !faint) {
    context.save();
    context.beginPath();
    context.rect(seen.x, seen.y, seen.width, seen.height);
    context.clip();
    context.globalAlpha = grey;
    context.drawImage(photo.grey, whole.x, whole.y, whole.width, whole.height);
    context.restore();
  }
  context.beginPath();
  context.rect(whole.x, whole.y, whole.width, whole.height);
  context.rect(seen.x, seen.y, seen.width, seen.height);
  // What lies in one rectangle only: unseen parts of the photograph, and the border that letterboxing added.
  context.fillStyle = theme.background;
  context.globalAlpha = 0.65;
  context.fill('evenodd');
  context.globalAlpha = 1;
  if (seen.width < whole.width - ratio || seen.height < whole.height - ratio) {
    context.strokeStyle = theme.foreground;
    context.globalAlpha = 0.5;
    context.lineWidth = ratio;
    context.strokeRect(seen.x, seen.y, seen.width, seen.height);
    context.globalAlpha = 1;
  }
}

function drawCells(context: Context, area: Rect, cells: Size, theme: Theme, ratio: number): void {
  const width = area.width / cells.width;
  const height = area.height / cells.height;
  if (Math.min(width, height) < smallestCell * ratio) return;
  context.beginPath();
  for (let i = 0; i <= cells.width; i++) {
    context.moveTo(area.x + i * width, area.y);
    context.lineTo(area.x + i * width, area.y + area.height);
  }
  for (let i = 0; i <= cells.height; i++) {
    context.moveTo(area.x, area.y + i * height);
    context.lineTo(area.x + area.width, area.y + i * height);
  }
  context.strokeStyle = theme.foreground;
  context.globalAlpha = 0.2;
  context.lineWidth = ratio;
  context.stroke();
  context.globalAlpha = 1;
}

/** In two tones, so that it shows on any ground. */
function outline(context: Context, rect: Rect, theme: Theme, width: number): void {
  // A cell of a few device pixels is still to be found.
  const grow = Math.max(0, 3 * width - Math.min(rect.width, rect.height)) / 2;
  const box = [rect.x - grow, rect.y - grow, rect.width + 2 * grow, rect.height + 2 * grow] as const;
  context.strokeStyle = theme.background;
  context.lineWidth = 3 * width;
  context.strokeRect(...box);
  context.strokeStyle = theme.accent;
  context.lineWidth = width * 1.5;
  context.strokeRect(...box);
}

function crosshair(context: Context, { x, y }: Point, theme: Theme, ratio: number): void {
  const inner = 3 * ratio;
  const outer = 9 * ratio;
  context.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    context.moveTo(x + dx * inner, y + dy * inner);
    context.lineTo(x + dx * outer, y + dy * outer);
  }
  context.strokeStyle = theme.background;
  context.lineWidth = 3 * ratio;
  context.stroke();
  context.strokeStyle = theme.foreground;
  context.lineWidth = 1.25 * ratio;
  context.stroke();
}
