import sharp from 'sharp';
import type { FeaturePart, RowParts, TextParts, TokenPart } from '../protocol';
import { escaped, number } from './page';
import { colourOf } from './render';

/** What stands over a picture of tokens or features, and how wide it is. */
export interface PartsDrawing {
  readonly signed: boolean;
  /** Lines over it, the first in bold. */
  readonly heading?: readonly string[];
  /** In pixels. */
  readonly width?: number;
  /** How many lines of a text, or features of a row, it shows at most. */
  readonly most?: number;
}

const WIDTH = 960;
const MARGIN = 20;
/** What a character takes at least. */
const CHARACTER = 8;
/** The drawing library takes no picture of more than 32 767 rows. */
const MOST_LINES = 1000;
/** A line of the heading, of features, and the strip that tells the colours. */
const HEADING = 24;
const ROW = 26;
const STRIP = 34;
const MOST_FEATURES = 200;
const INK = '#1a1a1a';
const QUIET = '#555555';
/** What is smaller, as a share of the largest, is left white. */
const FAINT = 0.02;

type Valued = { readonly relevance: number };

const largest = (parts: readonly Valued[]): number =>
  parts.reduce((most, { relevance }) => Math.max(most, Math.abs(relevance)), 0) || 1;

const hex = (channels: readonly number[]): string =>
  `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;

const withSign = (value: number): string => `${value > 0 ? '+' : value < 0 ? '−' : ''}${number(Math.abs(value))}`;
const cut = (text: string, length: number): string =>
  [...text].length > length ? `${[...text].slice(0, length - 1).join('')}…` : text;

/** A stretch of a text: a token, or what lies between tokens. */
export interface Stretch {
  readonly text: string;
  readonly token?: TokenPart;
}

/** A text cut at its tokens, nothing left out; of tokens that overlap the first has what both cover. */
export function stretchesOf({ text, tokens }: TextParts): Stretch[] {
  const found: Stretch[] = [];
  let at = 0;
  for (const token of tokens) {
    const { start, end } = token;
    if (end <= start || start < at) continue;
    if (start > at) found.push({ text: text.slice(at, start) });
    found.push({ text: text.slice(start, end), token });
    at = end;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

/** Tokens that stand for nothing of the text, and still have relevance: `[CLS] +0.31`. */
export const besideText = ({ tokens }: TextParts): readonly string[] =>
  tokens
    .filter(({ start, end, kind, relevance }) => end <= start && kind !== 'padding' && relevance !== 0)
    .map(({ text, relevance }) => `${text} ${withSign(relevance)}`);

/** As many stretches as lines there may be, by the room that their characters take at least. */
function fitting(stretches: readonly Stretch[], width: number, most: number): readonly Stretch[] {
  const across = Math.floor(width / CHARACTER);
  let lines = 1;
  let column = 0;
  for (const [i, { text }] of stretches.entries()) {
    for (const character of text) {
      column = character === '\n' ? 0 : column + 1;
      if (character === '\n' || column > across) {
        lines++;
        column = 0;
      }
    }
    if (lines > most) return stretches.slice(0, i);
  }
  return stretches;
}

/** Text that nothing in it keeps from being laid out: what is no character of XML is replaced. */
const written = (text: string): string =>
  escaped(text.replaceAll('\r', '').replace(/[^\t\n\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd'));

/** A token in its colour, as Pango's markup. */
function markup({ text, token }: Stretch, scale: number, signed: boolean): string {
  const words = written(text);
  if (!token || Math.abs(token.relevance) < FAINT * scale) return words;
  const { background, dark } = colourOf(token.relevance / scale, signed);
  return `<span background="${hex(background)}" foreground="${dark ? '#ffffff' : '#000000'}">${words}</span>`;
}

async function words(content: string, width: number): Promise<{ data: Buffer; height: number }> {
  const text = `<span foreground="${INK}">${content}</span>`;
  const { data, info } = await sharp({
    text: { text, width, dpi: 108, rgba: true, font: 'sans 12', spacing: 8, wrap: 'word-char' },
  })
    .png()
    .toBuffer({ resolveWithObject: true });
  return { data, height: info.height };
}

/** The heading, and from which value to which the colours reach. */
function head(heading: readonly string[], scale: number, signed: boolean, width: number): string {
  const across = Math.floor((width - 2 * MARGIN) / CHARACTER);
  const lines = heading.map((line, i) => {
    const look = i === 0 ? `font-weight="bold" fill="${INK}"` : `fill="${QUIET}"`;
    return `<text x="${MARGIN}" y="${MARGIN + HEADING * i + 16}" font-size="${i === 0 ? 17 : 14}" ${look}>${written(cut(line, across))}</text>`;
  });
  const top = MARGIN + HEADING * heading.length;
  const steps = Array.from({ length: 61 }, (_, i) => {
    const { background } = colourOf(signed ? i / 30 - 1 : i / 60, signed);
    return `<rect x="${MARGIN + 2 * i}" y="${top + 6}" width="2.5" height="10" fill="${hex(background)}"/>`;
  });
  const ends = signed ? `${withSign(-scale)} against it, ${withSign(scale)} for it` : `from 0 to ${number(scale)}`;
  return `${lines.join('')}${steps.join('')}<text x="${MARGIN + 132}" y="${top + 15}" font-size="12" fill="${QUIET}">${ends}</text>`;
}

const svg = (width: number, height: number, content: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">${content}</svg>`,
  );

/**
 * A text in the colours of its tokens' relevance, as a PNG on white. Of a text that is longer than `most` lines the
 * beginning is shown, and said.
 *
 * @param caption kept in the file's metadata
 */
export async function textPicture(text: TextParts, drawing: PartsDrawing, caption?: string): Promise<Uint8Array> {
  const { signed, heading = [], width = WIDTH, most = MOST_LINES } = drawing;
  const across = width - 2 * MARGIN;
  const scale = largest(text.tokens);
  const all = stretchesOf(text);
  const shown = fitting(all, across, Math.min(most, MOST_LINES));
  const missing = all.length - shown.length;
  const notes = [...besideText(text), ...(missing > 0 ? [`… and ${missing} more pieces of the text`] : [])];
  const more =
    notes.length > 0 ? `\n<span foreground="${QUIET}" size="small">${written(notes.join(' · '))}</span>` : '';
  const coloured = shown.map((stretch) => markup(stretch, scale, signed)).join('');
  const body = await words(`${coloured.trimEnd()}${more}`, across);
  const top = MARGIN + HEADING * heading.length + STRIP;
  const height = top + body.height + MARGIN;
  return finish(width, height, caption, [
    { input: svg(width, top, head(heading, scale, signed, width)), left: 0, top: 0 },
    { input: body.data, left: MARGIN, top },
  ]);
}

/**
 * The features of a row as bars, the largest first, as a PNG on white.
 *
 * @param caption kept in the file's metadata
 */
export async function rowPicture({ features }: RowParts, drawing: PartsDrawing, caption?: string): Promise<Uint8Array> {
  const { signed, heading = [], width = WIDTH, most = MOST_FEATURES } = drawing;
  const scale = largest(features);
  const sorted = [...features].sort((a, b) => Math.abs(b.relevance) - Math.abs(a.relevance));
  const shown = sorted.slice(0, most);
  const top = MARGIN + HEADING * heading.length + STRIP;
  const note =
    sorted.length > most
      ? `<text x="${MARGIN}" y="${top + ROW * shown.length + 17}" font-size="12" fill="${QUIET}">and ${sorted.length - most} smaller ones</text>`
      : '';
  const height = top + ROW * (shown.length + (note === '' ? 0 : 1)) + MARGIN;
  const lines = shown.map((feature, i) => bar(feature, top + ROW * i, scale, signed, width));
  return finish(width, height, caption, [
    { input: svg(width, height, head(heading, scale, signed, width) + lines.join('') + note), left: 0, top: 0 },
  ]);
}

/** `name = value`, a bar to either side of 0, and the number. */
function bar({ name, value, relevance }: FeaturePart, top: number, scale: number, signed: boolean, width: number) {
  const [names, numbers] = [0.34 * width, 80];
  const room = width - names - numbers - 2 * MARGIN;
  const zero = MARGIN + names + (signed ? room / 2 : 0);
  const length = ((signed ? room / 2 : room) * Math.abs(relevance)) / scale;
  const left = relevance < 0 ? zero - length : zero;
  // A bar that is to be seen is never as pale as what is near zero.
  const share = Math.sign(relevance) * (0.35 + (0.65 * Math.abs(relevance)) / scale);
  const { background } = colourOf(share, signed);
  const label = cut(`${name} = ${value}`, Math.floor(names / CHARACTER));
  return [
    `<text x="${MARGIN}" y="${top + 18}" font-size="14" fill="${INK}">${written(label)}</text>`,
    `<rect x="${left.toFixed(1)}" y="${top + 5}" width="${Math.max(1, length).toFixed(1)}" height="16" fill="${hex(background)}"/>`,
    `<rect x="${zero.toFixed(1)}" y="${top}" width="1" height="${ROW}" fill="${QUIET}"/>`,
    `<text x="${width - MARGIN}" y="${top + 18}" font-size="14" fill="${INK}" text-anchor="end">${withSign(relevance)}</text>`,
  ].join('');
}

function finish(
  width: number,
  height: number,
  caption: string | undefined,
  layers: readonly { readonly input: Buffer; readonly left: number; readonly top: number }[],
): Promise<Uint8Array> {
  const picture = sharp({ create: { width, height, channels: 3, background: 'white' } })
    .composite([...layers])
    .png();
  return (caption ? picture.withExif({ IFD0: { ImageDescription: caption } }) : picture).toBuffer();
}
