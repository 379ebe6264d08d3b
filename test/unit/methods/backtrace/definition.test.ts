import { describe, expect, it } from 'vitest';
import { int, ints, string } from '../../../../src/graph/attributes';
import { Builder } from '../../../../src/graph/builder';
import type { Attributes, Graph, Node } from '../../../../src/graph/ir';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import { traceBack } from '../../../../src/methods/backtrace/compile';
import { ndarray } from '../../../support/evaluator/array';
import { Evaluator } from '../../../support/evaluator/evaluator';
import { graphOf, node, noise, value } from '../../../support/graphs';
import { run } from '../../../support/run';
import { relativeToMaximum } from '../../../support/sharing';

/**
 * Every linear operator against the rules written out with loops over a matrix that is read off the operator, by unit
 * vectors, in float64.
 */

interface Matrix {
  /** Row j: what every input adds to output j. */
  readonly rows: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

const total = (values: readonly number[]): number => values.reduce((sum, part) => sum + part, 0);

function matrixOf(graph: Graph, size: number): Matrix {
  const evaluator = new Evaluator(graph);
  const shape = graph.inputs[0].shape as number[];
  const at = (x: Float64Array): Float64Array =>
    evaluator.run({ x: ndarray('float32', shape, x) }).get('y')?.data as Float64Array;
  const bias = at(new Float64Array(size));
  const columns = Array.from({ length: size }, (_, i) =>
    at(Float64Array.from({ length: size }, (__, k) => Number(k === i))),
  );
  return { rows: Array.from(bias, (b, j) => columns.map((column) => column[j] - b)), bias: [...bias] };
}

/** R_i = Σ_j |w_ji x_i| / (Σ_k |w_jk x_k| + |b_j|) · R_j. */
function absolute({ rows, bias }: Matrix, x: ArrayLike<number>, relevance: ArrayLike<number>): number[] {
  const result = Array.from(x, () => 0);
  rows.forEach((row, j) => {
    const sizes = row.map((w, i) => Math.abs(w * x[i]));
    const sum = total(sizes) + Math.abs(bias[j]);
    if (sum === 0) return;
    for (const [i, size] of sizes.entries()) result[i] += (size / sum) * relevance[j];
  });
  return result;
}

/** The contrast rule, neuron by neuron. */
function contrast({ rows, bias }: Matrix, x: ArrayLike<number>, pos: ArrayLike<number>, neg: ArrayLike<number>) {
  const results = [Array.from(x, () => 0), Array.from(x, () => 0)];
  rows.forEach((row, j) => {
    const z = row.map((w, i) => w * x[i]);
    const positive = total(z.filter((part) => part > 0));
    const negative = -total(z.filter((part) => part < 0));
    const d = positive + bias[j] - negative;
    const give = (stream: number, amount: number, toPositive: boolean): void =>
      z.forEach((part, i) => {
        if (toPositive && part > 0) results[stream][i] += (part / positive) * amount;
        if (!toPositive && part < 0) results[stream][i] += (-part / negative) * amount;
      });
    if (positive === 0 && negative === 0) return;
    if (negative === 0 || positive === 0) {
      give(0, pos[j], negative === 0);
      give(1, neg[j], negative === 0);
    } else if (d !== 0) {
      // The larger stream explains the sign of d; in a tie the one against takes the positive contributions.
      const larger = pos[j] > neg[j] ? 0 : pos[j] < neg[j] ? 1 : null;
      const upper = larger === null ? 1 : d > 0 ? larger : 1 - larger;
      give(upper, upper === 0 ? pos[j] : neg[j], true);
      give(1 - upper, upper === 0 ? neg[j] : pos[j], false);
    }
  });
  return results;
}

interface Drawn {
  readonly name: string;
  readonly shape: readonly number[];
  readonly nodes: readonly Node[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** Whether x has no negative elements. */
  readonly rectified?: boolean;
}

const pads = (...values: number[]) => ints(values);
const LAYERS: readonly Drawn[] = [
  {
    name: 'MatMul and bias',
    shape: [2, 3, 5],
    weights: { w: [5, 4], b: [4] },
    nodes: [node('MatMul', ['x', 'w'], ['m']), node('Add', ['b', 'm'], ['y'])],
  },
  { name: 'MatMul from the left', shape: [5, 3], weights: { w: [4, 5] }, nodes: [node('MatMul', ['w', 'x'], ['y'])] },
  {
    name: 'Gemm, alpha, beta, transA',
    shape: [4, 2],
    weights: { w: [4, 3], b: [3] },
    nodes: [
      node('Gemm', ['x', 'w', 'b'], ['y'], {
        transA: int(1),
        alpha: { type: 'float', value: 0.5 },
        beta: { type: 'float', value: -2 },
      }),
    ],
  },
  {
    name: 'Conv over 1 axis, dilated',
    shape: [1, 2, 9],
    weights: { w: [3, 2, 3], b: [3] },
    nodes: [node('Conv', ['x', 'w', 'b'], ['y'], { dilations: ints([2]), pads: pads(2, 1) })],
  },
  {
    name: 'Conv of 2 axes, strides, groups',
    shape: [2, 4, 5, 6],
    weights: { w: [6, 2, 3, 2], b: [6] },
    nodes: [node('Conv', ['x', 'w', 'b'], ['y'], { strides: ints([2, 3]), pads: pads(1, 0, 1, 1), group: int(2) })],
  },
  {
    name: 'Conv behind a ReLU',
    shape: [1, 3, 4, 4],
    rectified: true,
    weights: { w: [4, 3, 3, 3], b: [4] },
    nodes: [
      node('Relu', ['x'], ['r']),
      node('Conv', ['r', 'w', 'b'], ['y'], { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
    ],
  },
  {
    name: 'Conv over 3 axes',
    shape: [1, 2, 3, 4, 3],
    weights: { w: [2, 2, 2, 2, 2] },
    nodes: [node('Conv', ['x', 'w'], ['y'], { pads: pads(1, 0, 0, 0, 1, 0) })],
  },
  {
    name: 'MatMul of many inputs, bias',
    shape: [2, 70],
    weights: { w: [70, 4], b: [4] },
    nodes: [node('MatMul', ['x', 'w'], ['m']), node('Add', ['m', 'b'], ['y'])],
  },
  {
    name: 'Conv of many inputs',
    shape: [1, 8, 4, 4],
    weights: { w: [5, 8, 3, 3], b: [5] },
    nodes: [node('Conv', ['x', 'w', 'b'], ['y'], { pads: pads(1, 1, 1, 1) })],
  },
  {
    name: 'Conv of many inputs behind a ReLU',
    shape: [1, 9, 4, 4],
    rectified: true,
    weights: { w: [5, 9, 3, 3] },
    nodes: [node('Relu', ['x'], ['r']), node('Conv', ['r', 'w'], ['y'], { strides: ints([2, 2]) })],
  },
  {
    name: 'ConvTranspose, strides, padding',
    shape: [1, 3, 3, 4],
    weights: { w: [3, 2, 3, 3], b: [2] },
    nodes: [
      node('ConvTranspose', ['x', 'w', 'b'], ['y'], {
        strides: ints([2, 2]),
        pads: pads(1, 0, 1, 1),
        output_padding: ints([1, 0]),
      }),
    ],
  },
  {
    name: 'ConvTranspose of groups',
    shape: [1, 4, 5],
    weights: { w: [4, 1, 3] },
    nodes: [node('ConvTranspose', ['x', 'w'], ['y'], { group: int(2), dilations: ints([2]) })],
  },
  {
    name: 'ConvTranspose, padded by itself',
    shape: [1, 2, 4, 3],
    weights: { w: [2, 2, 3, 2], b: [2] },
    nodes: [node('ConvTranspose', ['x', 'w', 'b'], ['y'], { strides: ints([2, 3]), auto_pad: string('SAME_UPPER') })],
  },
  {
    name: 'ConvTranspose to a size',
    shape: [1, 2, 4],
    weights: { w: [2, 3, 3] },
    nodes: [node('ConvTranspose', ['x', 'w'], ['y'], { strides: ints([2]), output_shape: ints([8]) })],
  },
  {
    name: 'Einsum with an ellipsis',
    shape: [2, 3, 4],
    weights: { w: [4, 5] },
    nodes: [node('Einsum', ['w', 'x'], ['y'], { equation: string('ef,...e->...f') })],
  },
  {
    name: 'Einsum of one operand',
    shape: [2, 3, 4],
    nodes: [node('Einsum', ['x'], ['y'], { equation: string('bte->eb') })],
  },
  {
    name: 'Einsum of three operands',
    shape: [2, 3, 4],
    weights: { v: [4, 2], w: [2, 5] },
    nodes: [node('Einsum', ['v', 'x', 'w'], ['y'], { equation: string('ek,bte,kf->btf') })],
  },
  {
    name: 'cubic interpolation',
    shape: [1, 2, 3, 4],
    nodes: [
      node('Resize', ['x', '', 'scales'], ['y'], {
        mode: string('cubic'),
        coordinate_transformation_mode: string('align_corners'),
      }),
    ],
  },
  {
    name: 'GridSample',
    shape: [1, 2, 3, 4],
    weights: { grid: [1, 2, 3, 2] },
    nodes: [node('GridSample', ['x', 'grid'], ['y'], { mode: string('linear') })],
  },
  {
    name: 'AveragePool with padding',
    shape: [1, 2, 5, 5],
    nodes: [
      node('AveragePool', ['x'], ['y'], { kernel_shape: ints([3, 2]), strides: ints([2, 1]), pads: pads(1, 0, 1, 1) }),
    ],
  },
  { name: 'GlobalAveragePool', shape: [2, 3, 3, 2], nodes: [node('GlobalAveragePool', ['x'], ['y'])] },
  { name: 'ReduceMean', shape: [2, 4, 3], nodes: [node('ReduceMean', ['x', 'axes'], ['y'])] },
  {
    name: 'two addends',
    shape: [1, 2, 4],
    nodes: [
      node('Slice', ['x', 'zero', 'two', 'last'], ['l']),
      node('Slice', ['x', 'two', 'four', 'last'], ['r']),
      node('Sub', ['l', 'r'], ['y']),
    ],
  },
];

async function prepare({ shape, nodes, weights = {}, rectified }: Drawn, seed: number) {
  const size = shape.reduce((product, dim) => product * dim, 1);
  let draw = seed;
  const graph = graphOf({
    inputs: [value('x', shape)],
    outputs: ['y'],
    nodes,
    initializers: {
      ...Object.fromEntries(
        Object.entries(weights).map(([name, dims]) => [
          name,
          float32(
            noise(
              dims.reduce((product, dim) => product * dim, 1),
              ++draw,
            ),
            dims,
          ),
        ]),
      ),
      axes: ints64([1]),
      scales: float32([1, 1, 2, 1.5], [4]),
      last: ints64([2]),
      zero: ints64([0]),
      two: ints64([2]),
      four: ints64([4]),
    },
  });
  const specialised = await specialise(graph, new Map([['x', shape]]));
  const drawn = noise(size, seed + 100);
  // Some zeros; the matrix of a layer behind a ReLU is read where the ReLU passes.
  const x = drawn.map((number, i) => (i % 5 === 3 ? 0 : rectified ? Math.abs(number) : number));
  return { specialised, x, matrix: matrixOf(specialised, size) };
}

const ints64 = (values: readonly number[]) => ({
  dtype: 'int64' as const,
  shape: [values.length],
  source: { kind: 'bytes' as const, bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) },
});

/** Relevance of x for streams of the output, by the rules. */
async function traced(graph: Graph, x: Float32Array, streams: readonly Float32Array[], output = 'y') {
  const b = new Builder(graph);
  const shape = b.shape(output);
  const starts = streams.map((_, index) => b.input(`start${index}`, 'float32', shape));
  const { arrived, books } = traceBack(b, graph, 'x', output, starts, [], false);
  const flow = arrived.get('x') ?? [];
  const sums = books.write();
  b.setOutputs([...flow, sums]);
  const feeds = { x, ...Object.fromEntries(streams.map((stream, index) => [`start${index}`, stream])) };
  const results = await run(b.graph(), feeds);
  const { started, arrived: reached, entries } = books.read(results[sums].data as Float32Array);
  const kept = entries.reduce((sum, { sink, lost }) => sum + sink + lost, 0);
  expect(Math.abs(reached + kept - started)).toBeLessThanOrEqual(1e-5 * started);
  return flow.map((name) => results[name].data as Float32Array);
}

describe.each(LAYERS)('$name', (layer) => {
  it.each([1, 7])('shares as its matrix does, draw %i', async (seed) => {
    const { specialised, x, matrix } = await prepare(layer, seed);
    const count = matrix.bias.length;
    const pos = noise(count, seed + 200).map(Math.abs);
    const neg = noise(count, seed + 300).map(Math.abs);
    // Ties, and streams that are empty.
    for (let j = 0; j < count; j += 4) neg[j] = pos[j];
    if (count > 3) pos[3] = 0;

    const [relevance] = await traced(specialised, x, [pos]);
    expect(relativeToMaximum(relevance, absolute(matrix, x, pos))).toBeLessThan(1e-5);

    const streams = await traced(specialised, x, [pos, neg]);
    const expected = contrast(matrix, x, pos, neg);
    for (const [index, stream] of streams.entries())
      expect(relativeToMaximum(stream, expected[index])).toBeLessThan(1e-5);
  });
});

/** What a sum or a layer gets is zero where it is, and below, when a ReLU and a layer follow. */
describe('before a ReLU and a layer', () => {
  const slices = [
    node('Slice', ['x', 'zero', 'two', 'last'], ['l']),
    node('Slice', ['x', 'two', 'four', 'last'], ['r']),
  ];
  const FRONTS: readonly Drawn[] = [
    { name: 'two addends', shape: [1, 6, 4], nodes: [...slices, node('Add', ['l', 'r'], ['y'])] },
    {
      name: 'two addends, the first not negative',
      shape: [1, 6, 4],
      nodes: [...slices, node('Relu', ['l'], ['p']), node('Add', ['p', 'r'], ['y'])],
    },
    {
      name: 'many inputs, bias',
      shape: [1, 3, 70],
      weights: { w: [70, 4], b: [4] },
      nodes: [node('MatMul', ['x', 'w'], ['m']), node('Add', ['m', 'b'], ['y'])],
    },
    {
      name: 'Conv of many inputs, bias',
      shape: [1, 8, 4, 4],
      weights: { w: [4, 8, 3, 3], b: [4] },
      nodes: [node('Conv', ['x', 'w', 'b'], ['y'])],
    },
  ];

  it.each(FRONTS)('$name', async (front) => {
    const { specialised, x: drawn, matrix } = await prepare(front, 3);
    // The part that a ReLU in front passes.
    const x = front.nodes.some(({ op }) => op === 'Relu')
      ? drawn.map((number, i) => (i % 4 < 2 ? Math.abs(number) : number))
      : drawn;
    const b = new Builder(specialised);
    const width = b.shape('y').at(-1) as number;
    const rows = noise(width * 3, 11);
    const last = b.matmul(b.op('Relu', ['y']), b.constant(float32(rows, [width, 3])));
    b.setOutputs([b.alias(last, 'z')]);
    const graph = b.graph();
    const sums = matrix.rows.map((row, j) => matrix.bias[j] + total(row.map((w, i) => w * x[i])));
    const behind = Array.from({ length: (sums.length / width) * 3 }, (_, j) =>
      sums.map((__, k) => (Math.floor(k / width) === Math.floor(j / 3) ? rows[(k % width) * 3 + (j % 3)] : 0)),
    );
    const pos = noise(behind.length, 21).map(Math.abs);
    const neg = noise(behind.length, 22).map(Math.abs);
    neg[1] = pos[1];
    const hidden = contrast(
      { rows: behind, bias: behind.map(() => 0) },
      sums.map((sum) => Math.max(sum, 0)),
      pos,
      neg,
    );
    const expected = contrast(matrix, x, hidden[0], hidden[1]);
    const streams = await traced(graph, x, [pos, neg], 'z');
    for (const [index, stream] of streams.entries())
      expect(relativeToMaximum(stream, expected[index])).toBeLessThan(1e-5);
  });
});

describe('a product of two computed matrices', () => {
  it.each([
    [5, false],
    [70, false],
    [70, true],
  ])('%i terms, the first factor rectified: %s', async (terms, rectified) => {
    const size = 3 * terms;
    const graph = graphOf({
      inputs: [value('x', [2, 3, terms])],
      outputs: ['y'],
      nodes: [
        node('Split', ['x'], ['q0', 'k'], { num_outputs: int(2) }),
        node(rectified ? 'Relu' : 'Identity', ['q0'], ['q']),
        node('Transpose', ['k'], ['kt'], { perm: ints([0, 2, 1]) }),
        node('MatMul', ['q', 'kt'], ['y']),
      ],
    });
    const specialised = await specialise(graph, new Map([['x', [2, 3, terms]]]));
    const x = noise(2 * size, 31).map((number, i) => (rectified && i < size ? Math.abs(number) : number));
    const pos = noise(9, 32).map(Math.abs);
    const neg = noise(9, 33).map(Math.abs);
    neg[4] = pos[4];
    // Half of both streams to each factor: a layer whose weights are the other factor.
    const rowsFor = (factor: 0 | 1): number[][] =>
      Array.from({ length: 9 }, (_, j) => {
        const [i, k] = [Math.floor(j / 3), j % 3];
        const [own, other] = factor === 0 ? [i, size + k * terms] : [k, i * terms];
        return Array.from({ length: size }, (__, at) => (Math.floor(at / terms) === own ? x[other + (at % terms)] : 0));
      });
    const halves = [pos, neg].map((stream) => stream.map((relevance) => relevance / 2));
    const shares = ([0, 1] as const).map((factor) => {
      const own = x.slice(factor * size, (factor + 1) * size);
      return contrast({ rows: rowsFor(factor), bias: new Array<number>(9).fill(0) }, own, halves[0], halves[1]);
    });
    const streams = await traced(specialised, x, [pos, neg]);
    for (const [index, stream] of streams.entries())
      expect(relativeToMaximum(stream, [...shares[0][index], ...shares[1][index]])).toBeLessThan(1e-5);
  });
});

const POOLS: readonly { name: string; shape: readonly number[]; attributes: Attributes }[] = [
  {
    name: 'overlapping, padded',
    shape: [1, 2, 7, 6],
    attributes: { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: pads(1, 1, 1, 1) },
  },
  {
    name: 'dilated, rounded up',
    shape: [2, 1, 8],
    attributes: { kernel_shape: ints([2]), strides: ints([3]), dilations: ints([2]), ceil_mode: int(1) },
  },
  { name: 'side by side', shape: [1, 3, 4, 6], attributes: { kernel_shape: ints([2, 3]), strides: ints([2, 3]) } },
];

describe('MaxPool', () => {
  it.each(POOLS)('$name: ties share equally', async ({ shape, attributes }) => {
    const graph = graphOf({
      inputs: [value('x', shape)],
      outputs: ['y'],
      nodes: [node('MaxPool', ['x'], ['y'], attributes)],
    });
    const specialised = await specialise(graph, new Map([['x', shape]]));
    const size = shape.reduce((product, dim) => product * dim, 1);
    // Few different numbers, negative ones among them: windows full of ties.
    const x = noise(size, 5).map((number) => Math.round(number * 2) - 1);
    const evaluator = new Evaluator(specialised);
    const at = (values: Float32Array) =>
      evaluator.run({ x: ndarray('float32', shape, [...values]) }).get('y')?.data as Float64Array;
    const y = at(x);
    const relevance = noise(y.length, 9).map(Math.abs);
    // An element is in a window if raising it raises the maximum; it is a maximum if its value is the window's.
    const expected = new Array<number>(size).fill(0);
    const windows = Array.from(y, (): number[] => []);
    for (let i = 0; i < size; i++)
      at(x.with(i, 100)).forEach((raised, j) => {
        if (raised === 100 && x[i] === y[j]) windows[j].push(i);
      });
    windows.forEach((places, j) => {
      for (const i of places) expected[i] += relevance[j] / places.length;
    });
    const [actual] = await traced(specialised, x, [relevance]);
    expect(relativeToMaximum(actual, expected)).toBeLessThan(1e-6);
  });
});
