import { describe, expect, it } from 'vitest';
import type { Graph, Node, Tensor } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { float32, tensorChunks } from '../../../src/graph/tensor';
import { seeded } from '../../../src/methods/sampling/random';
import { drawnWeights, weightedLayers } from '../../../src/metrics/layerWeights';
import { loadCase } from '../../support/cases';

const node = (op: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  op,
  domain: '',
  name: output,
  inputs,
  outputs: [output],
  attributes,
});

const graphOf = (nodes: readonly Node[], shapes: Readonly<Record<string, readonly number[]>>): Graph => ({
  name: 'layers',
  opsets: { '': 21 },
  inputs: [{ name: 'x', dtype: 'float32', shape: [1, 4] }],
  outputs: [],
  nodes,
  types: new Map([['turned', { dtype: 'float32', shape: [4, 3] }]]),
  initializers: new Map(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      float32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
    ]),
  ),
  metadata: {},
});

const names = (graph: Graph): string[][] =>
  weightedLayers(graph).map(({ weights }) => weights.map(({ initializer, fanIn }) => `${initializer} ${fanIn}`));

describe('layers with weights', () => {
  it('come from the output on, with how many inputs each output sums', () => {
    const graph = graphOf(
      [
        node('Conv', ['x', 'conv', 'bias'], 'a'),
        node('ConvTranspose', ['a', 'up'], 'b'),
        node('BatchNormalization', ['b', 'scale', 'bias', 'mean', 'var'], 'c'),
        node('Gemm', ['c', 'rows', 'bias'], 'd', { transB: { type: 'int', value: 1 } }),
        node('Gemm', ['d', 'columns'], 'e'),
        node('Transpose', ['linear'], 'turned'),
        node('MatMul', ['e', 'turned'], 'f'),
        node('LSTM', ['f', 'w', 'r', 'b'], 'g'),
        node('Gather', ['table', 'g'], 'h'),
        node('MatMul', ['h', 'turned'], 'i'),
        node('Mul', ['i', 'scale'], 'j'),
      ],
      {
        conv: [8, 4, 3, 3],
        up: [4, 2, 2, 2],
        rows: [5, 7],
        columns: [5, 6],
        linear: [3, 4],
        w: [1, 12, 5],
        r: [1, 12, 3],
        b: [1, 24],
        table: [10, 4],
        bias: [8],
        scale: [8],
        mean: [8],
        var: [8],
      },
    );
    // The weight that two layers share belongs to the one that reads it first.
    expect(names(graph)).toEqual([['w 5', 'r 3'], ['linear 4'], ['columns 5'], ['rows 7'], ['up 16'], ['conv 36']]);
  });

  it('are drawn in their own shape and range, again from the same seed', () => {
    const graph = graphOf([node('MatMul', ['x', 'm'], 'y')], { m: [600, 50] });
    const [layer] = weightedLayers(graph);
    const drawn = (seed: number): Float32Array => {
      const { shape, ...tensor } = drawnWeights(layer, graph, seeded(seed)).get('m') as Tensor;
      expect(shape).toEqual([600, 50]);
      const bytes = Buffer.concat([...tensorChunks({ shape, ...tensor })]);
      return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    };
    const values = drawn(1);
    expect(drawn(1)).toEqual(values);
    expect(drawn(2)).not.toEqual(values);
    // Uniform in ±√(6 / 600): no further than 0.1, with the variance of that.
    expect(Math.max(...values)).toBeLessThanOrEqual(0.1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.1);
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(variance).toBeCloseTo(0.01 / 3, 4);
  });

  it.each([
    ['A-resnet18', 21],
    ['A-vit_b_16_reduced', 18],
    ['A-mobilenet_v3_small', 54],
  ])('of %s are found', async (name, count) => {
    const layers = weightedLayers(await specialise(loadCase(name).graph()));
    expect(layers).toHaveLength(count);
  });
});
