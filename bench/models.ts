import { int, ints } from '../src/graph/attributes';
import { Builder, blankGraph } from '../src/graph/builder';
import type { Graph } from '../src/graph/ir';
import type { NdArray } from '../src/graph/ndarray';
import { elementCount, float32 } from '../src/graph/tensor';

/**
 * Networks with seeded weights, BatchNorm folded: what they compute is meaningless, what it costs is not. Weights are
 * scaled so that activations keep their size and about half of them pass a ReLU, as in a trained network.
 */

/** Numbers in [−1, 1) from a 32-bit mixing generator. */
function* uniform(seed: number): Generator<number, never> {
  for (let i = 1; ; i++) {
    let h = (seed * 0x9e3779b9 + i * 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
    h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
    yield ((h ^ (h >>> 15)) >>> 0) / 2 ** 31 - 1;
  }
}

type Activation = 'relu' | 'relu6' | 'none';

class Network {
  readonly b = new Builder(blankGraph('bench'));
  #seed = 0;

  weights(shape: readonly number[], scale: number): string {
    const draw = uniform(++this.#seed);
    const values = Float32Array.from({ length: elementCount(shape) }, () => draw.next().value * scale);
    return this.b.constant(float32(values, shape), 'weight');
  }

  conv(x: string, channels: number, kernel: number, stride = 1, group = 1, act: Activation = 'none', gain = 1): string {
    const { b } = this;
    const inputs = b.shape(x)[1] / group;
    const scale = gain * Math.sqrt((3 * (act === 'none' ? 1 : 2)) / (inputs * kernel * kernel));
    const pad = kernel === stride ? 0 : (kernel - 1) >> 1;
    const y = b.op(
      'Conv',
      [x, this.weights([channels, inputs, kernel, kernel], scale), this.weights([channels], 0.1)],
      {
        kernel_shape: ints([kernel, kernel]),
        strides: ints([stride, stride]),
        pads: ints([pad, pad, pad, pad]),
        group: int(group),
      },
    );
    if (act === 'relu') return b.op('Relu', [y]);
    return act === 'relu6' ? b.op('Clip', [y, b.float(0), b.float(6)]) : y;
  }

  linear(x: string, outputs: number): string {
    const inputs = this.b.shape(x).at(-1) as number;
    return this.b.add(
      this.b.matmul(x, this.weights([inputs, outputs], Math.sqrt(3 / inputs))),
      this.weights([outputs], 0.1),
    );
  }

  /** Global average and a linear layer. */
  head(x: string, classes: number): Graph {
    const { b } = this;
    const channels = b.shape(x)[1];
    const pooled = b.reshape(b.op('GlobalAveragePool', [x]), [b.shape(x)[0], channels]);
    const logits = b.op(
      'Gemm',
      [pooled, this.weights([classes, channels], Math.sqrt(3 / channels)), this.weights([classes], 0.1)],
      { transB: int(1) },
    );
    b.setOutputs([b.alias(logits, 'logits')]);
    return b.graph();
  }
}

/** ResNet-50 v1.5 (stride in the 3×3). */
export function resnet50(size = 224): Graph {
  const net = new Network();
  const { b } = net;
  let x = net.conv(b.input('image', 'float32', [1, 3, size, size]), 64, 7, 2, 1, 'relu');
  x = b.op('MaxPool', [x], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) });
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 << stage;
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      const skip = block === 0 ? net.conv(x, 4 * width, 1, stride) : x;
      let y = net.conv(x, width, 1, 1, 1, 'relu');
      y = net.conv(y, width, 3, stride, 1, 'relu');
      x = b.op('Relu', [b.add(net.conv(y, 4 * width, 1, 1, 1, 'none', 0.3), skip)]);
    }
  }
  return net.head(x, 1000);
}

/** Rows: expansion, channels, repeats, stride, kernel of an inverted residual. */
function invertedResiduals(rows: readonly (readonly number[])[], stem: number, last: number, size: number): Graph {
  const net = new Network();
  const { b } = net;
  let x = net.conv(b.input('image', 'float32', [1, 3, size, size]), stem, 3, 2, 1, 'relu6');
  for (const [expansion, channels, repeats, firstStride, kernel] of rows) {
    for (let block = 0; block < repeats; block++) {
      const stride = block === 0 ? firstStride : 1;
      const inputs = b.shape(x)[1];
      const wide = inputs * expansion;
      let y = expansion === 1 ? x : net.conv(x, wide, 1, 1, 1, 'relu6');
      y = net.conv(y, wide, kernel, stride, wide, 'relu6');
      y = net.conv(y, channels, 1, 1, 1, 'none', stride === 1 && inputs === channels ? 0.3 : 1);
      x = stride === 1 && inputs === channels ? b.add(x, y) : y;
    }
  }
  return net.head(net.conv(x, last, 1, 1, 1, 'relu6'), 1000);
}

export const mobilenetV2 = (size = 224): Graph =>
  invertedResiduals(
    [
      [1, 16, 1, 1, 3],
      [6, 24, 2, 2, 3],
      [6, 32, 3, 2, 3],
      [6, 64, 4, 2, 3],
      [6, 96, 3, 1, 3],
      [6, 160, 3, 2, 3],
      [6, 320, 1, 1, 3],
    ],
    32,
    1280,
    size,
  );

export const efficientnetLite0 = (size = 224): Graph =>
  invertedResiduals(
    [
      [1, 16, 1, 1, 3],
      [6, 24, 2, 2, 3],
      [6, 40, 2, 2, 5],
      [6, 80, 3, 2, 3],
      [6, 112, 3, 1, 5],
      [6, 192, 4, 2, 5],
      [6, 320, 1, 1, 3],
    ],
    32,
    1280,
    size,
  );

/** ViT-B/16 with the attention written in MatMul and Softmax, as exporters write it. */
export function vitB16(size = 224): Graph {
  const net = new Network();
  const { b } = net;
  const [width, heads, layers, patch] = [768, 12, 12, 16];
  const side = size / patch;
  const length = side * side + 1;
  const image = b.input('image', 'float32', [1, 3, size, size]);
  const patches = b.reshape(net.conv(image, width, patch, patch), [1, width, side * side]);
  const tokens = [net.weights([1, 1, width], 1), b.transpose(patches, [0, 2, 1])];
  let x = b.add(b.op('Concat', tokens, { axis: int(1) }), net.weights([1, length, width], 0.1));
  const normal = (value: string): string =>
    b.op('LayerNormalization', [value, net.weights([width], 1), net.weights([width], 0.1)], { axis: int(-1) });
  for (let layer = 0; layer < layers; layer++) {
    const cut = b.transpose(
      b.reshape(net.linear(normal(x), 3 * width), [1, length, 3, heads, width / heads]),
      [2, 0, 3, 1, 4],
    );
    const [q, k, v] = [0, 1, 2].map((index) => b.op('Gather', [cut, b.ints([index], [])], { axis: int(0) }));
    const scores = b.scale(b.matmul(q, b.transpose(k, [0, 1, 3, 2])), Math.sqrt(heads / width));
    const mixed = b.matmul(b.op('Softmax', [scores], { axis: int(-1) }), v);
    x = b.add(x, net.linear(b.reshape(b.transpose(mixed, [0, 2, 1, 3]), [1, length, width]), width));
    x = b.add(x, net.linear(b.op('Gelu', [net.linear(normal(x), 4 * width)]), width));
  }
  const first = b.op('Gather', [normal(x), b.ints([0], [])], { axis: int(1) });
  b.setOutputs([b.alias(net.linear(first, 1000), 'logits')]);
  return b.graph();
}

/** A picture without meaning: two waves. */
export function image(shape: readonly number[]): NdArray {
  const data = Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * 0.013));
  return { dtype: 'float32', shape, data };
}
