import { describe, expect, it } from 'vitest';
import { int, ints } from '../../../src/graph/attributes';
import type { Attributes, Graph, Node } from '../../../src/graph/ir';
import { gradientGraph } from '../../../src/reverse/gradient';
import { lower, type Provider } from '../../../src/reverse/lower';
import { nodeOf, single, type Trial, trialOf } from '../../support/derivatives';
import type { NdArray } from '../../support/evaluator/array';
import { evaluate } from '../../support/evaluator/evaluator';
import { runInOnnxruntime } from '../../support/onnxruntime';
import { type Draw, property } from '../../support/property';
import { Random } from '../../support/random';
import { conv, convTranspose } from '../../support/trials/conv';
import { maxPool } from '../../support/trials/pool';

interface Lowered {
  readonly graph: Graph;
  readonly count: (op: string) => number;
  readonly shapeOf: (value: string) => readonly unknown[] | undefined;
}

/** Differentiates the first output by the first input, lowers, and compares what both graphs compute. */
async function checkLowered(trial: Trial, provider: Provider, output = trial.graph.outputs[0].name): Promise<Lowered> {
  const gg = gradientGraph(trial.graph, { output, wrt: [trial.graph.inputs[0].name], seed: 'weights' });
  const graph = lower(gg.graph, provider);
  expect(graph.outputs).toEqual(gg.graph.outputs);
  expect(graph.inputs).toEqual(gg.graph.inputs);

  const { shape } = gg.graph.inputs.find(({ name }) => name === gg.seed) as Graph['inputs'][number];
  const feeds = { ...trial.feeds, [gg.seed]: new Random(7).array(shape as readonly number[]) };
  const before = evaluate(gg.graph, feeds);
  const after = evaluate(graph, feeds);
  const inRuntime = await runInOnnxruntime(graph, feeds);
  for (const { name } of gg.graph.outputs) {
    const expected = before.get(name) as NdArray;
    const scale = Math.max(1, ...expected.data.map(Math.abs));
    const close = (actual: NdArray, tolerance: number): void => {
      expect(actual.shape).toEqual(expected.shape);
      actual.data.forEach((value, i) => {
        expect(Math.abs(value - expected.data[i])).toBeLessThan(tolerance * scale);
      });
    };
    close(after.get(name) as NdArray, 1e-12);
    close(inRuntime.get(name) as NdArray, 2e-5);
  }
  for (const [name, value] of after) {
    const declared = graph.types.get(name);
    if (declared) expect([name, declared.shape]).toEqual([name, value.shape]);
  }
  return {
    graph,
    count: (op) => graph.nodes.filter((node: Node) => node.op === op).length,
    shapeOf: (value) => graph.types.get(value)?.shape,
  };
}

const drawn = (draw: (draw: Draw) => Trial | undefined, provider: Provider, title: string): void =>
  property(
    title,
    draw,
    async (trial) => {
      await checkLowered(trial as Trial, provider);
    },
    25,
  );

/** onnxruntime infers no shape for an output that `output_shape` makes smaller than the input, and refuses to use it. */
function usableConvTranspose(draw: Draw): Trial | undefined {
  const trial = convTranspose(draw);
  const sizes = (value: string): readonly number[] => (trial?.graph.types.get(value)?.shape ?? []).slice(2) as number[];
  const input = sizes('x0');
  const isShrunk = sizes('y0').some((size, axis) => size < input[axis]);
  return isShrunk && trial?.graph.nodes[0].attributes.output_shape ? undefined : trial;
}

const random = new Random(3);

function convolution(input: readonly number[], weight: readonly number[], attributes: Attributes): Trial {
  return single('Conv', [random.array(input), random.array(weight)], attributes);
}

describe('cpu', () => {
  drawn(conv, 'cpu', 'keeps the gradients of convolutions');
  drawn(usableConvTranspose, 'cpu', 'keeps transposed convolutions and their gradients');
  drawn(maxPool, 'cpu', 'keeps the gradients of pools');

  it('reverses a convolution of stride 1 by a convolution', async () => {
    const trial = convolution([1, 4, 6, 5], [6, 2, 3, 2], {
      pads: ints([1, 0, 2, 1]),
      group: int(2),
      dilations: ints([1, 2]),
    });
    const { count } = await checkLowered(trial, 'cpu');
    expect(count('ConvTranspose')).toBe(0);
    expect(count('Conv')).toBe(2);
  });

  it('reverses a pointwise convolution with strides at the small size', async () => {
    const trial = convolution([1, 16, 6, 8], [32, 16, 1, 1], { strides: ints([2, 2]) });
    const { count, graph, shapeOf } = await checkLowered(trial, 'cpu');
    expect(count('ConvTranspose')).toBe(0);
    const resize = graph.nodes.find(({ op }) => op === 'Resize') as Node;
    expect(shapeOf(resize.inputs[0])).toEqual([1, 16, 3, 4]);
  });

  it.each([2, 3])('reverses a depthwise convolution of stride %i by a convolution', async (stride) => {
    const trial = convolution([1, 4, 8, 9], [4, 1, 3, 3], {
      strides: ints([stride, stride]),
      pads: ints([1, 1, 1, 1]),
      group: int(4),
    });
    const { count } = await checkLowered(trial, 'cpu');
    expect([count('ConvTranspose'), count('Resize')]).toEqual([0, 1]);
  });

  it('leaves a dense convolution with strides to ConvTranspose', async () => {
    const trial = convolution([1, 4, 8, 8], [4, 4, 3, 3], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) });
    expect((await checkLowered(trial, 'cpu')).count('ConvTranspose')).toBe(1);
  });

  it('spreads the gradient of a global average without leaving the blocked layout', async () => {
    const trial = single('GlobalAveragePool', [random.array([2, 16, 3, 2])]);
    const { graph, shapeOf, count } = await checkLowered(trial, 'cpu');
    expect(count('Resize')).toBe(1);
    const wide = graph.nodes.filter(({ op, outputs }) => op === 'Expand' && `${shapeOf(outputs[0])}` === '2,16,3,2');
    expect(wide).toEqual([]);
  });

  it('reverses a convolution over three axes by a convolution', async () => {
    const trial = convolution([1, 2, 5, 4, 6], [4, 2, 3, 2, 3], {
      strides: ints([2, 1, 3]),
      pads: ints([1, 0, 1, 1, 1, 0]),
    });
    expect((await checkLowered(trial, 'cpu')).count('ConvTranspose')).toBe(0);
  });

  it.each([
    ['x', 's'],
    ['s', 'x'],
  ])('halves the products in the gradient of a swish %s·%s', async (...inputs) => {
    const trial = trialOf(
      [nodeOf('Sigmoid', ['x'], ['s']), nodeOf('Mul', inputs, ['y'])],
      { x: random.array([2, 3], -9, 9) },
      ['y'],
    );
    const { count } = await checkLowered(trial, 'cpu');
    // Of the score, of y (twice: onnxruntime merges equal nodes), of y·(1 − s) and of the result.
    expect([count('Sub'), count('Mul')]).toEqual([0, 5]);
  });

  it('takes no other product for a swish', async () => {
    const trial = trialOf(
      [nodeOf('Sigmoid', ['x'], ['s']), nodeOf('Mul', ['z', 's'], ['m']), nodeOf('Add', ['m', 'x'], ['y'])],
      { x: random.array([2, 3]), z: random.array([2, 3]) },
      ['y'],
    );
    await checkLowered(trial, 'cpu');
  });

  it('masks behind the pool, at the pooled size', async () => {
    const trial = trialOf(
      [
        nodeOf('Relu', ['x'], ['r']),
        nodeOf('MaxPool', ['r'], ['y'], {
          kernel_shape: ints([3, 3]),
          strides: ints([2, 2]),
          pads: ints([1, 1, 1, 1]),
        }),
      ],
      { x: random.distinct([1, 2, 6, 6]) },
      ['y'],
    );
    const { graph, shapeOf, count } = await checkLowered(trial, 'cpu');
    expect(count('HardSigmoid')).toBe(1);
    const mask = graph.nodes.find(({ op }) => op === 'HardSigmoid') as Node;
    expect(shapeOf(mask.outputs[0])).toEqual([1, 2, 3, 3]);
  });

  it('does not move a mask of another value behind the pool', async () => {
    const trial = trialOf(
      [
        nodeOf('Relu', ['x'], ['r']),
        nodeOf('Mul', ['r', 'r'], ['s']),
        nodeOf('MaxPool', ['s'], ['p'], { kernel_shape: ints([2, 2]) }),
        { ...nodeOf('MaxPool', ['r'], ['q'], { kernel_shape: ints([2, 2]) }), name: 'other pool' },
        nodeOf('Add', ['p', 'q'], ['y']),
      ],
      { x: random.distinct([1, 2, 4, 4]) },
      ['y'],
    );
    const { graph, shapeOf } = await checkLowered(trial, 'cpu');
    const mask = graph.nodes.find(({ op }) => op === 'HardSigmoid') as Node;
    expect(shapeOf(mask.outputs[0])).toEqual([1, 2, 4, 4]);
  });
});

describe('webgpu', () => {
  drawn(conv, 'webgpu', 'keeps the gradients of convolutions');
  drawn(usableConvTranspose, 'webgpu', 'keeps transposed convolutions and their gradients');
  drawn(maxPool, 'webgpu', 'keeps the gradients of pools');

  it.each([[[7]], [[5, 6]], [[4, 3, 5]]])('pools %o without indices, ties and all', async (sizes) => {
    const shape = [2, 3, ...sizes];
    const attributes = {
      kernel_shape: ints(sizes.map(() => 2)),
      pads: ints(sizes.flatMap(() => [1, 1])),
      dilations: ints(sizes.map(() => 1)),
    };
    // Few different values, so that most windows hold their maximum more than once.
    const tied = { ...random.ints(shape, -1, 1), dtype: 'float32' as const };
    const { graph, count } = await checkLowered(single('MaxPool', [tied], attributes), 'webgpu');
    expect(graph.nodes.filter(({ op, outputs }) => op === 'MaxPool' && outputs.length > 1)).toEqual([]);
    expect(count('ScatterElements')).toBe(0);
  });

  it('has no transposed convolution over three axes', async () => {
    const trial = convolution([1, 2, 5, 4, 6], [4, 2, 3, 2, 3], {
      strides: ints([2, 1, 3]),
      pads: ints([1, 0, 1, 1, 1, 0]),
    });
    expect((await checkLowered(trial, 'webgpu')).count('ConvTranspose')).toBe(0);
  });
});

it('leaves graphs for other providers alone', () => {
  const { graph } = convolution([1, 2, 4, 4], [2, 2, 3, 3], {});
  const gg = gradientGraph(graph, { output: 'y0', wrt: ['x0'], seed: 'weights' });
  expect(lower(gg.graph, 'cuda')).toBe(gg.graph);
});
