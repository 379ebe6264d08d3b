import sharp from 'sharp';
import { expect, it } from 'vitest';
import { pictureOfSheet } from '../../../src/engine/compare';
import type { Photograph } from '../../../src/protocol';
import type { Sheet } from '../../../src/protocol/study';

/** Sides, gaps and lines of a picture as they are printed: 320 pixels each, 16 around, 44 for the words. */
const place = (column: number, row: number): { left: number; top: number } => ({
  left: 16 + column * 336 + 100,
  top: 16 + row * 380 + 100,
});

async function grey(): Promise<Photograph> {
  const encoded = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#646464' } })
    .png()
    .toBuffer();
  return {
    path: 'p.png',
    width: 8,
    height: 8,
    encoded,
    mime: 'image/png',
    viewport: { x: 0, y: 0, width: 8, height: 8 },
  };
}

const all = (value: number): Sheet['cells'][number]['map'] => ({
  width: 2,
  height: 2,
  data: Float32Array.of(value, value, value, value),
});

it('maps of several classes are a table beside the photograph, with gaps where there is none', async () => {
  const cells = [all(1), all(-1), all(-1), undefined].map((map, i) => ({
    title: String(i),
    note: '',
    signed: true,
    ...(map && { map }),
  }));
  const picture = await pictureOfSheet({
    photograph: await grey(),
    target: 'cat, dog',
    caption: 'c',
    columns: 2,
    cells,
  });
  const { width, height } = await sharp(picture).metadata();
  expect([width, height]).toEqual([16 + 3 * 336, 16 + 2 * 380]);
  const at = async (column: number, row: number): Promise<number[]> => {
    const { left, top } = place(column, row);
    return [...(await sharp(picture).extract({ left, top, width: 1, height: 1 }).removeAlpha().raw().toBuffer())];
  };
  expect(await at(0, 0)).toEqual([100, 100, 100]);
  expect(await at(0, 1)).toEqual([255, 255, 255]);
  const [red, , blue] = await at(1, 0);
  expect(red).toBeGreaterThan(blue!);
  for (const [column, row] of [
    [2, 0],
    [1, 1],
  ] as const) {
    const [less, , more] = await at(column, row);
    expect(more).toBeGreaterThan(less!);
  }
  expect(await at(2, 1)).toEqual([255, 255, 255]);
});
