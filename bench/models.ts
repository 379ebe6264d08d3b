import { int, ints } from '../src/graph/attributes';
import { Builder } from '../src/graph/builder';
import { type Graph, TARGET_OPSET } from '../src/graph/ir';
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

const EMPTY: Graph = {
  name: 'bench',
  opsets: { '': TARGET_OPSET },
  inputs: [],
  outputs: [],
  initializers: new Map(),
  nodes: [],
  types: new Map(),
  metadata: {},
};

type Activation = 'relu' | 'relu6' | 'none';

class Network {
  readonly b = new Builder(EMPTY);
  #seed = 0;

  #weights(shape: readonly number[], scale: number): string {
    const draw = uniform(++this.#seed);
    const values = Float32Array.from({ length: elementCount(shape) }, () => draw.next().value * scale);
    return this.b.constant(float32(values, shape), 'weight');
  }

  conv(x: string, channels: number, kernel: number, stride = 1, group = 1, act: Activation = 'none', gain = 1): string {
    const { b } = this;
    const inputs = b.shape(x)[1] / group;
    const scale = gain * Math.sqrt((3 * (act === 'none' ? 1 : 2)) / (inputs * kernel * kernel));
    const pad = (kernel - 1) >> 1;
    const y = b.op(
      'Conv',
      [x, this.#weights([channels, inputs, kernel, kernel], scale), this.#weights([channels], 0.1)],
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

  /** Global average and a linear layer. */
  head(x: string, classes: number): Graph {
    const { b } = this;
    const channels = b.shape(x)[1];
    const pooled = b.reshape(b.op('GlobalAveragePool', [x]), [b.shape(x)[0], channels]);
    const logits = b.op(
      'Gemm',
      [pooled, this.#weights([classes, channels], Math.sqrt(3 / channels)), this.#weights([classes], 0.1)],
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

/** A picture without meaning: two waves. */
export function image(shape: readonly number[]): NdArray {
  const data = Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i * 0.7) + Math.cos(i * 0.013));
  return { dtype: 'float32', shape, data };
}
