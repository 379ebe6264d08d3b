import fc from 'fast-check';
import { it } from 'vitest';
import { Random } from './random';

/** Draws the structure of a trial (sizes, flags: reported when it fails) and, from a seed, the elements of arrays. */
export class Draw {
  readonly #gen: fc.GeneratorValue;

  constructor(gen: fc.GeneratorValue) {
    this.#gen = gen;
  }

  integer(low: number, high: number): number {
    return this.#gen(fc.integer, { min: low, max: high });
  }

  /** True in one case of `outOf`. */
  flag(outOf = 2): boolean {
    return this.integer(1, outOf) === outOf;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }

  /** `count` integers. */
  list(count: number, low: number, high: number): number[] {
    return Array.from({ length: count }, () => this.integer(low, high));
  }

  /** A shape of the rank given (or drawn), of at most `most` an axis. */
  shape(low: number, high: number, most = 4, least = 1): number[] {
    return this.list(this.integer(low, high), least, most);
  }

  values(): Random {
    return new Random(this.integer(0, 2 ** 31));
  }
}

/** The seed of all property tests: fixed, so that a run can be repeated; set PROPERTY_SEED for another one. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20240117);
/** Multiplies the number of runs of every property. */
const FACTOR = Number(process.env.PROPERTY_RUNS ?? 1);

/**
 * A test that a check holds for trials drawn at random. A failure names the seed and what was drawn.
 *
 * @param make draws a trial; undefined if what it drew is not legal
 */
export function property<T>(
  title: string,
  make: (draw: Draw) => T | undefined,
  check: (trial: T) => Promise<void>,
  runs = 12,
): void {
  it(title, async () => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const trial = make(new Draw(gen));
        fc.pre(trial !== undefined);
        await check(trial as T);
      }),
      { numRuns: runs * FACTOR, seed: SEED },
    );
  });
}
