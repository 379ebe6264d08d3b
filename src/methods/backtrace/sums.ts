import { int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { elementCount } from '../../graph/tensor';
import { castTo } from '../../ops/common';

/** What a value's elements add up to, for each of its channels or each element of its last axis. */
export interface Sum {
  readonly value: string;
  /** One number for each of these, which they are multiplied by. */
  readonly weight?: string;
}

/** Numbers of the vector of all sums: their total, times a factor, is an amount of relevance. */
export interface Amount {
  readonly sum: Sum;
  readonly factor: number;
}

/**
 * Sums of a walk's values. onnxruntime runs what makes a node's inputs in the order in which it was written down,
 * backward. So that each sum is taken when its summands are made, and they need not be kept until the end, all are
 * written down in the end, what was made last first.
 */
export class Sums {
  readonly #b: Builder;
  readonly #all = new Map<string, Sum>();

  constructor(b: Builder) {
    this.#b = b;
  }

  /**
   * Everything in a value.
   *
   * @param weight a vector over channels or the last axis, or anything else that broadcasts against the value
   */
  of(value: string, factor: number, weight?: string): Amount {
    const b = this.#b;
    if (weight !== undefined && !this.#isBesideSums(weight, value)) return this.of(b.mul(value, weight), factor);
    const key = weight === undefined ? value : `${value} × ${weight}`;
    const sum = this.#all.get(key) ?? { value, weight };
    this.#all.set(key, sum);
    // onnxruntime takes means within the layout of its convolutions, which a sum over axes would leave.
    return { sum, factor: this.#isImage(value) ? factor * elementCount(b.shape(value).slice(2)) : factor };
  }

  /** True if there is a weight for each of the value's sums. */
  #isBesideSums(weight: string, value: string): boolean {
    const b = this.#b;
    const shape = b.shape(weight);
    const isAlongAxis = this.#isImage(value)
      ? shape.length === b.rank(value) - 1 && shape[0] === elementCount(shape)
      : shape.at(-1) === elementCount(shape);
    return isAlongAxis && elementCount(shape) === this.#size(value);
  }

  #isImage(value: string): boolean {
    const shape = this.#b.shape(value);
    return (shape.length === 4 || shape.length === 5) && shape[0] === 1 && elementCount(shape.slice(2)) > 1;
  }

  #size(value: string): number {
    const shape = this.#b.shape(value);
    return this.#isImage(value) ? shape[1] : (shape.at(-1) ?? 1);
  }

  /** All of them in the order in which they can be taken, and where each begins and ends in the vector of all. */
  places(): ReadonlyMap<Sum, readonly [number, number]> {
    const made = new Map<string, number>();
    const ready = new Map<string, number>();
    for (const [place, { inputs, outputs }] of this.#b.nodes.entries()) {
      const last = Math.max(-1, ...inputs.map((input) => made.get(input) ?? -1));
      for (const output of outputs) {
        made.set(output, place);
        ready.set(output, last);
      }
    }
    const order = ({ value }: Sum): number => ready.get(value) ?? -1;
    const places = new Map<Sum, readonly [number, number]>();
    let end = 0;
    for (const sum of [...this.#all.values()].toSorted((one, other) => order(one) - order(other))) {
      const begin = end;
      end += this.#size(sum.value);
      places.set(sum, [begin, end]);
    }
    return places;
  }

  /** Adds the sums to the graph, one behind another in a vector. */
  write(sums: readonly Sum[]): string {
    const b = this.#b;
    const written = new Map<string, string>();
    const plain = (value: string): string => {
      const known = written.get(value) ?? this.#written(value);
      written.set(value, known);
      return known;
    };
    const runs: { rank: number; sums: Sum[] }[] = [];
    for (const sum of sums) {
      const rank = this.#isImage(sum.value) ? b.rank(sum.value) : 1;
      const last = runs.at(-1);
      if (last?.rank === rank) last.sums.push(sum);
      else runs.push({ rank, sums: [sum] });
    }
    const vectors = runs.toReversed().map((run) => {
      const parts = run.sums.toReversed().map(({ value, weight }) => {
        const own = plain(value);
        return weight === undefined ? own : b.mul(own, b.reshape(weight, b.shape(own)));
      });
      const joined = join(b, parts.toReversed(), run.rank === 1 ? 0 : 1);
      return castTo(b, b.reshape(joined, [elementCount(b.shape(joined))]), 'float32');
    });
    return join(b, vectors.toReversed(), 0);
  }

  #written(value: string): string {
    const b = this.#b;
    const shape = b.shape(value);
    if (this.#isImage(value)) return b.op('GlobalAveragePool', [value]);
    const size = this.#size(value);
    if (elementCount(shape) === size) return b.reshape(value, [size]);
    return b.sum(value, [...shape.slice(0, -1).keys()], false);
  }
}

const join = (b: Builder, values: readonly string[], axis: number): string =>
  values.length === 1 ? values[0] : b.op('Concat', values, { axis: int(axis) });
