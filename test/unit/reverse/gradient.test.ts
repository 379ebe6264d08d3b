import { describe, expect, it } from 'vitest';
import { int } from '../../../src/graph/attributes';
import type { Graph } from '../../../src/graph/ir';
import { float32 } from '../../../src/graph/tensor';
import { type GradientGraph, gradientGraph } from '../../../src/reverse/gradient';
import { nodeOf, type Trial, trialOf } from '../../support/derivatives';
import { type NdArray, ndarray } from '../../support/evaluator/array';
import { evaluate } from '../../support/evaluator/evaluator';

const x = ndarray('float32', [2, 3], [1, -2, 3, 0.5, 4, -1]);
const W = [
  [1, 2, 3],
  [-1, 0, 1],
  [4, 5, -6],
  [0, 7, 2],
];

/** logits = relu(x)·Wᵀ, and a branch that does not reach them. */
const classifier = (): Trial =>
  trialOf(
    [
      nodeOf('Relu', ['x'], ['r']),
      nodeOf('Gemm', ['r', 'W'], ['logits'], { transB: int(1) }),
      nodeOf('Neg', ['x'], ['aside']),
    ],
    { x, W: float32(W.flat(), [4, 3]) },
    ['logits', 'aside'],
  );

const int64 = (...values: number[]): NdArray => ndarray('int64', [values.length], values);

function run(gg: GradientGraph, feeds: Record<string, NdArray>): { of(value: string): number[]; score: number[] } {
  const values = evaluate(gg.graph, feeds);
  const read = (name: string | undefined): number[] => Array.from((values.get(name as string) as NdArray).data);
  return { of: (value) => read(gg.gradients.get(value)), score: read(gg.score) };
}

describe('gradientGraph, target', () => {
  it('explains one class of each batch item', () => {
    const { graph, feeds } = classifier();
    const gg = gradientGraph(graph, { output: 'logits', wrt: ['x'], seed: 'target' });
    const { of, score } = run(gg, { ...feeds, [gg.seed]: int64(2, 1) });
    // relu(x) is [1, 0, 3] and [0.5, 4, 0]; the gradient is the class's row of W where x > 0.
    expect(score).toEqual([1 * 4 + 3 * -6, 0.5 * -1]);
    expect(of('x')).toEqual([4, 0, -6, -1, 0, 0]);
  });

  it('gives score, output and gradients, in this order, and nothing else', () => {
    const { graph } = classifier();
    const gg = gradientGraph(graph, { output: 'logits', wrt: ['r', 'x'], seed: 'target' });
    expect(gg.graph.outputs.map(({ name }) => name)).toEqual([
      gg.score,
      'logits',
      gg.gradients.get('r'),
      gg.gradients.get('x'),
    ]);
    expect(gg.graph.inputs).toEqual([graph.inputs[0], { name: 'target', dtype: 'int64', shape: [2] }]);
    expect(gg.graph.nodes.some(({ op }) => op === 'Neg')).toBe(false);
  });

  it('reaches inner values and weights', () => {
    const { graph, feeds } = classifier();
    const gg = gradientGraph(graph, { output: 'logits', wrt: ['r', 'W'], seed: 'target' });
    const { of } = run(gg, { ...feeds, [gg.seed]: int64(0, 0) });
    expect(of('r')).toEqual([...W[0], ...W[0]]);
    expect(of('W')).toEqual([1.5, 4, 3, ...new Array(9).fill(0)]);
  });

  it('gives zeros where the score does not depend on a value', () => {
    const { graph, feeds } = classifier();
    const gg = gradientGraph(graph, { output: 'logits', wrt: ['aside'], seed: 'target' });
    expect(run(gg, { ...feeds, [gg.seed]: int64(0, 0) }).of('aside')).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('gives each value its own output where gradients are equal', () => {
    const { graph, feeds } = trialOf(
      [nodeOf('Add', ['a', 'b'], ['y'])],
      { a: ndarray('float32', [1, 2], [1, 2]), b: ndarray('float32', [1, 2], [3, 4]) },
      ['y'],
    );
    const gg = gradientGraph(graph, { output: 'y', wrt: ['a', 'b', 'y'], seed: 'target' });
    expect(new Set(gg.graph.outputs.map(({ name }) => name)).size).toBe(5);
    const { of } = run(gg, { ...feeds, [gg.seed]: int64(1) });
    for (const value of ['a', 'b', 'y']) expect(of(value)).toEqual([0, 1]);
  });

  it('takes an output [classes] as a batch of one', () => {
    const { graph, feeds } = trialOf([nodeOf('Mul', ['a', 'a'], ['y'])], { a: ndarray('float32', [3], [1, 2, 3]) }, [
      'y',
    ]);
    const gg = gradientGraph(graph, { output: 'y', wrt: ['a'], seed: 'target' });
    const { of, score } = run(gg, { ...feeds, [gg.seed]: int64(2) });
    expect(score).toEqual([9]);
    expect(of('a')).toEqual([0, 0, 6]);
  });

  it('sums a class over positions', () => {
    const a = ndarray('float32', [2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const { graph, feeds } = trialOf([nodeOf('Mul', ['a', 'a'], ['y'])], { a }, ['y']);
    const gg = gradientGraph(graph, { output: 'y', wrt: ['a'], seed: 'target' });
    const { of, score } = run(gg, { ...feeds, [gg.seed]: int64(1, 0) });
    expect(score).toEqual([9 + 16, 25 + 36]);
    expect(of('a')).toEqual([0, 0, 6, 8, 10, 12, 0, 0]);
  });
});

describe('gradientGraph, weights', () => {
  it('explains any linear score of an output of any shape', () => {
    const a = ndarray('float32', [2, 1, 2], [1, 2, 3, 4]);
    const { graph, feeds } = trialOf([nodeOf('Mul', ['a', 'a'], ['y'])], { a }, ['y']);
    const gg = gradientGraph(graph, { output: 'y', wrt: ['a'], seed: 'weights' });
    const { of, score } = run(gg, { ...feeds, [gg.seed]: ndarray('float32', [2, 1, 2], [1, 0, 0.5, -1]) });
    expect(score).toEqual([1, 4.5 - 16]);
    expect(of('a')).toEqual([2, 0, 3, -8]);
  });

  it('explains a single number', () => {
    const { graph, feeds } = trialOf([nodeOf('Mul', ['a', 'a'], ['y'])], { a: ndarray('float32', [], [3]) }, ['y']);
    const gg = gradientGraph(graph, { output: 'y', wrt: ['a'], seed: 'weights' });
    const { of, score } = run(gg, { ...feeds, [gg.seed]: ndarray('float32', [], [2]) });
    expect([...score, ...of('a')]).toEqual([18, 12]);
  });

  it('differentiates its own result', () => {
    const a = ndarray('float32', [1, 2], [3, 2]);
    const { graph, feeds } = trialOf(
      [nodeOf('Mul', ['a', 'a'], ['square']), nodeOf('Mul', ['square', 'a'], ['y'])],
      { a },
      ['y'],
    );
    const once = gradientGraph(graph, { output: 'y', wrt: ['a'], seed: 'target' });
    const gradient = once.gradients.get('a') as string;
    const twice = gradientGraph(once.graph, { output: gradient, wrt: ['a'], seed: 'weights' });
    const { of } = run(twice, {
      ...feeds,
      [once.seed]: int64(0),
      [twice.seed]: ndarray('float32', [1, 2], [1, 1]),
    });
    // y = a³: the second derivative is 6a, of the target's element alone.
    expect(of('a')).toEqual([18, 0]);
  });
});

describe('gradientGraph refuses', () => {
  const code = (value: string) => expect.objectContaining({ code: value });

  it('values that are not there', () => {
    const { graph } = classifier();
    expect(() => gradientGraph(graph, { output: 'nothing', wrt: ['x'], seed: 'target' })).toThrow(
      code('UNKNOWN_VALUE'),
    );
    expect(() => gradientGraph(graph, { output: 'logits', wrt: ['y'], seed: 'target' })).toThrow(code('UNKNOWN_VALUE'));
  });

  it('values that have no gradient', () => {
    const { graph } = trialOf([nodeOf('ArgMax', ['x'], ['top'], { axis: int(1) })], { x }, ['top']);
    expect(() => gradientGraph(graph, { output: 'top', wrt: ['x'], seed: 'weights' })).toThrow(
      code('UNSUPPORTED_TYPE'),
    );
  });

  it('a class of a single number', () => {
    const { graph } = trialOf([nodeOf('ReduceSum', ['x'], ['y'], { keepdims: int(0) })], { x }, ['y']);
    expect(() => gradientGraph(graph, { output: 'y', wrt: ['x'], seed: 'target' })).toThrow(code('UNSUPPORTED_OUTPUT'));
  });

  it('a graph that was not specialised', () => {
    const { graph } = classifier();
    const dynamic: Graph = {
      ...graph,
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }],
      types: new Map(
        [...graph.types].map(([name, type]) => [name, { ...type, shape: ['batch', ...(type.shape ?? []).slice(1)] }]),
      ),
    };
    expect(() => gradientGraph(dynamic, { output: 'logits', wrt: ['x'], seed: 'target' })).toThrow(
      code('UNKNOWN_SHAPE'),
    );
  });
});
