import { describe, expect, it } from 'vitest';
import { int, ints } from '../../../../src/graph/attributes';
import type { Attributes, Node, Tensor } from '../../../../src/graph/ir';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import { backtrace } from '../../../../src/methods/backtrace';
import type { Options } from '../../../../src/methods/method';
import { graphOf, node, value } from '../../../support/graphs';
import { testRuntime } from '../../../support/runtime';

type Nested = number | readonly Nested[];

const flat = (x: Nested): number[] => (typeof x === 'number' ? [x] : x.flatMap(flat));
const shapeOf = (x: Nested): number[] => (typeof x === 'number' ? [] : [x.length, ...shapeOf(x[0])]);
const tensor = (x: Nested, shape = shapeOf(x)): Tensor => float32(flat(x), shape);

interface Traced {
  /** Relevance of every input, in its order. */
  readonly inputs: readonly (readonly number[])[];
  readonly sink: number;
  readonly lost: number;
}

const OPTIONS: Options = {
  mode: 'default',
  stream: 'positive',
  multiplier: 1,
  scaler: 0,
  threshold: 0,
  saturation: false,
};

/**
 * Relevance of inputs for relevance of an output, by the whole method: the output is multiplied by constants behind the
 * operator, so that it has the values which relevance shall start with.
 */
async function trace(
  nodes: readonly Node[],
  inputs: Readonly<Record<string, Nested>>,
  constants: Readonly<Record<string, Nested | Tensor>>,
  relevance: Nested,
  options: Options = {},
): Promise<Traced> {
  const shape = shapeOf(relevance);
  const values = Object.fromEntries(
    Object.entries(constants).map(([name, x]) => [name, typeof x === 'object' && 'source' in x ? x : tensor(x)]),
  );
  const names = Object.keys(inputs);
  const graph = graphOf({
    inputs: names.map((name) => value(name, shapeOf(inputs[name]))),
    outputs: ['start'],
    // Relevance passes a product with a constant unchanged; the sum makes the values what they are to be.
    nodes: [...nodes, node('Mul', ['y', 'none'], ['nothing']), node('Add', ['nothing', 'relevance'], ['start'])],
    initializers: {
      ...values,
      none: float32(new Array<number>(flat(relevance).length).fill(0), shape),
      relevance: tensor(relevance),
    },
  });
  const specialised = await specialise(graph, new Map(names.map((name) => [name, shapeOf(inputs[name])])));
  const feeds = new Map(
    names.map((name) => [
      name,
      { dtype: 'float32' as const, shape: shapeOf(inputs[name]), data: Float32Array.from(flat(inputs[name])) },
    ]),
  );
  const results: number[][] = [];
  let [sink, lost] = [0, 0];
  for (const at of names) {
    const { map, ledger } = await backtrace.explain(
      { graph: specialised, feeds, input: names[0], at, score: { output: 'start', select: shape.map(() => ':') } },
      { ...OPTIONS, ...options },
      testRuntime(),
    );
    results.push([...map.data]);
    [sink, lost] = [0, 0];
    for (const entry of ledger ?? []) {
      sink += entry.sink;
      lost += entry.lost;
    }
  }
  return { inputs: results, sink, lost };
}

function near(actual: readonly number[], expected: Nested): void {
  const wanted = flat(expected);
  expect(actual).toHaveLength(wanted.length);
  for (const [index, number] of wanted.entries()) expect(actual[index]).toBeCloseTo(number, 4);
}

const gemm = (bias = true, behind?: string): Node[] => [
  node('Gemm', bias ? ['x', 'w', 'b'] : ['x', 'w'], ['y'], { transB: int(1) }),
  ...(behind ? [node(behind, ['y'], ['a'], behind === 'Softmax' ? { axis: int(1) } : {})] : []),
];

/** Lets the walk go through the activation behind `y`. */
const through = (nodes: readonly Node[]): Node[] =>
  nodes.map((each) => (each.op === 'Gemm' ? { ...each, outputs: ['z'] } : { ...each, inputs: ['z'], outputs: ['y'] }));

const X = [[1, -2, 3]];
const W = [
  [2, 1, 1],
  [-1, 0.5, 1],
];

describe('dense layers', () => {
  it('share by the size of contributions and give the bias its part', async () => {
    const { inputs, sink } = await trace(gemm(), { x: X }, { w: W, b: [1, -1] }, [[80, 60]]);
    near(inputs[0], [30, 30, 60]);
    expect(sink).toBeCloseTo(20, 4);
  });

  it('leave nothing behind without a bias', async () => {
    const { inputs, sink } = await trace(gemm(false), { x: X }, { w: W }, [[80, 60]]);
    near(inputs[0], [34.857143, 34.857143, 70.285714]);
    expect(sink).toBe(0);
  });

  it.each(['Tanh', 'Softmax'])('heed the bounds of %s', async (activation) => {
    const { inputs, sink } = await trace(through(gemm(true, activation)), { x: X }, { w: W, b: [1, -1] }, [[80, 60]], {
      saturation: true,
    });
    near(inputs[0], [36.666667, 10, 70]);
    expect(sink).toBeCloseTo(23.333333, 4);
  });

  it.each([
    [
      [1, -4],
      [0, 100],
    ],
    [
      [3, -1],
      [75, 25],
    ],
  ])('drop one sign beyond the bounds: %j', async (row, expected) => {
    const nodes = through(gemm(false, 'Tanh'));
    const { inputs } = await trace(nodes, { x: [[1, 1]] }, { w: [row] }, [[100]], { saturation: true });
    near(inputs[0], expected);
  });

  it('follow each other', async () => {
    const nodes = [
      node('Gemm', ['x', 'w1'], ['h'], { transB: int(1) }),
      node('Relu', ['h'], ['r']),
      node('Gemm', ['r', 'w2', 'b2'], ['y'], { transB: int(1) }),
    ];
    const constants = {
      w1: [
        [1, 1],
        [1, -1],
      ],
      w2: [
        [2, 1],
        [-1, 1],
      ],
      b2: [1, 0],
    };
    const { inputs } = await trace(nodes, { x: [[1, 2]] }, constants, [[100, 0]]);
    near(inputs[0], [28.571429, 57.142857]);
  });
});

const IMAGE = [
  [
    [
      [1, 2, 0],
      [0, -1, 3],
      [2, 1, 1],
    ],
  ],
];
const KERNEL = [
  [
    [
      [1, -1],
      [2, 1],
    ],
  ],
];
const STARTS = [
  [
    [
      [10, 20],
      [30, 40],
    ],
  ],
];

describe('convolutions', () => {
  it('share by the size of contributions', async () => {
    const { inputs } = await trace([node('Conv', ['x', 'w'], ['y'])], { x: IMAGE }, { w: KERNEL }, STARTS);
    near(inputs[0], [
      [2.5, 10.714286, 0],
      [0, 18.928571, 25.714286],
      [20, 16.428571, 5.714286],
    ]);
  });

  it('give the bias its part', async () => {
    const nodes = [node('Conv', ['x', 'w', 'b'], ['y'])];
    const { inputs, sink } = await trace(nodes, { x: IMAGE }, { w: KERNEL, b: [1] }, STARTS);
    near(inputs[0], [
      [2, 9, 0],
      [0, 16.285714, 22.5],
      [17.142857, 14.285714, 5],
    ]);
    expect(sink).toBeCloseTo(13.785714, 4);
  });
});

describe('pools, sums and products', () => {
  const pool: Attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };

  it('give all maxima of a window the same', async () => {
    const x = [
      [
        [
          [1, 3, 2, 2],
          [3, 0, 1, 2],
          [5, 5, 0, 0],
          [1, 2, 0, 0],
        ],
      ],
    ];
    const { inputs } = await trace([node('MaxPool', ['x'], ['y'], pool)], { x }, {}, [
      [
        [
          [8, 6],
          [4, 12],
        ],
      ],
    ]);
    near(inputs[0], [
      [0, 4, 2, 2],
      [4, 0, 0, 2],
      [2, 2, 3, 3],
      [0, 0, 3, 3],
    ]);
  });

  it('average by size', async () => {
    const { inputs } = await trace(
      [node('GlobalAveragePool', ['x'], ['y'])],
      {
        x: [
          [
            [
              [1, -3],
              [0, 6],
            ],
          ],
        ],
      },
      {},
      [[[[10]]]],
    );
    near(inputs[0], [1, 3, 0, 6]);
  });

  it('add by size; what meets zeros only is lost', async () => {
    const nodes = [node('Add', ['x', 'b'], ['y'])];
    const { inputs, lost } = await trace(nodes, { x: [[1, -2, 0]], b: [[3, 2, 0]] }, {}, [[10, 20, 30]]);
    near(inputs[0], [2.5, 10, 0]);
    near(inputs[1], [7.5, 10, 0]);
    expect(lost).toBeCloseTo(30, 4);
  });

  it('tell what is lost in a sum of zeros, unless nothing arrives there', async () => {
    const sum = node('Add', ['x', 'b'], ['sum']);
    const inputs = { x: [[1, -2, 0]], b: [[3, 2, 0]] };
    const seen = await trace([sum, node('Sigmoid', ['sum'], ['y'])], inputs, {}, [[10, 20, 30]]);
    expect(seen.lost).toBeCloseTo(30, 4);
    const weights = [
      [1, 2],
      [1, 1],
      [5, 5],
    ];
    const layer = [sum, node('Relu', ['sum'], ['r']), node('MatMul', ['r', 'w'], ['y'])];
    const read = await trace(layer, inputs, { w: weights }, [[10, 20]]);
    near(read.inputs[0], [7.5, 0, 0]);
    near(read.inputs[1], [22.5, 0, 0]);
    expect(read.lost).toBeCloseTo(0, 4);
  });

  it('multiply by how far the product is from each factor', async () => {
    const nodes = [node('Mul', ['x', 'b'], ['y'])];
    const { inputs } = await trace(nodes, { x: [[0.5, 0.9]], b: [[-0.4, 0.8]] }, {}, [[10, 10]]);
    near(inputs[0], [7.777778, 6.923077]);
    near(inputs[1], [2.222222, 3.076923]);
  });

  it('attention gives values half, queries and keys a quarter each', async () => {
    const nodes = [
      node('Transpose', ['k'], ['kt'], { perm: ints([1, 0]) }),
      node('MatMul', ['q', 'kt'], ['s']),
      node('Div', ['s', 'root'], ['scaled']),
      node('Softmax', ['scaled'], ['a'], { axis: int(-1) }),
      node('MatMul', ['a', 'v'], ['y']),
    ];
    const { inputs } = await trace(
      nodes,
      {
        q: [
          [1, 0],
          [0, 1],
        ],
        k: [
          [1, 1],
          [0.5, 2],
        ],
        v: [
          [1, 2],
          [3, 1],
        ],
      },
      { root: Math.SQRT2 },
      [
        [10, 20],
        [30, 40],
      ],
    );
    near(inputs[2], [3.726839, 17.331611, 16.273161, 12.668389]);
    near(inputs[0], [7.5, 0, 0, 17.5]);
    near(inputs[1], [4.505451, 6.023774, 2.994549, 11.476226]);
  });
});
