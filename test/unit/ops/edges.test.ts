import { describe, expect, it } from 'vitest';
import { int, ints, string } from '../../../src/graph/attributes';
import { float32, int64 } from '../../../src/graph/tensor';
import { checkGradient, gradientsOf, nodeOf, single, trialOf } from '../../support/derivatives';
import { ndarray } from '../../support/evaluator/array';
import { Random } from '../../support/random';

const random = (seed = 5): Random => new Random(seed);

describe('sizes at the edge of what is legal', () => {
  const r = random();
  it.each([
    ['Conv of an empty batch', single('Conv', [r.array([0, 2, 4, 4]), r.array([3, 2, 3, 3]), r.array([3])])],
    ['Conv of one pixel', single('Conv', [r.array([1, 2, 1, 1]), r.array([3, 2, 3, 3])], { pads: ints([1, 1, 1, 1]) })],
    [
      'Conv with a kernel larger than its input',
      single('Conv', [r.array([1, 1, 2, 3]), r.array([1, 1, 5, 4])], {
        pads: ints([4, 3, 2, 2]),
        strides: ints([2, 3]),
      }),
    ],
    [
      'Conv with a stride beyond its kernel',
      single('Conv', [r.array([2, 2, 9, 8]), r.array([2, 2, 2, 1])], { strides: ints([4, 3]) }),
    ],
    [
      'Conv SAME_UPPER with strides that leave cells out',
      single('Conv', [r.array([1, 2, 8, 7]), r.array([2, 2, 1, 1])], {
        strides: ints([4, 5]),
        auto_pad: string('SAME_UPPER'),
      }),
    ],
    [
      'Conv SAME_LOWER with strides that leave cells out',
      single('Conv', [r.array([1, 2, 8, 10]), r.array([2, 2, 1, 1])], {
        strides: ints([4, 5]),
        auto_pad: string('SAME_LOWER'),
      }),
    ],
    [
      'AveragePool SAME_UPPER with strides that leave cells out',
      single('AveragePool', [r.array([1, 2, 8, 6])], {
        kernel_shape: ints([1, 2]),
        strides: ints([4, 3]),
        auto_pad: string('SAME_UPPER'),
      }),
    ],
    [
      'MaxPool of one pixel',
      single('MaxPool', [r.array([1, 2, 1, 1])], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }),
    ],
    [
      'MaxPool whose indices are column-major',
      single('MaxPool', [r.distinct([2, 2, 4, 3])], { kernel_shape: ints([2, 2]), storage_order: int(1) }, 2),
    ],
    ['Gemm without inner dimension', single('Gemm', [r.array([2, 0]), r.array([0, 3]), r.array([3])])],
    ['MatMul of an empty batch', single('MatMul', [r.array([0, 2, 3]), r.array([3, 2])])],
    ['Add of an empty row', single('Add', [r.array([0, 3]), r.array([1, 3])])],
    ['ReduceSum of nothing', single('ReduceSum', [r.array([2, 0]), int64([1])])],
    ['Concat with an empty part', single('Concat', [r.array([2, 0]), r.array([2, 2])], { axis: int(1) })],
    ['Slice to nothing', single('Slice', [r.array([3, 2]), int64([2]), int64([1]), int64([0])])],
    ['Softmax of one class', single('Softmax', [r.array([3, 1])], { axis: int(1) })],
    ['Relu of a tensor of rank 6', single('Relu', [r.distinct([1, 2, 1, 2, 1, 2])])],
    ['Transpose of a scalar', single('Transpose', [r.array([])])],
    ['ReduceMean of a scalar', single('ReduceMean', [r.array([])])],
  ])('%s', async (_, trial) => {
    await checkGradient(trial);
  });
});

describe('channels in the blocks that the runtime prefers', () => {
  const r = random(6);
  it.each([
    [
      'pointwise Conv of stride 2',
      single('Conv', [r.array([1, 16, 6, 6]), r.array([32, 16, 1, 1])], { strides: ints([2, 2]) }),
    ],
    [
      'depthwise Conv of stride 2',
      single('Conv', [r.array([1, 16, 7, 6]), r.array([16, 1, 3, 3])], {
        group: int(16),
        strides: ints([2, 2]),
        pads: ints([1, 1, 1, 1]),
      }),
    ],
    [
      'depthwise Conv of stride 1',
      single('Conv', [r.array([2, 16, 5, 5]), r.array([16, 1, 3, 3])], { group: int(16) }),
    ],
    ['GlobalAveragePool', single('GlobalAveragePool', [r.array([2, 16, 3, 4])])],
    [
      'ConvTranspose of stride 2 in groups',
      single('ConvTranspose', [r.array([1, 32, 3, 3]), r.array([32, 8, 2, 2])], {
        group: int(2),
        strides: ints([2, 2]),
      }),
    ],
  ])('%s', async (_, trial) => {
    await checkGradient(trial);
  });

  it('moves the mask of Relu and Clip behind MaxPool', async () => {
    const pool = nodeOf('MaxPool', ['a'], ['y'], {
      kernel_shape: ints([3, 3]),
      strides: ints([2, 2]),
      pads: ints([1, 1, 1, 1]),
    });
    for (const node of [nodeOf('Relu', ['x'], ['a']), nodeOf('Clip', ['x', 'low', 'high'], ['a'])]) {
      const x = r.distinct([1, 16, 7, 7], -2, 2, [1]);
      const bounds = { low: float32([0], []), high: float32([1], []) };
      // Ties at the bounds are broken by the first place, in both forms; there the derivative is zero anyhow.
      await checkGradient(trialOf([node, pool], { x, ...bounds }, ['y']));
    }
  });
});

describe('how values are wired', () => {
  const r = random(7);
  it.each([
    ['one value as both operands', trialOf([nodeOf('Mul', ['x', 'x'], ['y'])], { x: r.array([2, 3]) }, ['y'])],
    [
      'one value twice in a Concat',
      trialOf([nodeOf('Concat', ['x', 'x'], ['y'], { axis: int(0) })], { x: r.array([2, 3]) }, ['y']),
    ],
    ['one value three times in a Sum', trialOf([nodeOf('Sum', ['x', 'x', 'x'], ['y'])], { x: r.array([2]) }, ['y'])],
    ['a matrix times itself', trialOf([nodeOf('MatMul', ['x', 'x'], ['y'])], { x: r.array([3, 3]) }, ['y'])],
    [
      'a value that forks and joins',
      trialOf(
        [
          nodeOf('Sigmoid', ['x'], ['gate']),
          nodeOf('Mul', ['x', 'gate'], ['swish']),
          nodeOf('ReduceMean', ['swish'], ['mean'], { keepdims: int(0) }),
          nodeOf('Sub', ['swish', 'mean'], ['y']),
        ],
        { x: r.array([2, 3]) },
        ['y', 'mean'],
      ),
    ],
    [
      'a residual block with squeeze and excitation',
      trialOf(
        [
          nodeOf('Conv', ['x', 'w'], ['c'], { pads: ints([1, 1, 1, 1]) }),
          nodeOf('HardSwish', ['c'], ['h']),
          nodeOf('GlobalAveragePool', ['h'], ['s']),
          nodeOf('Conv', ['s', 'v'], ['e']),
          nodeOf('HardSigmoid', ['e'], ['g']),
          nodeOf('Mul', ['h', 'g'], ['m']),
          nodeOf('Add', ['m', 'x'], ['y']),
        ],
        { x: r.array([1, 3, 4, 4]), w: r.array([3, 3, 3, 3]), v: r.array([3, 3, 1, 1]) },
        ['y'],
      ),
    ],
  ])('%s', async (_, trial) => {
    await checkGradient(trial);
  });

  it('gives a part of Split without a cotangent zeros', async () => {
    const trial = single('Split', [r.array([5, 2]), int64([1, 3, 1])], {}, 3);
    await checkGradient(trial, { seeded: ['y1'] });
  });

  it.each(['y0', 'y1', 'y2'])('follows the output %s of LayerNormalization alone', async (output) => {
    const trial = single('LayerNormalization', [r.distinct([2, 4]), r.array([4]), r.array([4])], {}, 3);
    await checkGradient(trial, { seeded: [output] });
  });

  it('differentiates by some inputs only', async () => {
    const trial = single('Conv', [r.array([1, 2, 4, 4]), r.array([2, 2, 3, 3]), r.array([2])]);
    for (const input of ['x0', 'x1', 'x2']) await checkGradient(trial, { wanted: [input] });
  });
});

describe('conventions where there is no derivative', () => {
  const at = (values: readonly number[], shape: readonly number[] = [values.length]) =>
    ndarray('float32', shape, values);
  const ones = (shape: readonly number[]) =>
    ndarray('float32', shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(1));

  it.each([
    ['Relu at 0', single('Relu', [at([0, -1, 1])]), [0, 0, 1]],
    ['Abs at 0', single('Abs', [at([0, -1, 1])]), [0, -1, 1]],
    [
      'LeakyRelu at 0',
      single('LeakyRelu', [at([0, -1, 1])], { alpha: { type: 'float', value: 0.25 } }),
      [0.25, 0.25, 1],
    ],
    ['Clip at its bounds', single('Clip', [at([-1, 0, 1, 0.5]), float32([0], []), float32([1], [])]), [0, 0, 0, 1]],
    ['Pow 2 at 0', single('Pow', [at([0, -3]), float32([2], [])]), [0, -6]],
    ['Pow 1 at 0', single('Pow', [at([0, -3]), float32([1], [])]), [1, 1]],
    ['Pow 0 at 0', single('Pow', [at([0, -3]), float32([0], [])]), [0, 0]],
    ['Pow 3 of negative numbers', single('Pow', [at([0, -3]), float32([3], [])]), [0, 27]],
    [
      'the first of equal maxima in a window',
      single('MaxPool', [at([2, 2, 1, 2], [1, 1, 4])], { kernel_shape: ints([2]), strides: ints([2]) }),
      [1, 0, 0, 1],
    ],
    ['ReduceProd with one zero', single('ReduceProd', [at([2, 0, 3])]), [0, 6, 0]],
    ['ReduceProd with two zeros', single('ReduceProd', [at([0, 0, 3])]), [0, 0, 0]],
    ['ReduceL2 of zeros', single('ReduceL2', [at([0, 0])]), [0, 0]],
    ['LpPool of zeros', single('LpPool', [at([0, 0], [1, 1, 2])], { kernel_shape: ints([2]) }), [0, 0]],
    ['LpNormalization of zeros', single('LpNormalization', [at([0, 0])]), [0, 0]],
  ])('%s', (_, trial, expected) => {
    const [gradient] = gradientsOf(trial, { y0: ones(trial.graph.outputs[0].shape as number[]) });
    expect(Array.from(gradient.data)).toEqual(expected);
  });

  it.each(['Max', 'Min'])('%s of equal operands counts the cotangent once', (op) => {
    for (const count of [2, 3]) {
      const gradients = gradientsOf(
        single(
          op,
          Array.from({ length: count }, () => at([1])),
        ),
        { y0: ones([1]) },
      );
      expect(gradients.reduce((sum, { data }) => sum + data[0], 0)).toBe(1);
    }
  });

  it.each(['ReduceMax', 'ReduceMin'])('%s of equal elements counts the cotangent once', (op) => {
    const [gradient] = gradientsOf(single(op, [at([1, 1, 1, 1])]), { y0: ones([1]) });
    expect(gradient.data.reduce((sum, value) => sum + value, 0)).toBe(1);
  });
});
