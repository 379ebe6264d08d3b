import { describe, expect, it } from 'vitest';
import { float, floats, int, ints, string } from '../../../src/graph/attributes';
import { Builder } from '../../../src/graph/builder';
import { type Attributes, type Graph, type Node, TARGET_OPSET, type Tensor } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { float32, int32, int64 } from '../../../src/graph/tensor';
import type { NpyArray } from '../../../src/inputs/npy';
import { vjp } from '../../../src/ops/vjp';
import { gradientGraph } from '../../../src/reverse/gradient';
import { Random } from '../../support/random';
import { run } from '../../support/run';

/** A node to be run by onnxruntime as it is, and taken apart. Arrays are fed, tensors are constants. */
interface Sample {
  readonly inputs: readonly (NpyArray | Tensor | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** The output that is differentiated and the inputs by which; without them only values are compared. */
  readonly by?: readonly number[];
}

const random = new Random(7);
const uniform = (...shape: number[]): NpyArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(random.array(shape).data),
});
const whole = (dtype: 'int32' | 'int64', shape: readonly number[], ...values: number[]): NpyArray => ({
  dtype,
  shape,
  data: dtype === 'int32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt),
});
const constant = (...shape: number[]): Tensor => float32(Float32Array.from(random.array(shape).data), shape);

const SAMPLES: Readonly<Record<string, Readonly<Record<string, Sample>>>> = {
  DFT: {
    'of real numbers, one side': {
      inputs: [uniform(2, 7, 1), undefined, int64([1], [])],
      attributes: { onesided: int(1) },
      by: [0],
    },
    'of complex numbers along the first axis': { inputs: [uniform(6, 3, 2), undefined, int64([0], [])], by: [0] },
    backwards: { inputs: [uniform(2, 5, 2), undefined, int64([-2], [])], attributes: { inverse: int(1) }, by: [0] },
    'cut and filled up': { inputs: [uniform(2, 8, 1), int64([5], []), int64([1], [])], by: [0] },
    longer: { inputs: [uniform(2, 5, 1), int64([8], []), int64([1], [])], by: [0] },
  },
  STFT: {
    'with a window': { inputs: [uniform(2, 20, 1), int64([4], []), constant(8), int64([8], [])], by: [0] },
    'of both sides without one': {
      inputs: [uniform(1, 17, 1), int64([3], []), undefined, int64([6], [])],
      attributes: { onesided: int(0) },
      by: [0],
    },
  },
  Col2Im: {
    'of overlapping blocks': {
      inputs: [uniform(2, 12, 16), int64([5, 5]), int64([2, 2])],
      by: [0],
    },
    'with strides, pads and dilations': {
      inputs: [uniform(1, 12, 9), int64([6, 7]), int64([3, 2])],
      attributes: { strides: ints([2, 2]), pads: ints([1, 0, 2, 1]), dilations: ints([2, 3]) },
      by: [0],
    },
  },
  CenterCropPad: {
    both: { inputs: [uniform(5, 4, 3), int64([2, 7])], attributes: { axes: ints([0, 1]) }, by: [0] },
    'of odd differences': { inputs: [uniform(4, 5), int64([7, 2])], by: [0] },
  },
  MaxUnpool: {
    'of two by two': {
      inputs: [uniform(1, 1, 2, 2), whole('int64', [1, 1, 2, 2], 0, 6, 9, 15)],
      attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
      by: [0],
    },
  },
  AffineGrid: {
    'of an image': { inputs: [uniform(2, 2, 3), int64([2, 1, 3, 4])], by: [0] },
    'of a volume, corner to corner': {
      inputs: [uniform(1, 3, 4), int64([1, 1, 2, 3, 4])],
      attributes: { align_corners: int(1) },
      by: [0],
    },
  },
  GlobalLpPool: {
    'of p = 2': { inputs: [uniform(2, 3, 4, 4)], by: [0] },
    'of p = 3': { inputs: [uniform(2, 3, 4)], attributes: { p: int(3) }, by: [0] },
  },
  NegativeLogLikelihoodLoss: {
    'with weights and an ignored class': {
      inputs: [uniform(3, 4, 2), whole('int64', [3, 2], 1, 0, 3, 2, 2, 1), uniform(4)],
      attributes: { ignore_index: int(2) },
      by: [0, 2],
    },
    unreduced: {
      inputs: [uniform(3, 4), whole('int64', [3], 1, 0, 3)],
      attributes: { reduction: string('none') },
      by: [0],
    },
  },
  SoftmaxCrossEntropyLoss: {
    mean: { inputs: [uniform(3, 4), whole('int64', [3], 1, 0, 3)], outputs: 2, by: [0] },
    sum: { inputs: [uniform(3, 4), whole('int64', [3], 1, 0, 3)], attributes: { reduction: string('sum') }, by: [0] },
  },
  'com.microsoft:FusedMatMul': {
    transposed: {
      inputs: [uniform(2, 4, 3), uniform(2, 5, 4)],
      attributes: { transA: int(1), transB: int(1), alpha: float(0.5) },
      by: [0, 1],
    },
    'with rows in front of the batch': {
      inputs: [uniform(4, 2, 3), uniform(5, 2, 3)],
      attributes: { transBatchA: int(1), transBatchB: int(1), transB: int(1) },
      by: [0, 1],
    },
  },
  'com.microsoft:Gelu': { plain: { inputs: [uniform(2, 5)], by: [0] } },
  'com.microsoft:BiasGelu': { plain: { inputs: [uniform(2, 5), uniform(5)], by: [0, 1] } },
  'com.microsoft:FastGelu': {
    'without a bias': { inputs: [uniform(2, 5)], by: [0] },
    'with one': { inputs: [uniform(2, 5), uniform(5)], by: [0, 1] },
  },
  'com.microsoft:QuickGelu': {
    'by default': { inputs: [uniform(2, 5)], by: [0] },
    'as Swish': { inputs: [uniform(2, 5)], attributes: { alpha: float(1) }, by: [0] },
  },
  'com.microsoft:EmbedLayerNormalization': {
    'with segments, a mask and the sum': {
      inputs: [
        whole('int32', [2, 3], 1, 4, 0, 3, 2, 2),
        whole('int32', [2, 3], 0, 1, 1, 0, 0, 1),
        uniform(5, 8),
        uniform(4, 8),
        uniform(2, 8),
        uniform(8),
        uniform(8),
        whole('int32', [2, 3], 1, 1, 0, 1, 1, 1),
      ],
      attributes: { epsilon: float(1e-5), mask_index_type: int(1) },
      outputs: 3,
      by: [2, 3, 4, 5, 6],
    },
    'with positions of its own': {
      inputs: [
        whole('int32', [1, 3], 1, 4, 0),
        undefined,
        uniform(5, 8),
        uniform(4, 8),
        undefined,
        uniform(8),
        uniform(8),
        undefined,
        whole('int32', [1, 3], 3, 1, 0),
      ],
      outputs: 2,
      by: [2, 3],
    },
  },
  'com.microsoft:FusedConv': {
    'with HardSigmoid': {
      inputs: [uniform(1, 2, 5, 5), constant(3, 2, 3, 3), constant(3)],
      attributes: {
        activation: string('HardSigmoid'),
        activation_params: floats([0.1, 0.4]),
        pads: ints([1, 1, 1, 1]),
      },
      by: [0],
    },
  },
  'com.microsoft:FusedGemm': {
    'with Tanh': {
      inputs: [uniform(3, 4), constant(5, 4), constant(5)],
      attributes: { transB: int(1), activation: string('Tanh') },
      by: [0],
    },
  },
  'com.microsoft:SkipLayerNormalization': {
    'with all inputs': {
      inputs: [uniform(2, 3, 8), uniform(2, 3, 8), constant(8), constant(8), constant(8)],
      attributes: { epsilon: float(1e-5) },
      by: [0, 1],
    },
  },
  'com.microsoft:SkipSimplifiedLayerNormalization': {
    plain: {
      inputs: [uniform(2, 3, 8), uniform(2, 3, 8), constant(8)],
      attributes: { epsilon: float(1e-5) },
      by: [0, 1],
    },
  },
  SimplifiedLayerNormalization: {
    plain: { inputs: [uniform(2, 3, 8), constant(8)], attributes: { axis: int(-1), epsilon: float(1e-5) }, by: [0] },
  },
  'com.microsoft:MultiHeadAttention': {
    'with biases and a mask': {
      inputs: [
        uniform(2, 3, 8),
        uniform(2, 5, 8),
        uniform(2, 5, 8),
        constant(24),
        whole('int32', [2, 5], 1, 1, 1, 0, 0, 1, 1, 1, 1, 0),
      ],
      attributes: { num_heads: int(2) },
      by: [0, 1, 2],
    },
    'that looks back only': {
      inputs: [uniform(1, 4, 6), uniform(1, 4, 6), uniform(1, 4, 6)],
      attributes: { num_heads: int(3), unidirectional: int(1), scale: float(0.3) },
      by: [0, 1, 2],
    },
    'with caches': {
      inputs: [
        uniform(1, 2, 6),
        uniform(1, 2, 6),
        uniform(1, 2, 6),
        undefined,
        undefined,
        undefined,
        uniform(1, 3, 3, 2),
        uniform(1, 3, 3, 2),
      ],
      attributes: { num_heads: int(3) },
      outputs: 3,
      by: [0, 1, 6, 7],
    },
  },
  'com.microsoft:Attention': {
    'with a mask': {
      inputs: [uniform(2, 4, 6), constant(6, 24), constant(24), whole('int32', [2, 4], 1, 1, 1, 0, 1, 1, 0, 0)],
      attributes: { num_heads: int(2) },
      by: [0],
    },
    'with lengths and a cache': {
      inputs: [uniform(2, 3, 6), constant(6, 24), constant(24), whole('int32', [2], 5, 4), uniform(2, 2, 2, 2, 4)],
      attributes: { num_heads: int(2) },
      outputs: 2,
      by: [0, 4],
    },
    'with a bias of the scores': {
      inputs: [uniform(2, 3, 6), constant(6, 24), constant(24), undefined, undefined, uniform(2, 2, 3, 3)],
      attributes: { num_heads: int(2) },
      by: [0, 5],
    },
    'with ends and beginnings': {
      inputs: [uniform(2, 4, 6), constant(6, 24), constant(24), whole('int32', [4], 4, 3, 1, 0)],
      attributes: { num_heads: int(2) },
      by: [0],
    },
  },
  'com.microsoft:RotaryEmbedding': {
    'of the first halves with the second': {
      inputs: [uniform(2, 3, 8), whole('int64', [2, 3], 0, 1, 2, 4, 1, 3), constant(5, 2), constant(5, 2)],
      by: [0],
    },
    'of neighbours, from a position on': {
      inputs: [uniform(2, 2, 3, 4), whole('int64', [1], 2), constant(6, 2), constant(6, 2)],
      attributes: { interleaved: int(1) },
      by: [0],
    },
    'of a part of the features': {
      inputs: [uniform(1, 3, 12), whole('int64', [1], 0), constant(3, 2), constant(3, 2)],
      attributes: { num_heads: int(2), rotary_embedding_dim: int(4) },
      by: [0],
    },
  },
  'com.microsoft:GroupQueryAttention': {
    'of a whole text': {
      inputs: [
        uniform(1, 4, 32),
        uniform(1, 4, 16),
        uniform(1, 4, 16),
        undefined,
        undefined,
        whole('int32', [1], 3),
        int32(Int32Array.of(4), []),
      ],
      attributes: { num_heads: int(4), kv_num_heads: int(2) },
      outputs: 3,
      by: [0, 1, 2],
    },
    'packed, turned, capped and through a window': {
      inputs: [
        uniform(2, 5, 64),
        undefined,
        undefined,
        undefined,
        undefined,
        whole('int32', [2], 4, 4),
        int32(Int32Array.of(5), []),
        constant(5, 8),
        constant(5, 8),
      ],
      attributes: {
        num_heads: int(2),
        kv_num_heads: int(1),
        do_rotary: int(1),
        softcap: float(2),
        local_window_size: int(3),
      },
      outputs: 3,
      by: [0],
    },
  },
};

const isTensor = (value: NpyArray | Tensor): value is Tensor => 'source' in value;

function graphOf(key: string, { inputs, attributes = {}, outputs = 1 }: Sample) {
  const [op, domain = ''] = key.split(':').reverse();
  const names = inputs.map((value, i) => (value ? `x${i}` : ''));
  const made = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const node: Node = { op, domain, name: 'node', inputs: names, outputs: made, attributes };
  const fed = inputs.flatMap((value, i) => (value && !isTensor(value) ? [{ name: names[i], value }] : []));
  const graph: Graph = {
    name: 'sample',
    opsets: { '': TARGET_OPSET, 'com.microsoft': 1 },
    inputs: fed.map(({ name, value }) => ({ name, dtype: value.dtype, shape: value.shape })),
    outputs: made.map((name) => ({ name, dtype: 'float32', shape: undefined })),
    initializers: new Map(inputs.flatMap((value, i) => (value && isTensor(value) ? [[names[i], value]] : []))),
    nodes: [node],
    types: new Map(),
    metadata: {},
  };
  return { graph, feeds: Object.fromEntries(fed.map(({ name, value }) => [name, value])) };
}

const numbers = ({ data }: NpyArray): number[] => Array.from(data as Float32Array);

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const size = Math.max(...expected.map(Math.abs), 1e-3);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${what}, element ${i}: ${value}, expected ${expected[i]}`).toBeLessThan(
      tolerance * size,
    );
  });
}

/** Runs what a node is taken apart into. */
async function runApart(graph: Graph, feeds: Readonly<Record<string, NpyArray>>): Promise<NpyArray[]> {
  const [node] = graph.nodes;
  const key = node.domain ? `${node.domain}:${node.op}` : node.op;
  const expansion = vjp.expansions?.find(([match]) => match === key)?.[1];
  if (!expansion) throw new Error(`${key} is not taken apart`);
  const b = new Builder(graph);
  const values = expansion(node, b).slice(0, node.outputs.length);
  const names = values.map((value, i) => b.alias(value, `apart${i}`));
  b.setOutputs(names);
  const results = await run({ ...b.graph(), nodes: b.nodes.filter((made) => made !== node) }, feeds);
  return names.map((name) => results[name]);
}

/** The slope of Σ w·y along directions of all inputs, by differences of onnxruntime's own results. */
async function slope(
  graph: Graph,
  feeds: Readonly<Record<string, NpyArray>>,
  weights: readonly number[],
  directions: Readonly<Record<string, readonly number[]>>,
): Promise<number> {
  const step = 1e-2;
  const at = async (t: number): Promise<number> => {
    const moved = Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => {
        const way = directions[name];
        return [name, way ? { ...value, data: Float32Array.from(numbers(value), (x, i) => x + t * way[i]) } : value];
      }),
    );
    const { y0 } = await run(graph, moved, ['y0']);
    return numbers(y0).reduce((sum, value, i) => sum + value * weights[i], 0);
  };
  return (8 * ((await at(step)) - (await at(-step))) - ((await at(2 * step)) - (await at(-2 * step)))) / (12 * step);
}

describe.each(Object.entries(SAMPLES))('%s, taken apart', (key, samples) => {
  it.each(Object.entries(samples))('%s', async (_, sample) => {
    const { graph: plain, feeds } = graphOf(key, sample);
    const graph = await specialise(plain, new Map(Object.entries(feeds).map(([name, { shape }]) => [name, shape])));
    const expected = await run(graph, feeds);
    const apart = await runApart(graph, feeds);
    apart.forEach((value, i) => {
      expect(value.shape).toEqual(expected[`y${i}`].shape);
      expectClose(numbers(value), numbers(expected[`y${i}`]), 2e-5, `output ${i}`);
    });

    const wrt = (sample.by ?? []).map((index) => `x${index}`);
    const compiled = gradientGraph(graph, { output: 'y0', wrt, seed: 'weights' });
    const shape = expected.y0.shape;
    const weights = numbers(uniform(...shape));
    const seed: NpyArray = { dtype: 'float32', shape, data: Float32Array.from(weights) };
    const gradients = await run(compiled.graph, { ...feeds, [compiled.seed]: seed });
    const directions = Object.fromEntries(wrt.map((name) => [name, numbers(uniform(...feeds[name].shape))]));
    const actual = wrt.reduce(
      (sum, name) =>
        sum +
        numbers(gradients[compiled.gradients.get(name) as string]).reduce(
          (dot, value, i) => dot + value * directions[name][i],
          0,
        ),
      0,
    );
    expectClose([actual], [await slope(graph, feeds, weights, directions)], 1e-2, 'slope');
  });
});
