import { PrismError } from '../../graph/errors';
import type { ArrayChannel, ArrayStatistics, ArrayView } from '../../protocol/array';
import type { Debuggee, Stop } from './debuggee';

/** Elements on the longer side of a picture that is fetched. */
const MOST = 512;

export interface Wish {
  readonly item: number;
  readonly channel?: ArrayChannel;
}

/** Where the pictures of an array come from. */
export interface ArraySource {
  view(wish: Wish, signal: AbortSignal): Promise<ArrayView>;
}

/** A variable of a paused program: sampled and counted there. */
export class VariableSource implements ArraySource {
  constructor(
    private readonly debuggee: Debuggee,
    private readonly stop: Stop,
    private readonly expression: string,
  ) {}

  async view(wish: Wish, signal: AbortSignal): Promise<ArrayView> {
    const { header, payload } = await this.debuggee.ask<Omit<ArrayView, 'picture'> & { picture: object }>(
      this.stop,
      'view',
      'view',
      [{ expression: this.expression }, { data: { ...wish, most: MOST } }],
      signal,
    );
    return { ...header, picture: { ...header.picture, data: payload } as ArrayView['picture'] };
  }
}

/** An array that is here: items × channels × height × width. */
export interface HeldArray {
  readonly type: string;
  readonly shape: readonly [items: number, channels: number, height: number, width: number];
  readonly data: Float32Array;
  readonly channelNames?: readonly string[];
}

export class HeldSource implements ArraySource {
  constructor(private readonly array: HeldArray) {}

  async view({ item: wanted, channel = 0 }: Wish): Promise<ArrayView> {
    const { type, shape, data, channelNames } = this.array;
    const [items, channels, height, width] = shape;
    if (data.length !== items * channels * height * width) {
      throw new PrismError('ARRAY_SIZE', `${data.length} elements are no array of ${shape.join(' × ')}`);
    }
    const item = Math.min(Math.max(0, wanted), items - 1);
    const area = height * width;
    const whole = data.subarray(item * channels * area, (item + 1) * channels * area);
    const planes = channel === 'mean' ? meanOf(whole, channels, area) : planeOf(whole, channel, channels, area);
    return {
      type,
      dtype: 'float32',
      shape,
      items,
      item,
      channels,
      channel: channel === 'colour' ? 0 : channel,
      ...(channelNames && { channelNames }),
      statistics: statisticsOf(data),
      range: statisticsOf(whole),
      picture: {
        width,
        height,
        planes: 1,
        stride: 1,
        element: 'float32',
        data: new Uint8Array(planes.slice().buffer),
      },
    };
  }
}

function planeOf(whole: Float32Array, channel: number | 'colour', channels: number, area: number): Float32Array {
  const plane = channel === 'colour' ? 0 : Math.min(Math.max(0, channel), channels - 1);
  return whole.subarray(plane * area, (plane + 1) * area);
}

const meanOf = (whole: Float32Array, channels: number, area: number): Float32Array =>
  Float32Array.from({ length: area }, (_, place) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += whole[channel * area + place];
    return sum / channels;
  });

/** Counts elements as the programs in the debuggee do. */
export function statisticsOf(data: Float32Array): ArrayStatistics {
  let [min, max, sum, zeros, nan, positive, negative] = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    0,
    0,
    0,
    0,
  ];
  for (const value of data) {
    if (Number.isNaN(value)) nan++;
    else if (value === Number.POSITIVE_INFINITY) positive++;
    else if (value === Number.NEGATIVE_INFINITY) negative++;
    else {
      min = Math.min(min, value);
      max = Math.max(max, value);
      sum += value;
      if (value === 0) zeros++;
    }
  }
  const finite = data.length - nan - positive - negative;
  const known = finite > 0;
  return {
    min: known ? min : null,
    max: known ? max : null,
    mean: known ? sum / finite : null,
    ...{ zeros, nan, positive, negative, counted: data.length },
  };
}
