import { int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import { elementCount } from '../../graph/tensor';

/** Adds up relevance that constants keep: Σ value ⊙ factor over many pairs, in few nodes. */
export class Losses {
  readonly #b: Builder;
  readonly #products: string[] = [];
  /** Constants of channels by what they are multiplied with. */
  readonly #channels = new Map<string, string[]>();

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
      const weights = b.reshape(b.scale(value, shape[0] * elementCount(shape.slice(2))), [own[0]]);
      const known = this.#channels.get(factor);
      if (known) known.push(weights);
      else this.#channels.set(factor, [weights]);
    } else {
      const joined = elementCount(own) < elementCount(shape) ? b.sumTo(factor, own) : factor;
      this.#products.push(b.reshape(b.mul(joined, value), [-1]));
    }
  }

  /** The sum of all, shape [1]. */
  total(): string {
    const products = [...this.#products, ...this.#ofChannels()];
    return products.length === 0 ? this.#b.floats([0]) : this.#b.sum(this.#joined(products), [0]);
  }

  #joined(vectors: readonly string[]): string {
    return vectors.length === 1 ? vectors[0] : this.#b.op('Concat', vectors, { axis: int(0) });
  }

  /** All channels of all layers at once. */
  #ofChannels(): readonly string[] {
    const b = this.#b;
    if (this.#channels.size === 0) return [];
    // onnxruntime takes means within the layout of its convolutions, which a sum over axes would leave.
    const means = [...this.#channels.keys()].map((factor) => {
      const [batch, channels] = b.shape(factor);
      return b.reshape(b.sum(b.op('GlobalAveragePool', [factor]), batch > 1 ? [0] : []), [channels]);
    });
    const weights = [...this.#channels.values()].map((values) => values.reduce(b.add));
    return [b.mul(this.#joined(means), this.#joined(weights))];
  }
}
