import { PrismError } from '../graph/errors';
import { roundHalfEven } from './elements';
import type { Pixels } from './image';
import { type Raster, resample } from './resample';
import type { ImageInput } from './settings';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Left, top, width and height in pixels; the pixel in row y and column x covers [x, x+1) × [y, y+1). */
export interface Rectangle extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * How a picture lies in the model's input: `source` (part of the picture) is resized to `resized`, whose left top
 * corner comes to `offset` in the input. A negative offset cuts off, a positive one leaves a margin.
 */
export interface Geometry {
  readonly picture: Size;
  readonly source: Rectangle;
  readonly resized: Size;
  readonly offset: { readonly x: number; readonly y: number };
  readonly input: Size;
}

/** A picture as the model gets it. */
export interface ModelInput {
  /** In the order of `dims`. */
  readonly data: Float32Array;
  /** As the layout says, with a batch of 1. */
  readonly dims: readonly number[];
  /** What the model sees, before values are scaled: RGBA at the input's size. */
  readonly view: Pixels;
  readonly geometry: Geometry;
}

/**
 * A picture as the model's input: cropped, resized, cut or padded to the input's size, scaled, normalised.
 * Rounding follows PIL and torchvision, so that the tensor is the one training code would have made.
 *
 * @throws PrismError `IMAGE_SIZE` where `resize: none` meets a picture of another size
 */
export function preprocess(picture: Pixels, input: ImageInput): ModelInput {
  const geometry = fitPicture(picture, input);
  const colours = input.channels === 'grey' ? toGrey(picture) : { ...picture, channels: 3 };
  const cropped = crop(colours, geometry.source);
  const { width, height } = geometry.resized;
  const seen = visible(geometry);
  const resized = resample(cropped, width, height, input.interpolation, input.antialias, seen);
  const fitted = place(resized, geometry, input.pad);
  return { ...normalise(fitted, input), view: toView(fitted), geometry };
}

/** More pixels than any model takes: what a strip of 1 × 20 000 comes to when its shorter side is to be 256. */
const LARGEST_INPUT = 1 << 26;

/** Where the picture comes to lie in the input. */
export function fitPicture({ width, height }: Size, input: ImageInput): Geometry {
  const picture = { width, height };
  const size = input.size && { width: input.size[1], height: input.size[0] };
  const source = input.crop === null ? { x: 0, y: 0, width, height } : centralPart(picture, size, input.crop);
  const resized = resizedSize(source, size, input);
  const target = size ?? resized;
  if (target.width * target.height > LARGEST_INPUT) {
    throw new PrismError(
      'IMAGE_SIZE',
      `a picture of ${width} × ${height} pixels becomes an input of ${target.width} × ${target.height}; set "size" in ` +
        'the prism.json, or give a smaller picture',
    );
  }
  const centred = (outer: number, inner: number): number =>
    // A margin falls on the far side by half a pixel (as in YOLO's letterbox), a cut as torchvision's CenterCrop rounds.
    outer >= inner ? Math.floor((outer - inner) / 2) : -roundHalfEven((inner - outer) / 2);
  const offset = { x: centred(target.width, resized.width), y: centred(target.height, resized.height) };
  return { picture, source, resized, offset, input: target };
}

function centralPart({ width, height }: Size, size: Size | null, fraction: number): Rectangle {
  const proportions = size ?? { width: 1, height: 1 };
  const widthLimits = width * proportions.height <= height * proportions.width;
  const unit = (widthLimits ? width : height) * fraction;
  const partWidth = widthLimits ? unit : (unit * proportions.width) / proportions.height;
  const partHeight = widthLimits ? (unit * proportions.height) / proportions.width : unit;
  const part = {
    width: Math.min(width, Math.max(1, roundHalfEven(partWidth))),
    height: Math.min(height, Math.max(1, roundHalfEven(partHeight))),
  };
  return { x: Math.floor((width - part.width) / 2), y: Math.floor((height - part.height) / 2), ...part };
}

function resizedSize(source: Size, size: Size | null, input: ImageInput): Size {
  const { width, height } = source;
  switch (input.resize) {
    case 'stretch':
      return size ?? { width, height };
    case 'letterbox': {
      if (!size) return { width, height };
      const ratio = Math.min(size.width / width, size.height / height);
      return { width: atLeast1(roundHalfEven(width * ratio)), height: atLeast1(roundHalfEven(height * ratio)) };
    }
    case 'shorter-side': {
      const side = input.shorterSide;
      if (side === null) {
        if (!size) return { width, height };
        const ratio = Math.max(size.width / width, size.height / height);
        return {
          width: Math.max(size.width, roundHalfEven(width * ratio)),
          height: Math.max(size.height, roundHalfEven(height * ratio)),
        };
      }
      // torchvision's Resize cuts the longer side's fraction off.
      return width <= height
        ? { width: side, height: atLeast1(Math.trunc((side * height) / width)) }
        : { width: atLeast1(Math.trunc((side * width) / height)), height: side };
    }
    case 'none': {
      if (size && (size.width !== width || size.height !== height)) {
        throw new PrismError(
          'IMAGE_SIZE',
          `the picture has ${width} × ${height} pixels, but the model takes ${size.width} × ${size.height} and is set ` +
            'to "resize": "none"; set another "resize" in the prism.json, or give a picture of that size',
        );
      }
      return { width, height };
    }
  }
}

const atLeast1 = (side: number): number => Math.max(1, side);

/** The part of the picture that a rectangle of the input shows; reaches beyond the picture where there is a margin. */
export function inputToPicture(geometry: Geometry, rectangle: Rectangle): Rectangle {
  const { source, resized, offset } = geometry;
  const across = source.width / resized.width;
  const down = source.height / resized.height;
  return {
    x: source.x + (rectangle.x - offset.x) * across,
    y: source.y + (rectangle.y - offset.y) * down,
    width: rectangle.width * across,
    height: rectangle.height * down,
  };
}

/** The inverse of {@link inputToPicture}; lies outside the input where the part was cut off. */
export function pictureToInput(geometry: Geometry, rectangle: Rectangle): Rectangle {
  const { source, resized, offset } = geometry;
  const across = resized.width / source.width;
  const down = resized.height / source.height;
  return {
    x: (rectangle.x - source.x) * across + offset.x,
    y: (rectangle.y - source.y) * down + offset.y,
    width: rectangle.width * across,
    height: rectangle.height * down,
  };
}

/** The part of the picture that the whole input shows. */
export const viewport = (geometry: Geometry): Rectangle => inputToPicture(geometry, { x: 0, y: 0, ...geometry.input });

/** ITU-R 601 luma in the integer arithmetic of PIL's `convert('L')`. */
function toGrey({ width, height, data }: Pixels): Raster {
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = (data[3 * i] * 19595 + data[3 * i + 1] * 38470 + data[3 * i + 2] * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: grey };
}

function crop(raster: Raster, { x, y, width, height }: Rectangle): Raster {
  if (width === raster.width && height === raster.height) return raster;
  const { channels } = raster;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * raster.width + x) * channels;
    data.set(raster.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { width, height, channels, data };
}

/** The part of the resized picture that lies inside the input. */
function visible({ resized, offset, input }: Geometry): Rectangle {
  const x = Math.max(0, -offset.x);
  const y = Math.max(0, -offset.y);
  return {
    x,
    y,
    width: Math.min(resized.width, input.width - offset.x) - x,
    height: Math.min(resized.height, input.height - offset.y) - y,
  };
}

/** The visible part on a canvas of the input's size. */
function place(raster: Raster, { offset, input }: Geometry, pad: readonly number[]): Raster {
  const { width, height, channels } = raster;
  if (width === input.width && height === input.height) return raster;
  const data = new Uint8Array(input.width * input.height * channels);
  const margin = Array.from({ length: channels }, (_, c) => Math.round(pad[c % pad.length]));
  for (let i = 0; i < data.length; i++) data[i] = margin[i % channels];
  const [left, top] = [Math.max(0, offset.x), Math.max(0, offset.y)];
  for (let y = 0; y < height; y++) {
    const row = raster.data.subarray(y * width * channels, (y + 1) * width * channels);
    data.set(row, ((top + y) * input.width + left) * channels);
  }
  return { ...input, channels, data };
}

function toView({ width, height, channels, data }: Raster): Pixels {
  const view = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) view[4 * i + c] = data[i * channels + (c % channels)];
    view[4 * i + 3] = 255;
  }
  return { width, height, data: view };
}

/** Values and axes of the tensor: (x · scale − mean) / std, laid out as the letters of the layout say. */
const COLOURS = 3;

/** What black and white become in each channel of a model's input. */
export function valueRange({ channels, mean, std, scale }: ImageInput): { low: number[]; high: number[] } {
  const at = (x: number): number[] =>
    Array.from(
      { length: channels === 'grey' ? 1 : COLOURS },
      (_, c) => (x * scale - mean[c % mean.length]) / std[c % std.length],
    );
  return { low: at(0), high: at(255) };
}

function normalise(raster: Raster, input: ImageInput): { data: Float32Array; dims: number[] } {
  const { width, height, channels, data } = raster;
  if (channels > 1 && !input.layout.includes('C')) {
    throw new PrismError(
      'CONFIG_MISMATCH',
      `the layout ${input.layout} has no axis for ${input.channels}; set "channels": "grey" in the prism.json`,
    );
  }
  const extent: Record<string, number> = { N: 1, C: channels, H: height, W: width };
  const axes = [...input.layout];
  const dims = axes.map((axis) => extent[axis]);
  const stride = (axis: string): number =>
    axes.includes(axis) ? dims.slice(axes.indexOf(axis) + 1).reduce((product, dim) => product * dim, 1) : 0;
  const [channelStride, rowStride, columnStride] = [stride('C'), stride('H'), stride('W')];
  const out = new Float32Array(width * height * channels);
  for (let c = 0; c < channels; c++) {
    const from = input.channels === 'BGR' ? channels - 1 - c : c;
    const mean = input.mean[c % input.mean.length];
    const std = input.std[c % input.std.length];
    const values = Float32Array.from({ length: 256 }, (_, x) => (x * input.scale - mean) / std);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        out[c * channelStride + y * rowStride + x * columnStride] = values[data[(y * width + x) * channels + from]];
      }
    }
  }
  return { data: out, dims };
}
