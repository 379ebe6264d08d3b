import { type ColourMap, colourTable } from '../logic/colour-maps';
import { place, type Rect } from '../logic/geometry';
import { number } from '../logic/numbers';
import { type Context, drawScene, type Scene, type Theme } from './scene';

/** One of the pictures that are put side by side. */
export interface Drawing {
  readonly heading: string;
  readonly note: string;
  readonly content: Rect;
  readonly scene: Scene;
  readonly bar: { readonly colours: ColourMap; readonly scale: number } | undefined;
}

/** Longest side of a drawing, in pixels. */
const side = 896;
const padding = 20;
const lineHeight = 24;
const barWidth = 240;

/**
 * The panel's pictures with captions and colour bars as one PNG. The footer says what must not be missing from a map:
 * target, score, method, model.
 */
export async function pictureOf(
  drawings: readonly Drawing[],
  footer: readonly string[],
  theme: Theme,
  fontFamily: string,
): Promise<Blob> {
  const sizes = drawings.map(({ content }) => {
    const scale = side / Math.max(content.width, content.height);
    return { width: Math.round(content.width * scale), height: Math.round(content.height * scale) };
  });
  const height = Math.max(...sizes.map((size) => size.height));
  const width = sizes.reduce((sum, size) => sum + size.width + padding, padding);
  const captions = 2 * lineHeight;
  const whole = padding + captions + height + footer.length * lineHeight + padding;
  const canvas = new OffscreenCanvas(width, whole);
  const context = canvas.getContext('2d')!;
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, whole);
  context.textBaseline = 'middle';
  const write = (text: string, x: number, y: number, room: number, weight = 'normal'): void => {
    context.font = `${weight} 15px ${fontFamily || 'sans-serif'}`;
    context.fillStyle = theme.foreground;
    context.fillText(text, x, y + lineHeight / 2, room);
  };
  let left = padding;
  for (const [i, drawing] of drawings.entries()) {
    const size = sizes[i]!;
    write(drawing.heading, left, padding, size.width / 2, 'bold');
    const after = left + Math.min(context.measureText(drawing.heading).width, size.width / 2) + 12;
    write(drawing.note, after, padding, left + size.width - after);
    const own = new OffscreenCanvas(size.width, size.height);
    const whereTo = place({ x: 0.5, y: 0.5, zoom: 1 }, drawing.content, size);
    drawScene(own.getContext('2d')!, drawing.scene, { placement: whereTo, theme, ratio: 1 });
    context.drawImage(own, left, padding + lineHeight);
    if (drawing.bar) drawBar(context, drawing.bar, left, padding + lineHeight + size.height, theme);
    left += size.width + padding;
  }
  for (const [i, line] of footer.entries()) {
    write(line, padding, padding + captions + height + i * lineHeight, width - 2 * padding);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

function drawBar(
  context: Context,
  { colours, scale }: { readonly colours: ColourMap; readonly scale: number },
  left: number,
  top: number,
  theme: Theme,
): void {
  const table = colourTable(colours, 1) as Uint8ClampedArray<ArrayBuffer>;
  const ramp = new OffscreenCanvas(table.length / 4, 1);
  ramp.getContext('2d')!.putImageData(new ImageData(table, table.length / 4, 1), 0, 0);
  const low = colours.kind === 'diverging' ? number(-scale) : '0';
  context.font = context.font.replace(/^bold /, '');
  context.fillStyle = theme.foreground;
  const middle = top + lineHeight / 2;
  const start = left + context.measureText(low).width + 8;
  context.fillText(low, left, middle);
  context.drawImage(ramp, start, middle - 5, barWidth, 10);
  context.fillText(number(scale), start + barWidth + 8, middle);
}
