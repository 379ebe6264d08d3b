import { describe, expect, test } from 'vitest';
import { float, floats, int, ints, string, subgraph } from '../../../src/graph/attributes';
import { importModel } from '../../../src/graph/import';
import { type Attributes, type Graph, TARGET_OPSET, type ValueInfo } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { bool, float32, int64 } from '../../../src/graph/tensor';
import { toFloat32 } from '../../../src/inputs/elements';
import { feedsFor, type GraphParts, graphOf, modelOf, node, value } from '../../support/graphs';
import { run, runModel } from '../../support/run';

/** Runs a model of any opset as it is, imported, and specialised: the three must agree. */
async function compare(parts: GraphParts, tolerance = 1e-5): Promise<Graph> {
  const bytes = modelOf(parts);
  const graph = importModel(bytes);
  expect(graph.opsets['']).toBe(TARGET_OPSET);
  const feeds = feedsFor(parts.inputs);
  const names = graph.outputs.map(({ name }) => name);
  const original = await runModel(bytes, feeds, names);
  const special = await specialise(graph);
  for (const candidate of [graph, special]) {
    const results = await run(candidate, feeds, names);
    for (const name of names) {
      const { shape, dtype, data } = results[name];
      expect(shape, name).toEqual(original[name].shape);
      expect(dtype, name).toBe(original[name].dtype);
      const wanted = toFloat32(dtype, original[name].data);
      const error = Math.max(...toFloat32(dtype, data).map((element, i) => Math.abs(element - wanted[i])));
      expect(error, name).toBeLessThan(tolerance);
    }
  }
  return special;
}

interface Single {
  readonly title: string;
  readonly opset: number;
  readonly op: string;
  readonly inputs: readonly ValueInfo[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  readonly initializers?: GraphParts['initializers'];
  /** Names of the node's inputs, where they are not those of the graph. */
  readonly reads?: readonly string[];
}

const image = value('x', [2, 4, 6, 8]);
const matrix = value('x', [3, 5]);
const cube = value('x', [2, 3, 4]);

const SINGLES: readonly Single[] = [
  {
    title: 'Clip with attributes',
    opset: 7,
    op: 'Clip',
    inputs: [matrix],
    attributes: { min: float(-0.3), max: float(0.4) },
  },
  { title: 'Softmax of the last axis', opset: 9, op: 'Softmax', inputs: [cube], attributes: { axis: int(-1) } },
  { title: 'Softmax over all but the batch', opset: 9, op: 'Softmax', inputs: [cube] },
  { title: 'LogSoftmax over everything', opset: 12, op: 'LogSoftmax', inputs: [cube], attributes: { axis: int(0) } },
  { title: 'Hardmax', opset: 11, op: 'Hardmax', inputs: [cube], attributes: { axis: int(1) } },
  { title: 'Squeeze', opset: 11, op: 'Squeeze', inputs: [value('x', [1, 3, 1])], attributes: { axes: ints([0]) } },
  { title: 'Squeeze of every axis of one', opset: 9, op: 'Squeeze', inputs: [value('x', [1, 3, 1])] },
  { title: 'Unsqueeze', opset: 9, op: 'Unsqueeze', inputs: [matrix], attributes: { axes: ints([0, 2]) } },
  {
    title: 'Split in given parts',
    opset: 11,
    op: 'Split',
    inputs: [matrix],
    attributes: { axis: int(1), split: ints([1, 4]) },
    outputs: 2,
  },
  { title: 'Split in equal parts', opset: 8, op: 'Split', inputs: [image], attributes: { axis: int(2) }, outputs: 3 },
  {
    title: 'Split in equal parts, as input',
    opset: 13,
    op: 'Split',
    inputs: [image],
    attributes: { axis: int(3) },
    outputs: 2,
  },
  {
    title: 'Pad with attributes',
    opset: 9,
    op: 'Pad',
    inputs: [matrix],
    attributes: { pads: ints([1, 0, 2, 1]), value: float(0.5) },
  },
  {
    title: 'Pad by reflection',
    opset: 7,
    op: 'Pad',
    inputs: [matrix],
    attributes: { pads: ints([1, 2, 1, 0]), mode: string('reflect') },
  },
  {
    title: 'Slice with attributes',
    opset: 9,
    op: 'Slice',
    inputs: [matrix],
    attributes: { starts: ints([-4]), ends: ints([2 ** 63]), axes: ints([1]) },
  },
  {
    title: 'Slice without axes',
    opset: 7,
    op: 'Slice',
    inputs: [matrix],
    attributes: { starts: ints([1, 0]), ends: ints([3, -1]) },
  },
  { title: 'TopK with attribute', opset: 9, op: 'TopK', inputs: [matrix], attributes: { k: int(2) }, outputs: 2 },
  { title: 'Dropout that passes', opset: 7, op: 'Dropout', inputs: [matrix], attributes: { ratio: float(0.3) } },
  {
    title: 'Upsample by attribute',
    opset: 7,
    op: 'Upsample',
    inputs: [image],
    attributes: { scales: floats([1, 1, 2, 3]) },
  },
  {
    title: 'Upsample, linear, by input',
    opset: 9,
    op: 'Upsample',
    inputs: [image],
    reads: ['x', 'scales'],
    initializers: { scales: float32([1, 1, 2, 1.5]) },
    attributes: { mode: string('linear') },
  },
  {
    title: 'Resize that enlarges',
    opset: 10,
    op: 'Resize',
    inputs: [image],
    reads: ['x', 's'],
    initializers: { s: float32([1, 1, 1.5, 2]) },
  },
  {
    title: 'Resize that shrinks',
    opset: 10,
    op: 'Resize',
    inputs: [image],
    reads: ['x', 's'],
    initializers: { s: float32([1, 1, 0.7, 0.4]) },
  },
  {
    title: 'Resize linear',
    opset: 10,
    op: 'Resize',
    inputs: [image],
    reads: ['x', 's'],
    initializers: { s: float32([1, 1, 0.5, 2]) },
    attributes: { mode: string('linear') },
  },
  {
    title: 'Resize to sizes, with empty scales',
    opset: 11,
    op: 'Resize',
    inputs: [image],
    reads: ['x', 'roi', 's', 'sizes'],
    initializers: { roi: float32([]), s: float32([]), sizes: int64([2, 4, 9, 5]) },
    attributes: { mode: string('cubic') },
  },
  {
    title: 'Resize by the old TensorFlow rule for neighbours',
    opset: 11,
    op: 'Resize',
    inputs: [image],
    reads: ['x', 'roi', 's'],
    initializers: { roi: float32([]), s: float32([1, 1, 1.7, 2.3]) },
    attributes: { coordinate_transformation_mode: string('tf_half_pixel_for_nn'), nearest_mode: string('floor') },
  },
  {
    title: 'BatchNormalization',
    opset: 7,
    op: 'BatchNormalization',
    inputs: [image],
    reads: ['x', 'g', 'b', 'm', 'v'],
    initializers: {
      g: float32([1, 2, 3, 4]),
      b: float32([0, 1, 0, 1]),
      m: float32([0.1, 0, 0, 0.2]),
      v: float32([1, 2, 0.5, 0.1]),
    },
    attributes: { epsilon: float(0.01), momentum: float(0.8) },
  },
  {
    title: 'GridSample, bilinear',
    opset: 16,
    op: 'GridSample',
    inputs: [image, value('grid', [2, 3, 3, 2])],
    attributes: { mode: string('bilinear') },
  },
  {
    title: 'GridSample, bicubic',
    opset: 16,
    op: 'GridSample',
    inputs: [image, value('grid', [2, 3, 3, 2])],
    attributes: { mode: string('bicubic') },
  },
  {
    title: 'GroupNormalization with a scale for each group',
    opset: 18,
    op: 'GroupNormalization',
    inputs: [image],
    reads: ['x', 'g', 'b'],
    initializers: { g: float32([2, 3]), b: float32([0.5, -1]) },
    attributes: { num_groups: int(2) },
  },
  {
    title: 'Scatter',
    opset: 9,
    op: 'Scatter',
    inputs: [matrix, value('u', [1, 5])],
    reads: ['x', 'i', 'u'],
    initializers: { i: int64([2, 0, 1, 0, 2], [1, 5]) },
  },
  {
    title: 'RoiAlign without half pixels',
    opset: 10,
    op: 'RoiAlign',
    inputs: [image],
    reads: ['x', 'rois', 'batch'],
    initializers: { rois: float32([0, 0, 5, 4, 1, 1, 7, 5], [2, 4]), batch: int64([0, 1]) },
    attributes: { output_height: int(2), output_width: int(3), sampling_ratio: int(2) },
  },
  {
    title: 'AveragePool with padding and ceiling',
    opset: 11,
    op: 'AveragePool',
    inputs: [image],
    attributes: {
      kernel_shape: ints([3, 3]),
      strides: ints([2, 2]),
      pads: ints([1, 1, 1, 1]),
      ceil_mode: int(1),
      count_include_pad: int(0),
    },
  },
  {
    title: 'MaxPool with indices',
    opset: 8,
    op: 'MaxPool',
    inputs: [image],
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
    outputs: 2,
  },
  { title: 'Gelu', opset: 20, op: 'Gelu', inputs: [matrix], attributes: { approximate: string('tanh') } },
  { title: 'Mish of opset 22', opset: 22, op: 'Mish', inputs: [matrix] },
  { title: 'HardSwish of opset 22', opset: 22, op: 'HardSwish', inputs: [matrix] },
  { title: 'Swish', opset: 24, op: 'Swish', inputs: [matrix], attributes: { alpha: float(1.7) } },
  {
    title: 'RMSNormalization',
    opset: 23,
    op: 'RMSNormalization',
    inputs: [cube, value('g', [3, 4])],
    attributes: { axis: int(1), epsilon: float(0.01) },
  },
  {
    title: 'TopK of opset 24',
    opset: 24,
    op: 'TopK',
    inputs: [matrix],
    reads: ['x', 'k'],
    initializers: { k: int64([3]) },
    outputs: 2,
  },
  {
    title: 'TensorScatter, wrapping round',
    opset: 24,
    op: 'TensorScatter',
    inputs: [value('x', [2, 3, 5, 2]), value('u', [2, 3, 4, 2])],
    reads: ['x', 'u', 'at'],
    initializers: { at: int64([3, 1]) },
    attributes: { mode: string('circular') },
  },
  {
    title: 'RotaryEmbedding of part of each head',
    opset: 23,
    op: 'RotaryEmbedding',
    inputs: [value('x', [2, 3, 4, 8]), value('cos', [10, 2]), value('sin', [10, 2])],
    reads: ['x', 'cos', 'sin', 'at'],
    initializers: { at: int64([0, 1, 2, 3, 6, 7, 8, 9], [2, 4]) },
    attributes: { rotary_embedding_dim: int(4) },
  },
  {
    title: 'RotaryEmbedding, interleaved, heads joined',
    opset: 23,
    op: 'RotaryEmbedding',
    inputs: [value('x', [2, 4, 12]), value('cos', [2, 4, 2]), value('sin', [2, 4, 2])],
    attributes: { num_heads: int(3), interleaved: int(1) },
  },
];

const reductions = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSumExp', 'SumSquare'].map(
  (name): Single => ({
    title: `Reduce${name} with axes as attribute`,
    opset: name === 'Sum' ? 11 : 13,
    op: `Reduce${name}`,
    inputs: [cube],
    attributes: { axes: ints([-1, 0]), keepdims: int(0) },
  }),
);

const queries = [value('q', [2, 4, 3, 8]), value('k', [2, 2, 5, 8]), value('v', [2, 2, 5, 6])];
const attentions: readonly Single[] = [
  {
    title: 'Attention',
    opset: 23,
    op: 'Attention',
    inputs: [value('q', [1, 2, 3, 4]), value('k', [1, 2, 3, 4]), value('v', [1, 2, 3, 4])],
  },
  {
    title: 'Attention, heads joined',
    opset: 23,
    op: 'Attention',
    inputs: [value('q', [2, 3, 8]), value('k', [2, 5, 8]), value('v', [2, 5, 12])],
    attributes: { q_num_heads: int(4), kv_num_heads: int(4), scale: float(0.3) },
  },
  {
    title: 'Attention, queries in groups, causal, soft cap',
    opset: 23,
    op: 'Attention',
    inputs: queries,
    attributes: { is_causal: int(1), softcap: float(0.7) },
  },
  { title: 'Attention with an additive mask', opset: 23, op: 'Attention', inputs: [...queries, value('mask', [3, 5])] },
  {
    title: 'Attention with a mask of truth values',
    opset: 24,
    op: 'Attention',
    inputs: queries,
    reads: ['q', 'k', 'v', 'mask'],
    initializers: {
      mask: bool(
        [true, true, false, true, true, false, false, true, true, true, true, false, true, true, true],
        [3, 5],
      ),
    },
  },
  {
    title: 'Attention with a cache',
    opset: 24,
    op: 'Attention',
    inputs: [
      value('q', [1, 2, 3, 4]),
      value('k', [1, 2, 3, 4]),
      value('v', [1, 2, 3, 4]),
      value('pk', [1, 2, 2, 4]),
      value('pv', [1, 2, 2, 4]),
    ],
    reads: ['q', 'k', 'v', '', 'pk', 'pv'],
    attributes: { is_causal: int(1) },
    outputs: 3,
  },
];

describe('an operator of another opset gives what it gave there', () => {
  for (const single of [...SINGLES, ...reductions, ...attentions]) {
    test(`${single.title} (${single.opset})`, async () => {
      const { op, opset, inputs, attributes, initializers } = single;
      const outputs = Array.from({ length: single.outputs ?? 1 }, (_, index) => `y${index}`);
      const reads = single.reads ?? inputs.map(({ name }) => name);
      const special = await compare({
        inputs,
        outputs,
        opset,
        initializers,
        nodes: [node(op, reads, outputs, attributes)],
      });
      const names = special.nodes.flatMap((made) => made.outputs);
      expect(names).toEqual(expect.arrayContaining(outputs.filter((output) => !special.initializers.has(output))));
    });
  }
});

describe('opsets', () => {
  const relu = (opset: number): GraphParts => ({
    inputs: [matrix],
    outputs: ['y'],
    opset,
    nodes: [node('Relu', ['x'], ['y'])],
  });

  test('7 to 25 are read', () => {
    for (let opset = 7; opset <= 25; opset++) expect(importModel(modelOf(relu(opset))).nodes).toHaveLength(1);
  });

  test('older and newer ones are refused by their number', () => {
    expect(() => importModel(modelOf(relu(6)))).toThrow(
      expect.objectContaining({ code: 'MODEL_OPSET', details: { opset: 6 } }),
    );
    expect(() => importModel(modelOf(relu(26)))).toThrow(expect.objectContaining({ code: 'MODEL_OPSET' }));
  });

  test('a Softmax of the last axis stays one node that makes the same value', async () => {
    const special = await compare({ ...relu(9), inputs: [matrix], nodes: [node('Softmax', ['x'], ['y'])] });
    expect(special.nodes.map(({ op, outputs }) => [op, ...outputs])).toEqual([['Softmax', 'y']]);
  });

  test('a Softmax of unknown rank is one node too, once shapes are known', async () => {
    const parts = { ...relu(9), nodes: [node('Relu', ['x'], ['r']), node('Softmax', ['r'], ['y'])] };
    const special = await compare(parts);
    expect(special.nodes.map(({ op, outputs }) => [op, ...outputs])).toEqual([
      ['Relu', 'r'],
      ['Softmax', 'y'],
    ]);
  });

  test('operators inside branches are adapted', async () => {
    const branch = (op: string): Graph =>
      graphOf({
        inputs: [],
        outputs: [`${op}_y`],
        opset: 11,
        nodes: [
          node(op, ['x'], [`${op}_s`], { axis: int(1) }),
          node('Unsqueeze', [`${op}_s`], [`${op}_y`], { axes: ints([0]) }),
        ],
      });
    const attributes = { then_branch: subgraph(branch('Softmax')), else_branch: subgraph(branch('LogSoftmax')) };
    const special = await compare({
      inputs: [cube, value('c', [], 'bool')],
      outputs: ['y'],
      opset: 11,
      nodes: [node('If', ['c'], ['y'], attributes)],
    });
    expect(special.nodes.map(({ op }) => op)).toEqual(['If']);
  });

  test('the batched Scan of opset 8', async () => {
    const body = graphOf({
      inputs: [value('state', [3]), value('row', [3])],
      outputs: [value('next', [3]), value('out', [3])],
      nodes: [node('Add', ['state', 'row'], ['next']), node('Mul', ['next', 'row'], ['out'])],
    });
    // onnxruntime has no Scan of opset 8 to compare with: a running sum for each sample of the batch.
    const parts: GraphParts = {
      inputs: [value('s', [2, 3]), value('x', [2, 4, 3])],
      outputs: ['last', 'rows'],
      opset: 8,
      nodes: [node('Scan', ['', 's', 'x'], ['last', 'rows'], { body: subgraph(body), num_scan_inputs: int(1) })],
    };
    const feeds = feedsFor(parts.inputs);
    const results = await run(await specialise(importModel(modelOf(parts))), feeds);
    const [state, rows] = [Float32Array.from(feeds.s.data as Float32Array), feeds.x.data as Float32Array];
    const out: number[] = [];
    for (let sample = 0; sample < 2; sample++) {
      for (let step = 0; step < 4; step++) {
        for (let i = 0; i < 3; i++) {
          const element = rows[(sample * 4 + step) * 3 + i];
          state[sample * 3 + i] += element;
          out.push(state[sample * 3 + i] * element);
        }
      }
    }
    expect(results.rows.shape).toEqual([2, 4, 3]);
    (results.rows.data as Float32Array).forEach((element, i) => {
      expect(element).toBeCloseTo(out[i], 5);
    });
    expect([...(results.last.data as Float32Array)]).toEqual([...state]);
  });
});
