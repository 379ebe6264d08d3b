import { describe, expect, it } from 'vitest';
import { float, int, ints, string } from '../../../../src/graph/attributes';
import type { Node, Tensor } from '../../../../src/graph/ir';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import { backtrace } from '../../../../src/methods/backtrace';
import { unfuse } from '../../../../src/ops/unfuse';
import { graphOf, node, noise, value } from '../../../support/graphs';
import { testRuntime } from '../../../support/runtime';
import { relativeToMaximum } from '../../../support/sharing';

/** Two ways to write one thing: the first as the rules name it, the second as exporters and optimisers do. */
interface Forms {
  readonly name: string;
  readonly plain: readonly Node[];
  readonly other: readonly Node[];
}

const [ROWS, WIDTH] = [3, 4];
const MICROSOFT = 'com.microsoft';
const epsilon = float(1e-5);
const last = { axis: int(-1) };

const FORMS: readonly Forms[] = [
  {
    name: 'a bias that was fused into the normalisation behind it',
    plain: [
      node('MatMul', ['x', 'w'], ['m']),
      node('Add', ['m', 'bias'], ['layer']),
      node('Add', ['layer', 'x'], ['sum']),
      node('LayerNormalization', ['sum', 'gain', 'shift'], ['y'], { ...last, epsilon }),
    ],
    other: [
      node('MatMul', ['x', 'w'], ['m']),
      node('SkipLayerNormalization', ['x', 'm', 'gain', 'shift', 'bias'], ['y'], { epsilon }, MICROSOFT),
    ],
  },
  {
    name: 'a Softmax written out',
    plain: [node('MatMul', ['x', 'w'], ['m']), node('Softmax', ['m'], ['y'], last)],
    other: [
      node('MatMul', ['x', 'w'], ['m']),
      node('ReduceMax', ['m', 'end'], ['most']),
      node('Sub', ['m', 'most'], ['below']),
      node('Exp', ['below'], ['e']),
      node('ReduceSum', ['e', 'end'], ['all']),
      node('Div', ['e', 'all'], ['y']),
    ],
  },
  {
    name: 'a pool of norms',
    plain: [
      node('Reshape', ['x', 'signal'], ['s']),
      node('Abs', ['s'], ['size']),
      node('AveragePool', ['size'], ['p'], { kernel_shape: ints([3]), strides: ints([3]) }),
      node('Reshape', ['p', 'row'], ['y']),
    ],
    other: [
      node('Reshape', ['x', 'signal'], ['s']),
      node('LpPool', ['s'], ['p'], { kernel_shape: ints([3]), strides: ints([3]), p: int(1) }),
      node('Reshape', ['p', 'row'], ['y']),
    ],
  },
];

const whole = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  source: { kind: 'bytes', bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) },
});

const initializers: Record<string, Tensor> = {
  w: float32(noise(WIDTH * WIDTH, 2), [WIDTH, WIDTH]),
  bias: float32(noise(WIDTH, 3), [WIDTH]),
  gain: float32(noise(WIDTH, 4), [WIDTH]),
  shift: float32(noise(WIDTH, 5), [WIDTH]),
  head: float32(noise(2 * WIDTH, 6), [WIDTH, 2]),
  places: { ...whole(2, 0, 1), shape: [ROWS, 1] },
  end: whole(-1),
  signal: whole(1, 1, -1),
  row: whole(1, -1),
};

it('refuses sums at places', async () => {
  const nodes = [node('ScatterND', ['x', 'places', 'x'], ['y'], { reduction: string('add') })];
  await expect(relevance(nodes, 'default')).rejects.toMatchObject({ code: 'UNSUPPORTED_ATTRIBUTE' });
});

it('refuses a start beyond all numbers', async () => {
  const nodes = [node('Identity', ['x'], ['y'])];
  await expect(relevance(nodes, 'default', 3e38)).rejects.toMatchObject({ code: 'MAP_NAN' });
});

async function relevance(nodes: readonly Node[], mode: string, multiplier = 1): Promise<Float32Array> {
  const graph = graphOf({
    inputs: [value('x', [ROWS, WIDTH])],
    outputs: ['z'],
    nodes: [...nodes, node('MatMul', ['y', 'head'], ['z'])],
    initializers,
    opsets: { [MICROSOFT]: 1 },
  });
  const specialised = unfuse(await specialise(graph, new Map([['x', [ROWS, WIDTH]]])));
  const feeds = new Map([['x', { dtype: 'float32' as const, shape: [ROWS, WIDTH], data: noise(ROWS * WIDTH, 7) }]]);
  const options = { mode, stream: 'positive', multiplier, scaler: 2, threshold: 0, saturation: false };
  const subject = { graph: specialised, feeds, input: 'x', score: { output: 'z', select: [':' as const, 1] } };
  return (await backtrace.explain(subject, options, testRuntime())).map.data;
}

describe.each(FORMS)('$name', ({ plain, other }) => {
  it.each(['default', 'contrast'])('is seen through in %s mode', async (mode) => {
    const expected = await relevance(plain, mode);
    expect(Math.max(...expected)).toBeGreaterThan(0.1);
    expect(relativeToMaximum(await relevance(other, mode), expected)).toBeLessThan(1e-5);
  });
});

it('refuses a map of which no position is above the threshold', async () => {
  const graph = graphOf({
    inputs: [value('x', [1, 1, ROWS, WIDTH])],
    outputs: ['y'],
    nodes: [node('Sigmoid', ['x'], ['y'])],
  });
  const data = noise(ROWS * WIDTH, 7);
  const feeds = new Map([['x', { dtype: 'float32' as const, shape: [1, 1, ROWS, WIDTH], data }]]);
  const specialised = await specialise(graph, new Map([['x', [1, 1, ROWS, WIDTH]]]));
  const select = [0, 0, ':' as const, ':' as const];
  const explained = (threshold: number) =>
    backtrace.explain(
      { graph: specialised, feeds, input: 'x', score: { output: 'y', select } },
      { mode: 'default', stream: 'positive', multiplier: 1, scaler: 0, threshold, saturation: false },
      testRuntime(),
    );
  await expect(explained(2)).rejects.toMatchObject({ code: 'EMPTY_REGION' });
  expect((await explained(0)).map.data.every((relevance) => relevance > 0)).toBe(true);
});
