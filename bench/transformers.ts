import { int, ints } from '../src/graph/attributes';
import { Builder, blankGraph } from '../src/graph/builder';
import type { Graph } from '../src/graph/ir';
import type { NdArray } from '../src/graph/ndarray';
import { elementCount, float32 } from '../src/graph/tensor';

/** Transformers with seeded weights, in the operators that exporters write. */

export interface Shape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly tokens: number;
  /** Whether tokens see only those before them, and normalisation comes first. */
  readonly causal: boolean;
}

export const BERT_BASE: Shape = { layers: 12, width: 768, heads: 12, tokens: 128, causal: false };
export const CAUSAL: Shape = { layers: 12, width: 768, heads: 12, tokens: 1000, causal: true };

export const VOCABULARY = 2000;

class Transformer {
  readonly b = new Builder(blankGraph('bench'));
  #state = 1;

  weight(shape: readonly number[], scale: number): string {
    const values = Float32Array.from({ length: elementCount(shape) }, () => {
      this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
      return (this.#state / 2 ** 31 - 1) * scale;
    });
    return this.b.constant(float32(values, shape), 'weight');
  }

  dense(x: string, outputs: number): string {
    const { b } = this;
    const inputs = b.shape(x).at(-1) as number;
    return b.add(b.matmul(x, this.weight([inputs, outputs], Math.sqrt(3 / inputs))), this.weight([outputs], 0.1));
  }

  normal(x: string): string {
    const width = this.b.shape(x).at(-1) as number;
    const ones = this.b.constant(float32(new Float32Array(width).fill(1), [width]), 'scale');
    return this.b.op('LayerNormalization', [x, ones, this.weight([width], 0.1)], { axis: int(-1) });
  }

  attention(x: string, { heads, width, tokens, causal }: Shape): string {
    const { b } = this;
    const apart = (value: string, perm: readonly number[]): string =>
      b.transpose(b.reshape(value, [1, tokens, heads, width / heads]), perm);
    const query = apart(this.dense(x, width), [0, 2, 1, 3]);
    const key = apart(this.dense(x, width), [0, 2, 3, 1]);
    const value = apart(this.dense(x, width), [0, 2, 1, 3]);
    let scores = b.div(b.matmul(query, key), b.float(Math.sqrt(width / heads)));
    if (causal) {
      const mask = Float32Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > i / tokens ? -3.4e38 : 0));
      scores = b.add(scores, b.constant(float32(mask, [1, 1, tokens, tokens]), 'mask'));
    }
    const mixed = b.matmul(b.op('Softmax', [scores], { axis: int(-1) }), value);
    return this.dense(b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [1, tokens, width]), width);
  }

  mlp(x: string, width: number): string {
    const { b } = this;
    return this.dense(b.op('Gelu', [this.dense(x, 4 * width)]), width);
  }
}

/** Logits of a class token, or of the token after the last. */
export function transformer(shape: Shape): Graph {
  const { layers, width, tokens, causal } = shape;
  const net = new Transformer();
  const { b } = net;
  const ids = b.input('ids', 'int64', [1, tokens]);
  let x = b.add(b.op('Gather', [net.weight([VOCABULARY, width], 1), ids]), net.weight([1, tokens, width], 0.2));
  if (!causal) x = net.normal(x);
  for (let layer = 0; layer < layers; layer++) {
    if (causal) {
      x = b.add(x, net.attention(net.normal(x), shape));
      x = b.add(x, net.mlp(net.normal(x), width));
    } else {
      x = net.normal(b.add(x, net.attention(x, shape)));
      x = net.normal(b.add(x, net.mlp(x, width)));
    }
  }
  const place = b.constant({
    dtype: 'int64',
    shape: [],
    source: { kind: 'bytes', bytes: new Uint8Array(BigInt64Array.of(causal ? BigInt(tokens - 1) : 0n).buffer) },
  });
  const token = b.op('Gather', [causal ? net.normal(x) : x, place], { axis: int(1) });
  b.setOutputs([b.alias(net.dense(token, causal ? VOCABULARY : 4), 'logits')]);
  return b.graph();
}

/** Tokens without meaning. */
export const words = (tokens: number): NdArray => ({
  dtype: 'int64',
  shape: [1, tokens],
  data: BigInt64Array.from({ length: tokens }, (_, i) => BigInt((i * 7919) % VOCABULARY)),
});

/** A convolution and a fully connected layer as the published library was timed on. */
export function twoLayers(): Graph {
  const net = new Transformer();
  const { b } = net;
  const x = b.input('image', 'float32', [1, 64, 32, 32]);
  const y = b.op('Conv', [x, net.weight([64, 64, 3, 3], 0.07), net.weight([64], 0.1)], { pads: ints([1, 1, 1, 1]) });
  const flat = b.reshape(b.op('GlobalAveragePool', [b.op('Relu', [y])]), [1, 64]);
  b.setOutputs([b.alias(net.dense(flat, 10), 'logits')]);
  return b.graph();
}
