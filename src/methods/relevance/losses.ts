import { int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { elementCount } from '../../graph/tensor';

/** Adds up relevance that constants keep: Σ value ⊙ factor over many pairs, in few nodes. */
export class Losses {
  readonly #b: Builder;
  readonly #products: string[] = [];

  constructor(b: Builder) {
    this.#b = b;
  }

  /** @param value broadcasts against the factor */
  add(value: string, factor: string): void {
    const b = this.#b;
    const own = b.shape(value);
    const shape = b.shape(factor);
    const isPerChannel = shape.length > 2 && own.length === shape.length - 1 && elementCount(own) === own[0];
    if (isPerChannel && own[0] === shape[1]) {
      // onnxruntime takes means within the layout of its convolutions, which a sum over axes would leave.
      const means = b.sum(b.op('GlobalAveragePool', [factor]), shape[0] > 1 ? [0] : []);
      const weights = b.scale(value, shape[0] * elementCount(shape.slice(2)));
      this.#products.push(b.mul(b.reshape(means, [own[0]]), b.reshape(weights, [own[0]])));
    } else {
      const joined = elementCount(own) < elementCount(shape) ? b.sumTo(factor, own) : factor;
      this.#products.push(b.reshape(b.mul(joined, value), [-1]));
    }
  }

  /** The sum of all, shape [1]. */
  total(): string {
    const b = this.#b;
    if (this.#products.length === 0) return b.floats([0]);
    const all = this.#products.length === 1 ? this.#products[0] : b.op('Concat', this.#products, { axis: int(0) });
    return b.sum(all, [0]);
  }
}
