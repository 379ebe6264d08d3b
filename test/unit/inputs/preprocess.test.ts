import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InputConfig, Layout } from '../../../src/inputs/config';
import { guessSettings, requireImageInput } from '../../../src/inputs/guess';
import type { Pixels } from '../../../src/inputs/image';
import { readNpy } from '../../../src/inputs/npy';
import {
  fitPicture,
  inputToPicture,
  pictureToInput,
  preprocess,
  valueRange,
  viewport,
} from '../../../src/inputs/preprocess';
import type { ImageInput } from '../../../src/inputs/settings';
import { codeOf } from './support';

const CASES = path.resolve(__dirname, '../../cases/inputs');

/** The input that a prism.json describes for a model that says nothing itself. */
function inputOf(config: InputConfig): ImageInput {
  const model = {
    inputs: [{ name: 'image', dtype: 'float32', shape: undefined }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: undefined }],
    metadata: {},
  } as const;
  const complete: InputConfig = { size: null, resize: 'stretch', scale: 1, ...config };
  return requireImageInput(guessSettings({ model, config: { task: 'segmentation', input: complete } }), model);
}

function noise(width: number, height: number, seed = 1): Pixels {
  let state = seed;
  const data = Uint8Array.from({ length: 3 * width * height }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state >> 16;
  });
  return { width, height, data };
}

interface Pipeline {
  readonly picture: [number, number];
  readonly input: InputConfig;
  readonly width: number;
  readonly height: number;
}

describe('pipelines of training code', () => {
  const pipelines: Pipeline[] = JSON.parse(readFileSync(path.join(CASES, 'pipelines.json'), 'utf8'));
  const bytes = readNpy(readFileSync(path.join(CASES, 'pipelines.npy'))).data as Uint8Array;
  let offset = 0;
  const take = (count: number): Uint8Array => {
    offset += count;
    return bytes.subarray(offset - count, offset);
  };

  for (const { picture, input, width, height } of pipelines) {
    const data = take(3 * picture[0] * picture[1]);
    const expected = take(3 * width * height);
    it(`${picture.join(' × ')} by ${JSON.stringify(input)}`, () => {
      const result = preprocess({ width: picture[0], height: picture[1], data }, inputOf({ ...input, layout: 'NHWC' }));
      expect(result.dims).toEqual([1, height, width, 3]);
      expect(Array.from(result.data)).toEqual(Array.from(expected));
      const rgb = result.view.data.filter((_, i) => i % 4 !== 3);
      expect(rgb).toEqual(expected);
      expect(result.view.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
    });
  }

  it('use up every golden value', () => {
    expect(offset).toBe(bytes.length);
  });
});

describe('values', () => {
  const picture = noise(3, 2);

  it.each([
    ['0 to 1', { scale: '1/255' }, (x: number) => x / 255],
    ['−1 to 1', { scale: '1/127.5', mean: 1 }, (x: number) => x / 127.5 - 1],
    ['mean and std of 0 to 255', { scale: 1, mean: 127, std: 128 }, (x: number) => (x - 127) / 128],
    ['as they are', { scale: 1 }, (x: number) => x],
  ])('%s', (_, config, value) => {
    const { data } = preprocess(picture, inputOf({ ...config, layout: 'HWC' }));
    for (const [i, x] of picture.data.entries()) expect(data[i]).toBeCloseTo(value(x), 6);
  });

  it.each([['RGB'], ['BGR'], ['grey']] as const)('lie between those of black and white: %s', (channels) => {
    const config = { layout: 'CHW', channels, scale: '1/255', mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] } as const;
    const input = inputOf(channels === 'grey' ? { ...config, mean: 0.1, std: 0.5 } : config);
    const range = valueRange(input);
    for (const [grey, ends] of [
      [0, range.low],
      [255, range.high],
    ] as const) {
      const { data } = preprocess({ width: 1, height: 1, data: new Uint8Array(3).fill(grey) }, input);
      expect(ends).toHaveLength(data.length);
      for (const [c, value] of data.entries()) expect(ends[c]).toBeCloseTo(value, 5);
    }
  });

  it('mean and std are of the channels in their order in the tensor', () => {
    const mean = [0.1, 0.2, 0.3];
    const std = [0.5, 0.25, 2];
    const rgb = preprocess(picture, inputOf({ layout: 'HWC', scale: '1/255', mean, std })).data;
    const bgr = preprocess(picture, inputOf({ layout: 'HWC', channels: 'BGR', scale: '1/255', mean, std })).data;
    for (let i = 0; i < 6; i++) {
      for (let c = 0; c < 3; c++) {
        expect(rgb[3 * i + c]).toBeCloseTo((picture.data[3 * i + c] / 255 - mean[c]) / std[c], 5);
        expect(bgr[3 * i + c]).toBeCloseTo((picture.data[3 * i + 2 - c] / 255 - mean[c]) / std[c], 5);
      }
    }
  });

  it('the picture shown keeps its colours whatever their order in the tensor', () => {
    const { view } = preprocess(picture, inputOf({ channels: 'BGR' }));
    expect(view.data.filter((_, i) => i % 4 !== 3)).toEqual(picture.data);
  });

  it('grey is luma, and is shown grey', () => {
    const { data, dims, view } = preprocess(picture, inputOf({ channels: 'grey', layout: 'NCHW' }));
    expect(dims).toEqual([1, 1, 2, 3]);
    for (let i = 0; i < 6; i++) {
      const [r, g, b] = picture.data.subarray(3 * i, 3 * i + 3);
      expect(Math.abs(data[i] - (0.299 * r + 0.587 * g + 0.114 * b))).toBeLessThan(0.51);
      expect([...view.data.subarray(4 * i, 4 * i + 4)]).toEqual([data[i], data[i], data[i], 255]);
    }
  });
});

describe('layouts', () => {
  const picture = noise(4, 3);
  const at = (x: number, y: number, c: number) => picture.data[(y * 4 + x) * 3 + c];

  it.each([
    ['NCHW', [1, 3, 3, 4], (x: number, y: number, c: number) => (c * 3 + y) * 4 + x],
    ['CHW', [3, 3, 4], (x: number, y: number, c: number) => (c * 3 + y) * 4 + x],
    ['NHWC', [1, 3, 4, 3], (x: number, y: number, c: number) => (y * 4 + x) * 3 + c],
    ['HWC', [3, 4, 3], (x: number, y: number, c: number) => (y * 4 + x) * 3 + c],
  ] as const)('%s', (layout, dims, index) => {
    const result = preprocess(picture, inputOf({ layout }));
    expect(result.dims).toEqual(dims);
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 4; x++) for (let c = 0; c < 3; c++) expect(result.data[index(x, y, c)]).toBe(at(x, y, c));
    }
  });

  it.each([
    ['NHW', [1, 3, 4]],
    ['HW', [3, 4]],
  ] as const)('%s is for grey alone', (layout, dims) => {
    const result = preprocess(picture, inputOf({ layout, channels: 'grey' }));
    expect(result.dims).toEqual(dims);
    expect(result.data.length).toBe(12);
    expect(codeOf(() => preprocess(picture, inputOf({ layout, channels: 'RGB' })))).toBe('CONFIG_MISMATCH');
  });
});

const side = fc.integer({ min: 1, max: 60 });
const anyInput: fc.Arbitrary<InputConfig> = fc.oneof(
  fc.record({ size: fc.tuple(side, side), resize: fc.constant('stretch' as const) }),
  fc.record({ size: fc.tuple(side, side), resize: fc.constant('letterbox' as const), pad: fc.nat(255) }),
  fc.record({
    size: fc.tuple(side, side),
    resize: fc.constant('shorter-side' as const),
    shorterSide: fc.option(side),
  }),
  fc.record({ size: fc.tuple(side, side), crop: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
);

describe('geometry', () => {
  it('there and back is the same rectangle', () => {
    fc.assert(
      fc.property(side, side, anyInput, fc.tuple(side, side, side, side), (width, height, config, [x, y, w, h]) => {
        const geometry = fitPicture({ width, height }, inputOf(config));
        const rectangle = { x: x - 20, y: y - 20, width: w, height: h };
        const back = pictureToInput(geometry, inputToPicture(geometry, rectangle));
        for (const key of ['x', 'y', 'width', 'height'] as const) expect(back[key]).toBeCloseTo(rectangle[key], 6);
      }),
    );
  });

  it('source and visible part lie inside picture and input; the input is always filled', () => {
    fc.assert(
      fc.property(side, side, anyInput, (width, height, config) => {
        const input = inputOf(config);
        const geometry = fitPicture({ width, height }, input);
        const { source } = geometry;
        expect(source.x).toBeGreaterThanOrEqual(0);
        expect(source.y).toBeGreaterThanOrEqual(0);
        expect(source.width).toBeGreaterThan(0);
        expect(source.height).toBeGreaterThan(0);
        expect(source.x + source.width).toBeLessThanOrEqual(width);
        expect(source.y + source.height).toBeLessThanOrEqual(height);
        expect([geometry.input.height, geometry.input.width]).toEqual(input.size);
        const { data, view } = preprocess(noise(width, height), input);
        expect(data.length).toBe(3 * geometry.input.width * geometry.input.height);
        expect(view.data.length).toBe(4 * geometry.input.width * geometry.input.height);
      }),
    );
  });

  it('a bright pixel of the picture is where the geometry says in the input', () => {
    const picture = { width: 90, height: 60, data: new Uint8Array(90 * 60 * 3) };
    const [px, py] = [50, 22];
    picture.data.fill(255, 3 * (py * 90 + px), 3 * (py * 90 + px) + 3);
    const configs: InputConfig[] = [
      { size: [40, 40] },
      { size: [40, 40], resize: 'letterbox' },
      { size: [40, 40], resize: 'shorter-side', shorterSide: 48 },
      { size: [40, 40], crop: 0.9 },
      { size: null, resize: 'none' },
    ];
    for (const config of configs) {
      const { data, geometry } = preprocess(picture, inputOf({ ...config, layout: 'HWC' }));
      const { x, y, width, height } = pictureToInput(geometry, { x: px, y: py, width: 1, height: 1 });
      let best = 0;
      for (let i = 0; i < data.length; i += 3) if (data[i] > data[best]) best = i;
      const column = (best / 3) % geometry.input.width;
      const row = Math.floor(best / 3 / geometry.input.width);
      expect(Math.abs(column + 0.5 - (x + width / 2))).toBeLessThanOrEqual(0.75);
      expect(Math.abs(row + 0.5 - (y + height / 2))).toBeLessThanOrEqual(0.75);
    }
  });

  it('the viewport of a crop is its source, of a letterbox it reaches beyond the picture', () => {
    const photograph = { width: 200, height: 100 };
    const cropped = fitPicture(photograph, inputOf({ size: 64, crop: 0.5 }));
    expect(viewport(cropped)).toEqual({ x: 75, y: 25, width: 50, height: 50 });
    const boxed = fitPicture(photograph, inputOf({ size: 64, resize: 'letterbox' }));
    expect(viewport(boxed)).toEqual({ x: 0, y: -50, width: 200, height: 200 });
  });
});

describe('sizes', () => {
  it('resize none takes a picture of the input’s size and no other', () => {
    const input = inputOf({ size: [3, 4], resize: 'none', layout: 'HWC' });
    expect(Array.from(preprocess(noise(4, 3), input).data)).toEqual(Array.from(noise(4, 3).data));
    expect(codeOf(() => preprocess(noise(3, 4), input))).toBe('IMAGE_SIZE');
  });

  it('without a size the picture keeps its own', () => {
    const input = inputOf({ size: null, resize: 'none' });
    expect(preprocess(noise(7, 5), input).dims).toEqual([1, 3, 5, 7]);
  });

  it('a strip of 1 × 20 000 is not blown up', () => {
    const strip = noise(20_000, 1);
    const cut = preprocess(strip, inputOf({ size: 224, resize: 'shorter-side', shorterSide: 256 }));
    expect(cut.dims).toEqual([1, 3, 224, 224]);
    const unlimited = inputOf({ size: null, resize: 'shorter-side', shorterSide: 256 });
    expect(codeOf(() => preprocess(strip, unlimited))).toBe('IMAGE_SIZE');
  });

  it.each<Layout>(['NCHW', 'NHWC'])('a picture of 1 × 1 fills any input (%s)', (layout) => {
    const { data } = preprocess({ width: 1, height: 1, data: Uint8Array.of(9, 9, 9) }, inputOf({ size: 8, layout }));
    expect(data.every((value) => value === 9)).toBe(true);
  });
});
