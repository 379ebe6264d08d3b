import sharp from 'sharp';

/** A picture with a line under it, or a place without a picture. */
export interface Cell {
  /** An encoded picture. */
  readonly picture?: Uint8Array;
  readonly title: string;
  /** Smaller, under the title. */
  readonly note?: string;
}

const SIDE = 320;
const GAP = 16;
const TEXT = 44;
/** What of a line fits under a picture. */
const LONGEST = 44;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** The words under the pictures, as one drawing over the whole sheet. */
function words(cells: readonly Cell[], places: readonly Place[], frame: Size, { width, height }: Size): Buffer {
  const lines = cells.map(({ title, note }, i) => {
    const { x, y } = places[i];
    const middle = x + frame.width / 2;
    const under = note
      ? `<text x="${middle}" y="${y + frame.height + 36}" font-size="12" fill="#555">${escaped(cut(note))}</text>`
      : '';
    return `<text x="${middle}" y="${y + frame.height + 19}" font-size="15" fill="#111">${escaped(cut(title))}</text>${under}`;
  });
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" text-anchor="middle">${lines.join('')}</svg>`,
  );
}

/** In pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Pictures side by side in rows as a PNG, each enlarged or shrunk to the same size.
 *
 * @param caption what they are of, kept in the file's metadata
 * @param frame the size that pictures are fitted into
 */
export async function contactSheet(
  cells: readonly Cell[],
  columns: number,
  caption: string,
  frame: Size = { width: SIDE, height: SIDE },
): Promise<Uint8Array> {
  const across = Math.min(columns, cells.length);
  const width = GAP + across * (frame.width + GAP);
  const height = GAP + Math.ceil(cells.length / across) * (frame.height + TEXT + GAP);
  const places = cells.map((_, i) => ({
    x: GAP + (i % across) * (frame.width + GAP),
    y: GAP + Math.floor(i / across) * (frame.height + TEXT + GAP),
  }));
  const layers = await Promise.all(
    cells.flatMap(({ picture }, i) => {
      if (!picture) return [];
      const { x: left, y: top } = places[i];
      const fitted = sharp(picture)
        .resize({ ...frame, fit: 'contain', position: 'top', background: 'white', kernel: 'lanczos3' })
        .png()
        .toBuffer();
      return [fitted.then((input) => ({ input, left, top }))];
    }),
  );
  return sharp({ create: { width, height, channels: 3, background: 'white' } })
    .composite([...layers, { input: words(cells, places, frame, { width, height }), left: 0, top: 0 }])
    .png()
    .withExif({ IFD0: { ImageDescription: caption } })
    .toBuffer();
}
