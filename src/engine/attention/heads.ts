import { PrismError } from '../../graph/errors';
import type { FloatArray } from '../../graph/ndarray';
import { elementCount } from '../../graph/tensor';
import type { ScalarMap } from '../../protocol';
import type { AttentionHead, AttentionMatrix } from '../../protocol/attention';

/** The matrices of one attention [heads, queries, keys], as they lie in an array [batch·heads…, queries, keys]. */
export class Heads {
  readonly count: number;
  readonly queries: number;
  readonly keys: number;
  readonly data: Float32Array;

  /** @param item which item of a batch is looked at */
  constructor({ shape, data }: FloatArray, batch: number, item = 0) {
    [this.queries, this.keys] = shape.slice(-2);
    this.count = elementCount(shape.slice(0, -2)) / batch;
    const size = this.count * this.queries * this.keys;
    this.data = data.subarray(item * size, (item + 1) * size);
  }

  /**
   * The matrix of a head.
   *
   * @param all how heads are taken together: by their mean or their sum
   * @throws PrismError PFV_OUT_OF_RANGE
   */
  matrix(head: AttentionHead, all: 'mean' | 'sum'): ScalarMap {
    const { count, queries: height, keys: width, data } = this;
    const size = height * width;
    if (head !== 'all') {
      if (Number.isInteger(head) && head >= 0 && head < count) {
        return { width, height, data: data.slice(head * size, (head + 1) * size) };
      }
      throw new PrismError('PFV_OUT_OF_RANGE', `the attention has ${count} heads, counted from 0; there is no ${head}`);
    }
    const whole = new Float32Array(size);
    const factor = all === 'mean' ? 1 / count : 1;
    for (let i = 0; i < data.length; i++) whole[i % size] += factor * data[i];
    return { width, height, data: whole };
  }
}

/** A map of which no side is longer than `size`: of every square of it the value that is farthest from 0. */
export function reduced(map: ScalarMap, size: number): AttentionMatrix {
  const each = Math.max(1, Math.ceil(Math.max(map.width, map.height) / size));
  if (each === 1) return { map, each };
  const [width, height] = [Math.ceil(map.width / each), Math.ceil(map.height / each)];
  const data = new Float32Array(width * height);
  for (let y = 0; y < map.height; y++) {
    const row = Math.floor(y / each) * width;
    for (let x = 0; x < map.width; x++) {
      const at = row + Math.floor(x / each);
      const value = map.data[y * map.width + x];
      if (Math.abs(value) > Math.abs(data[at])) data[at] = value;
    }
  }
  return { map: { width, height, data }, each };
}
