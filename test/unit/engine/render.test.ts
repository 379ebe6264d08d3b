import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { palette, renderMap, sample, scaleOf, smooth, stepOf } from '../../../src/engine/render';
import type { Photograph, ScalarMap } from '../../../src/protocol';

const map = (width: number, height: number, at: (x: number, y: number) => number): ScalarMap => ({
  width,
  height,
  data: Float32Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
});

async function pixels(
  png: Uint8Array,
): Promise<{ width: number; height: number; at: (x: number, y: number) => number[] }> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    at: (x, y) => [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)],
  };
}

async function greyPhotograph(width: number, height: number, viewport: Photograph['viewport']): Promise<Photograph> {
  const encoded = await sharp({ create: { width, height, channels: 3, background: { r: 100, g: 100, b: 100 } } })
    .png()
    .toBuffer();
  return { path: 'p.png', width, height, encoded, mime: 'image/png', viewport };
}

describe('colours', () => {
  it('are red for, blue against and pale at 0', () => {
    const colours = palette(true);
    const at = (share: number): number[] => [...colours.subarray(3 * stepOf(share, true), 3 * stepOf(share, true) + 3)];
    const [forIt, against, zero] = [at(1), at(-1), at(0)];
    expect(forIt[0]).toBeGreaterThan(forIt[2] + 50);
    expect(against[2]).toBeGreaterThan(against[0] + 50);
    expect(Math.min(...zero)).toBeGreaterThan(230);
  });

  it('run from dark to light for unsigned maps', () => {
    const colours = palette(false);
    expect(colours[0] + colours[1] + colours[2]).toBeLessThan(30);
    expect(colours[765] + colours[766]).toBeGreaterThan(400);
    expect(stepOf(0, false)).toBe(0);
    expect(stepOf(2, false)).toBe(255);
  });
});

describe('smooth', () => {
  it('spreads a point as a Gaussian and keeps the sum', () => {
    const sigma = 1.5;
    const smoothed = smooth(
      map(31, 31, (x, y) => (x === 15 && y === 15 ? 1 : 0)),
      sigma,
    );
    const sum = smoothed.data.reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 5);
    const variance = smoothed.data.reduce((total, value, i) => total + value * ((i % 31) - 15) ** 2, 0);
    // The kernel ends at three deviations, which takes a little off.
    expect(variance).toBeGreaterThan(0.9 * sigma ** 2);
    expect(variance).toBeLessThanOrEqual(sigma ** 2 + 1e-3);
    expect(smoothed.data[15 * 31 + 14]).toBeCloseTo(smoothed.data[14 * 31 + 15], 7);
  });

  it('leaves a constant as it is, also at the border', () => {
    expect(
      [
        ...smooth(
          map(5, 4, () => 2),
          1,
        ).data,
      ].every((value) => Math.abs(value - 2) < 1e-6),
    ).toBe(true);
  });
});

describe('sample', () => {
  it('interpolates between centres', () => {
    const ramp = map(4, 2, (x) => x);
    expect(sample(ramp, 0.5, 0.5)).toBe(0);
    expect(sample(ramp, 2, 1)).toBe(1.5);
    expect(sample(ramp, 9, 9)).toBe(3);
    expect(sample(ramp, -9, 0)).toBe(0);
  });
});

describe('renderMap', () => {
  it('enlarges a map without a photograph, centred on 0', async () => {
    const picture = await pixels(
      await renderMap(
        map(2, 1, (x) => (x === 0 ? 5 : -5)),
        true,
      ),
    );
    expect(picture.width).toBe(448);
    expect(picture.height).toBe(224);
    const colours = palette(true);
    expect(picture.at(10, 10)).toEqual([...colours.subarray(765, 768)]);
    expect(picture.at(440, 10)).toEqual([...colours.subarray(0, 3)]);
  });

  it('lies over the part of the photograph that the model saw', async () => {
    const photograph = await greyPhotograph(40, 20, { x: 10, y: 0, width: 20, height: 20 });
    const half = map(10, 10, (x) => (x < 5 ? 1 : -1));
    const picture = await pixels(await renderMap(half, true, { photograph }));
    expect([picture.width, picture.height]).toEqual([40, 20]);
    expect(picture.at(5, 10)).toEqual([100, 100, 100]);
    expect(picture.at(35, 10)).toEqual([100, 100, 100]);
    const [left, right] = [picture.at(12, 10), picture.at(28, 10)];
    expect(left[0]).toBeGreaterThan(left[2] + 40);
    expect(right[2]).toBeGreaterThan(right[0] + 40);
  });

  it('reaches beyond a photograph that was padded', async () => {
    const photograph = await greyPhotograph(20, 10, { x: 0, y: -5, width: 20, height: 20 });
    const stripe = map(4, 4, (_x, y) => (y === 1 ? 1 : 0));
    const picture = await pixels(await renderMap(stripe, true, { photograph }));
    expect(picture.height).toBe(10);
    expect(picture.at(10, 2)[0]).toBeGreaterThan(130);
    expect(picture.at(10, 9)).toEqual([100, 100, 100]);
  });

  it('leaves the photograph visible where a map is 0 everywhere', async () => {
    const photograph = await greyPhotograph(8, 8, { x: 0, y: 0, width: 8, height: 8 });
    const zeros = map(8, 8, () => 0);
    expect(scaleOf(zeros)).toBe(1);
    expect((await pixels(await renderMap(zeros, true, { photograph }))).at(4, 4)).toEqual([100, 100, 100]);
  });

  it('says what it shows', async () => {
    const png = await renderMap(
      map(2, 2, () => 1),
      true,
      { caption: 'srd of m: cat (3), score 4.5' },
    );
    const { exif } = await sharp(png).metadata();
    expect(exif?.toString('latin1')).toContain('srd of m: cat (3), score 4.5');
  });
});
