import { type NdArray, ndarray, sizeOf } from './evaluator/array';

/** Reproducible random numbers (mulberry32); arrays hold float32 numbers, so that both precisions see the same ones. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + ((high - low) * ((t ^ (t >>> 14)) >>> 0)) / 2 ** 32;
  }

  /** Uniform among low … high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }

  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }

  /** Uniform elements. */
  array(shape: readonly number[], low = -1, high = 1): NdArray {
    return ndarray(
      'float32',
      shape,
      Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(this.uniform(low, high))),
    );
  }

  /**
   * Elements in (low, high) in random order, any two at least (high − low) / 2n apart, and as far from 0 and from the
   * `kinks` given: a function with ties or kinks there is smooth around them.
   */
  distinct(shape: readonly number[], low = -2, high = 2, kinks: readonly number[] = []): NdArray {
    const count = sizeOf(shape);
    const width = (high - low) / count;
    const values = this.shuffle(Array.from({ length: count }, (_, i) => low + width * (i + this.uniform(0.25, 0.75))));
    const margin = Math.min(width / 4, 0.01);
    const nudged = values.map((value) => {
      const near = [0, ...kinks].find((kink) => Math.abs(value - kink) < margin);
      return Math.fround(near === undefined ? value : near + (value < near ? -margin : margin));
    });
    return ndarray('float32', shape, nudged);
  }

  ints(shape: readonly number[], low: number, high: number): NdArray {
    return ndarray(
      'int64',
      shape,
      Float64Array.from({ length: sizeOf(shape) }, () => this.integer(low, high)),
    );
  }

  bools(shape: readonly number[]): NdArray {
    return { ...this.ints(shape, 0, 1), dtype: 'bool' };
  }
}
