import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { int } from '../../../src/graph/attributes';
import type { Graph } from '../../../src/graph/ir';
import { floatArray, type NdArray } from '../../../src/graph/ndarray';
import { float32, int64 } from '../../../src/graph/tensor';
import { fromFloat32 } from '../../../src/inputs/elements';
import { writeNpy } from '../../../src/inputs/npy';
import { featureAblation } from '../../../src/methods/feature-ablation';
import { kernelShap } from '../../../src/methods/kernel-shap';
import { lime } from '../../../src/methods/lime';
import type { Method } from '../../../src/methods/method';
import { occlusion } from '../../../src/methods/occlusion';
import { rise } from '../../../src/methods/rise';
import { shapleySampling } from '../../../src/methods/shapley-sampling';
import { graphOf, node, noise, value } from '../../support/graphs';
import { explainWith, subjectFor } from '../../support/perturbation';
import { type TestRuntime, testRuntime } from '../../support/runtime';

/** What holds for every method that hides parts of what it explains. */

const folder = mkdtempSync(join(tmpdir(), 'prism-perturbation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npy(name: string, shape: readonly number[], data: ArrayLike<number>): string {
  const path = join(folder, `${name}.npy`);
  writeFileSync(path, writeNpy(floatArray(Float32Array.from(data), shape)));
  return path;
}

const COLUMNS = 6;
const weights = noise(COLUMNS, 2);
const row = noise(COLUMNS, 5);
const contributions = Array.from(weights, (weight, i) => weight * row[i]);

/** A table whose score is the weighted sum of its columns: every method that is complete must give each its term. */
const linear = (batch: 'batch' | 1 = 'batch'): Graph =>
  graphOf({
    inputs: [value('x', [batch, COLUMNS])],
    outputs: [value('y', [batch, 1])],
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    initializers: { w: float32(weights, [COLUMNS, 1]) },
  });
const feeds = new Map<string, NdArray>([['x', floatArray(row, [1, COLUMNS])]]);
const score = { output: 'y', select: [0, 0] };
const subjectOf = (graph: Graph, batch = 1) => subjectFor(graph, feeds, score, { batch });

const ALL: readonly (readonly [string, Method, Readonly<Record<string, number>>])[] = [
  ['occlusion', occlusion, {}],
  ['feature-ablation', featureAblation, {}],
  ['rise', rise, { samples: 30 }],
  ['lime', lime, { samples: 30 }],
  ['kernel-shap', kernelShap, { samples: 20 }],
  ['shapley-sampling', shapleySampling, { samples: 4 }],
];
/** Those whose numbers for a linear model are its terms. */
const COMPLETE = ALL.filter(([name]) => !['rise', 'lime'].includes(name));
const DRAWING = ALL.filter(([, method]) => method.info.options.some(({ key }) => key === 'seed'));

const closeTo = (actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 5): void => {
  expect(actual).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], digits);
};

describe.each(ALL)('%s', (_name, method, options) => {
  it('tells how far it is and what it has, and ends with the result', async () => {
    const runtime = testRuntime({ keep: true });
    const { map } = await explainWith(method, await subjectOf(linear()), options, runtime);
    const fractions = runtime.reports.map(({ fraction }) => fraction);
    expect(fractions.length).toBeGreaterThan(3);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    const last = runtime.reports.at(-1)?.partial;
    closeTo(last?.data ?? [], map.data, 6);
    expect(last?.shape).toEqual(map.shape);
    await runtime.release();
  });

  it('stops between runs when the person gave up', async () => {
    let runs = 0;
    const stop = new Error('given up');
    const runtime = testRuntime({
      keep: true,
      checkCancelled: () => {
        if (++runs === 3) throw stop;
      },
    });
    await expect(explainWith(method, await subjectOf(linear()), options, runtime)).rejects.toBe(stop);
    expect(runs).toBe(3);
    await runtime.release();
  });

  it('cannot be saved as one graph', async () => {
    const subject = await subjectOf(linear());
    expect(() => method.graph?.(subject, {})).toThrow(expect.objectContaining({ code: 'NOT_ONE_GRAPH' }));
  });

  it('gives the same map however many inputs run at once', async () => {
    const single = await explainWith(method, await subjectOf(linear()), options);
    const many = await explainWith(method, await subjectOf(linear(), 4), options);
    closeTo(many.map.data, single.map.data, 6);
  });
});

describe.each(COMPLETE)('%s', (_name, method, options) => {
  it('gives each column of a linear model its term', async () => {
    const { map, output, score: found } = await explainWith(method, await subjectOf(linear()), options);
    closeTo(map.data, contributions, 5);
    expect(found).toBeCloseTo(
      contributions.reduce((a, b) => a + b),
      5,
    );
    expect(output.data[0]).toBeCloseTo(found, 6);
  });
});

describe.each(DRAWING)('%s', (name, method, options) => {
  // With a product in it, orders and combinations matter.
  const model = graphOf({
    inputs: [value('x', ['batch', COLUMNS])],
    outputs: [value('y', ['batch', 1])],
    nodes: [node('MatMul', ['x', 'w'], ['h']), node('Tanh', ['h'], ['t']), node('Exp', ['t'], ['y'])],
    initializers: { w: float32(weights, [COLUMNS, 1]) },
  });

  it('draws the same by the same seed, and says which', async () => {
    const explain = async (seed: number) => explainWith(method, await subjectOf(model), { ...options, seed });
    const [one, again, other] = [await explain(7), await explain(7), await explain(8)];
    expect(again.map.data).toEqual(one.map.data);
    expect(other.map.data, name).not.toEqual(one.map.data);
    expect([one.seed, other.seed]).toEqual([7, 8]);
  });
});

/** Batch sizes of the graphs that hid something. */
const batches = (runtime: TestRuntime): unknown[] =>
  [...runtime.compiled.values()].flatMap(({ graph }) =>
    graph.inputs.filter(({ name }) => name === 'mask').map(({ shape }) => shape?.[0]),
  );

describe('several inputs at once', () => {
  const explain = async (graph: Graph) => {
    const runtime = testRuntime({ keep: true });
    const { map } = await explainWith(featureAblation, await subjectOf(graph, 4), {}, runtime);
    const sizes = batches(runtime);
    await runtime.release();
    return { map, sizes };
  };

  it.each(['batch', 1] as const)('are used where the first dimension is %s', async (dim) => {
    const { map, sizes } = await explain(linear(dim));
    expect(sizes).toEqual([1, 4]);
    closeTo(map.data, contributions);
  });

  it('are not used where a shape inside of the model says one', async () => {
    const graph = graphOf({
      inputs: [value('x', [1, COLUMNS])],
      outputs: [value('y', [1, 1])],
      nodes: [node('Reshape', ['x', 'one'], ['r']), node('MatMul', ['r', 'w'], ['y'])],
      initializers: { w: float32(weights, [COLUMNS, 1]), one: int64([1, COLUMNS]) },
    });
    const { map, sizes } = await explain(graph);
    expect(sizes).toEqual([1]);
    closeTo(map.data, contributions);
  });

  it('are not trusted where what stands in a batch changes the others', async () => {
    // Divided by the mean over the batch: one alone is divided by itself.
    const graph = graphOf({
      inputs: [value('x', ['batch', COLUMNS])],
      outputs: [value('y', ['batch', 1])],
      nodes: [
        node('ReduceMax', ['x', 'axis'], ['m'], { keepdims: int(1) }),
        node('Sub', ['x', 'm'], ['d']),
        node('Abs', ['d'], ['p']),
        node('Add', ['x', 'p'], ['s']),
        node('MatMul', ['s', 'w'], ['y']),
      ],
      initializers: { w: float32(weights, [COLUMNS, 1]), axis: int64([0]) },
    });
    const { map, sizes } = await explain(graph);
    expect(sizes).toEqual([1, 4]);
    closeTo(map.data, contributions);
  });

  it('carry the other inputs along', async () => {
    const graph = graphOf({
      inputs: [value('x', ['batch', COLUMNS]), value('factor', ['batch', 1])],
      outputs: [value('y', ['batch', 1])],
      nodes: [node('MatMul', ['x', 'w'], ['h']), node('Mul', ['h', 'factor'], ['y'])],
      initializers: { w: float32(weights, [COLUMNS, 1]) },
    });
    const given = new Map([...feeds, ['factor', floatArray(Float32Array.of(3), [1, 1])]]);
    const subject = await subjectFor(graph, given, score, { batch: 4 });
    const { map } = await explainWith(featureAblation, subject);
    closeTo(
      map.data,
      contributions.map((term) => 3 * term),
    );
  });
});

describe('types', () => {
  const cast = (to: number): Graph =>
    graphOf({
      inputs: [value('x', ['batch', COLUMNS], ({ 10: 'float16', 11: 'float64', 2: 'uint8', 6: 'int32' } as const)[to])],
      outputs: [value('y', ['batch', 1])],
      nodes: [node('Cast', ['x'], ['f'], { to: int(1) }), node('MatMul', ['f', 'w'], ['y'])],
      initializers: { w: float32(weights, [COLUMNS, 1]) },
    });
  const numbers = Float32Array.of(3, 0, 7, 1, 250, 4);

  it.each([
    ['float16', 10],
    ['float64', 11],
    ['uint8', 2],
    ['int32', 6],
  ] as const)('%s is hidden like any other', async (dtype, code) => {
    const x: NdArray = { dtype, shape: [1, COLUMNS], data: fromFloat32(numbers, dtype) };
    const subject = await subjectFor(cast(code), new Map([['x', x]]), score, { batch: 2 });
    const hidden = Float32Array.of(1, 2, 3, 4, 5, 6);
    const options = { baseline: npy('hidden', [1, COLUMNS], hidden) };
    const { map } = await explainWith(featureAblation, subject, options);
    closeTo(
      map.data,
      Array.from(weights, (weight, i) => weight * (numbers[i] - hidden[i])),
      3,
    );
  });

  it('soft masks round on the scale of a picture in bytes', async () => {
    const x: NdArray = { dtype: 'uint8', shape: [1, COLUMNS], data: fromFloat32(numbers, 'uint8') };
    const subject = await subjectFor(cast(2), new Map([['x', x]]), score);
    const mask = Array.from(numbers, () => 0.3);
    const { map } = await explainWith(rise, subject, { masks: npy('soft', [1, COLUMNS], mask), probability: 1 });
    const seen = Array.from(weights, (weight, i) => weight * Math.round(0.3 * numbers[i])).reduce((a, b) => a + b);
    closeTo(
      map.data,
      mask.map((share) => share * seen),
      3,
    );
  });

  it('tokens are replaced by other tokens', async () => {
    const embedding = noise(10 * 2, 12);
    const graph = graphOf({
      inputs: [value('ids', ['batch', 4], 'int64')],
      outputs: [value('y', ['batch', 2])],
      nodes: [node('Gather', ['table', 'ids'], ['e']), node('ReduceSum', ['e', 'axis'], ['y'], { keepdims: int(0) })],
      initializers: { table: float32(embedding, [10, 2]), axis: int64([1]) },
    });
    const ids: NdArray = { dtype: 'int64', shape: [1, 4], data: BigInt64Array.of(3n, 9n, 1n, 3n) };
    const subject = await subjectFor(graph, new Map([['ids', ids]]), { output: 'y', select: [0, 1] }, { batch: 4 });
    const { map } = await explainWith(kernelShap, subject, { samples: 'all' });
    closeTo(
      map.data,
      [3, 9, 1, 3].map((id) => embedding[2 * id + 1] - embedding[1]),
    );
  });
});

describe('numbers that are none', () => {
  const logarithm = graphOf({
    inputs: [value('x', ['batch', 2])],
    outputs: [value('y', ['batch', 2])],
    nodes: [node('Log', ['x'], ['y'])],
  });
  const given = new Map([['x', floatArray(Float32Array.of(2, 3), [1, 2])]]);
  const subject = (target: number) => subjectFor(logarithm, given, { output: 'y', select: [0, target] });

  it('are refused where they are the score, with what to do', async () => {
    await expect(explainWith(kernelShap, await subject(0))).rejects.toMatchObject({
      code: 'OUTPUT_NAN',
      message: expect.stringContaining('choose another baseline'),
    });
  });

  it('do not matter elsewhere in the output', async () => {
    const options = { baseline: npy('one', [1, 2], [1, 0]) };
    const { map } = await explainWith(kernelShap, await subject(0), options);
    closeTo(map.data, [Math.log(2), 0]);
  });
});

describe('options', () => {
  const fails = async (
    method: Method,
    options: Readonly<Record<string, string | number>>,
    code: string,
    says: string,
  ) =>
    expect(explainWith(method, await subjectOf(linear()), options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    });

  it('KernelSHAP refuses too few samples, and all of too many', async () => {
    await fails(kernelShap, { samples: 11 }, 'BAD_OPTION', 'need at least 12');
    const wide = new Map([['x', floatArray(noise(21), [1, 21])]]);
    const graph = graphOf({
      inputs: [value('x', [1, 21])],
      outputs: [value('y', [1, 1])],
      nodes: [node('ReduceSum', ['x', 'axis'], ['y'])],
      initializers: { axis: int64([1]) },
    });
    const subject = await subjectFor(graph, wide, score);
    await expect(explainWith(kernelShap, subject, { samples: 'all' })).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('at most 20 features'),
    });
  });

  it('segments must fit and be whole numbers', async () => {
    await fails(featureAblation, { segments: npy('few', [3], [0, 1, 2]) }, 'SHAPE_MISMATCH', '[1,6]');
    const parts = npy('parts', [1, COLUMNS], [0, 0.5, 1, 2, 3, 4]);
    await fails(featureAblation, { segments: parts }, 'BAD_OPTION', 'whole numbers');
  });

  it('masks must fit', async () => {
    await fails(rise, { masks: npy('mask', [5], [0, 1, 1, 0, 1]) }, 'SHAPE_MISMATCH', '[1,6]');
    await fails(rise, { masks: npy('strong', [6], [0, 1, 2, 0, 1, 1]) }, 'SHAPE_MISMATCH', 'from 0 (hidden) to 1');
    await fails(lime, { masks: npy('rows', [2, 3], [0, 1, 1, 0, 1, 1]) }, 'SHAPE_MISMATCH', 'rows of 6 numbers');
  });

  it('windows must leave nothing uncovered', async () => {
    await fails(occlusion, { window: 2, stride: 3 }, 'BAD_OPTION', 'at most the window');
  });

  it('tables have no means and blurs', async () => {
    await fails(kernelShap, { baseline: 'mean' }, 'NO_LOCATIONS', 'choose zero or a file');
    await fails(occlusion, { baseline: 'blur' }, 'NO_LOCATIONS', 'choose zero or a file');
  });

  it('a column has no mean of its own to hide behind', async () => {
    await fails(lime, { baseline: 'segments' }, 'BAD_OPTION', 'choose another baseline');
  });
});
