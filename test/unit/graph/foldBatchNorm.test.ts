import { describe, expect, test } from 'vitest';
import { float, int, ints } from '../../../src/graph/attributes';
import { foldBatchNorm } from '../../../src/graph/foldBatchNorm';
import { type Attributes, type Graph, type Tensor, typeOf } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { float32 } from '../../../src/graph/tensor';
import { toFloat32 } from '../../../src/inputs/elements';
import { loadCase, relativeError } from '../../support/cases';
import { feedsFor, graphOf, node, noise, value } from '../../support/graphs';
import { run } from '../../support/run';

const norms = (graph: Graph): number => graph.nodes.filter(({ op }) => op === 'BatchNormalization').length;

const statistics = (channels: number) => ({
  gamma: float32(noise(channels, 2)),
  beta: float32(noise(channels, 3)),
  mean: float32(noise(channels, 4)),
  variance: float32(noise(channels, 5).map((element) => 0.1 + element * element)),
});

/** A layer with weights, then batch normalisation. */
function normalised(
  op: string,
  input: readonly number[],
  weight: readonly number[],
  channels: number,
  attributes: Attributes,
  bias?: readonly number[],
): Promise<Graph> {
  const count = (shape: readonly number[]): number => shape.reduce((x, y) => x * y);
  const biases: Record<string, Tensor> = bias ? { bias: float32(noise(count(bias), 7), bias) } : {};
  const graph = graphOf({
    inputs: [value('x', input)],
    outputs: ['y'],
    initializers: {
      w: float32(noise(count(weight), 1), weight),
      ...biases,
      ...statistics(channels),
    },
    nodes: [
      node(op, ['x', 'w', ...Object.keys(biases)], ['h'], attributes),
      node('BatchNormalization', ['h', 'gamma', 'beta', 'mean', 'variance'], ['n'], { epsilon: float(0.01) }),
      node('Relu', ['n'], ['y']),
    ],
  });
  return specialise(graph);
}

describe('batch normalisation is folded into', () => {
  test.each([
    ['Conv', () => normalised('Conv', [2, 4, 6, 6], [6, 2, 3, 3], 6, { group: int(2), pads: ints([1, 1, 1, 1]) })],
    ['Conv with a bias, in one dimension', () => normalised('Conv', [2, 3, 9], [5, 3, 4], 5, {}, [5])],
    [
      'ConvTranspose in groups',
      () => normalised('ConvTranspose', [1, 4, 3, 3], [4, 3, 2, 2], 6, { group: int(2), strides: ints([2, 2]) }, [6]),
    ],
    ['Gemm', () => normalised('Gemm', [3, 4], [4, 5], 5, {}, [5])],
    ['Gemm of a transposed weight', () => normalised('Gemm', [3, 4], [5, 4], 5, { transB: int(1) })],
  ])('%s', async (_title, make) => {
    const graph = await make();
    const folded = foldBatchNorm(graph);
    expect(norms(folded)).toBe(0);
    expect(typeOf(folded, 'n')).toEqual(typeOf(graph, 'n'));
    expect(typeOf(folded, 'h')).toBeUndefined();
    const feeds = feedsFor(graph.inputs);
    const [before, after] = [await run(graph, feeds), await run(folded, feeds)];
    expect(relativeError(toFloat32('float32', after.y.data), toFloat32('float32', before.y.data))).toBeLessThan(1e-6);
  });

  test('nothing where the layer’s own result is read too, or its bias differs from channel to row', async () => {
    const plain = await normalised('Conv', [2, 4, 6, 6], [6, 4, 3, 3], 6, {});
    const both = { ...plain, outputs: [...plain.outputs, { name: 'h', ...typeOf(plain, 'h')! }] };
    expect(norms(foldBatchNorm(both))).toBe(1);
    expect(norms(foldBatchNorm(await normalised('Gemm', [3, 4], [4, 5], 5, {}, [3, 1])))).toBe(1);
    expect(norms(foldBatchNorm(await normalised('Gemm', [3, 4], [4, 5], 5, {}, [1])))).toBe(1);
  });
});

test('without epsilon in the bias, the offset is β − μ γ / √σ²', async () => {
  const graph = await normalised('Gemm', [1, 1], [1, 3], 3, {});
  const { gamma, beta, mean, variance } = statistics(3);
  const list = (tensor: typeof gamma): number[] => [
    ...new Float32Array((tensor.source as { bytes: Uint8Array }).bytes.slice().buffer),
  ];
  const [g, b, m, v] = [gamma, beta, mean, variance].map(list);
  const feeds = { x: new Float32Array(1) };
  const { y } = await run(foldBatchNorm(graph, { epsilonInBias: false }), feeds);
  [...(y.data as Float32Array)].forEach((element, i) => {
    expect(element).toBeCloseTo(Math.max(0, b[i] - (m[i] * g[i]) / Math.sqrt(v[i])), 5);
  });
});

describe('networks with batch normalisation folded give the same', () => {
  test.each(['A-resnet50', 'A-shufflenet_v2_x0_5', 'A-mobilenet_v3_small', 'srd-resnet-basic'])('%s', async (name) => {
    const golden = loadCase(name);
    const graph = await specialise(golden.graph());
    const folded = foldBatchNorm(graph);
    expect(norms(graph)).toBeGreaterThan(0);
    expect(norms(folded)).toBe(0);
    const [{ of, array }] = golden.expect.filter(({ what }) => what === 'forward');
    const results = await run(folded, golden.inputs());
    expect(relativeError(toFloat32('float32', results[of].data), toFloat32('float32', array().data))).toBeLessThan(
      1e-4,
    );
  });
});
