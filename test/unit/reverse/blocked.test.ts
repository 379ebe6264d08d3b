import { describe, expect, it } from 'vitest';
import { channelBlock } from '../../../src/engine/channelBlock';
import { int, ints, string } from '../../../src/graph/attributes';
import { Builder, blankGraph } from '../../../src/graph/builder';
import type { Graph } from '../../../src/graph/ir';
import { split } from '../../../src/graph/split';
import { BLOCKED_DOMAIN } from '../../../src/reverse/blocked/context';
import { gradientGraph } from '../../../src/reverse/gradient';
import { lower } from '../../../src/reverse/lower';
import type { NdArray } from '../../support/evaluator/array';
import { evaluate } from '../../support/evaluator/evaluator';
import { runInOnnxruntime } from '../../support/onnxruntime';
import { Random } from '../../support/random';

const block = await channelBlock();
const C = block || 8;

/** A network that a test writes, with weights drawn for it. */
class Network {
  readonly b = new Builder(blankGraph('blocks'));
  readonly random = new Random(11);

  weight(...shape: number[]): string {
    return this.b.floats(Float32Array.from(this.random.array(shape).data), shape);
  }

  conv(x: string, channels: number, kernel: readonly number[], attributes = {}, group = 1): string {
    const inputs = this.b.shape(x)[1] / group;
    const operands = [x, this.weight(channels, inputs, ...kernel), this.weight(channels)];
    return this.b.op('Conv', operands, { kernel_shape: ints(kernel), group: int(group), ...attributes });
  }

  graph(...outputs: string[]): Graph {
    this.b.setOutputs(outputs.map((output, index) => this.b.alias(output, `output ${index}`)));
    return this.b.graph();
  }
}

/** What onnxruntime computes with channels in blocks, against the reference's float64. */
async function check(graph: Graph): Promise<Graph> {
  const lowered = lower(graph, 'cpu', block);
  expect([lowered.inputs, lowered.outputs]).toEqual([graph.inputs, graph.outputs]);
  const random = new Random(5);
  const feeds = Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, random.array(shape as number[])]));
  const expected = evaluate(graph, feeds);
  const actual = await runInOnnxruntime(lowered, feeds);
  for (const { name } of graph.outputs) compare(actual.get(name) as NdArray, expected.get(name) as NdArray);
  return lowered;
}

function compare(actual: NdArray, expected: NdArray): void {
  expect(actual.shape).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.data.map(Math.abs));
  const error = Math.max(...actual.data.map((value, i) => Math.abs(value - expected.data[i])));
  expect(error).toBeLessThan(2e-5 * scale);
}

const gradient = (graph: Graph): Graph =>
  gradientGraph(graph, { output: graph.outputs[0].name, wrt: [graph.inputs[0].name], seed: 'weights' }).graph;

const count = (graph: Graph, op: string, domain: string): number =>
  graph.nodes.filter((node) => node.op === op && node.domain === domain).length;

describe.skipIf(block === 0)('channels in blocks', () => {
  it.each([
    ['a plain convolution', [3, 3], { pads: ints([1, 1, 1, 1]) }, 1],
    ['strides that leave a rest', [3, 2], { strides: ints([2, 3]), pads: ints([1, 0, 2, 1]) }, 1],
    ['strides that fit', [3, 3], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }, 1],
    ['strides beyond the kernel', [1, 1], { strides: ints([2, 2]) }, 1],
    ['dilations', [2, 3], { dilations: ints([2, 1]), pads: ints([0, 1, 1, 2]) }, 1],
    ['groups', [3, 3], { pads: ints([1, 1, 1, 1]) }, 2],
    ['a group for every channel', [3, 3], { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) }, 2 * C],
  ] as const)('keeps a convolution with %s and its gradient', async (_, kernel, attributes, group) => {
    const net = new Network();
    const x = net.conv(net.b.input('x', 'float32', [2, 3, 8, 12]), 2 * C, [3, 3], { pads: ints([1, 1, 1, 1]) });
    const graph = net.graph(net.conv(net.b.op('Relu', [x]), 2 * C, kernel, attributes, group));
    expect(count(await check(graph), 'Conv', BLOCKED_DOMAIN)).toBe(2);
    await check(gradient(graph));
  });

  it('keeps transposed convolutions', async () => {
    const net = new Network();
    const x = net.conv(net.b.input('x', 'float32', [1, 2 * C, 4, 6]), C, [1, 1]);
    const attributes = { strides: ints([2, 3]), pads: ints([1, 0, 1, 0]), output_padding: ints([1, 0]) };
    const y = net.b.op('ConvTranspose', [x, net.weight(C, C, 3, 3)], attributes);
    const lowered = await check(net.graph(y));
    expect(count(lowered, 'ConvTranspose', '')).toBe(0);
  });

  it('takes sums and activations in, but none whose value something else reads', async () => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [1, 3, 6, 5]), C, [3, 3]);
    const y = b.op('Relu', [x]);
    const fused = b.op('Relu', [b.add(net.conv(y, C, [1, 1]), y)]);
    const read = net.conv(fused, C, [1, 1]);
    const both = b.mul(b.op('Relu', [b.add(read, fused)]), read);
    const lowered = await check(net.graph(net.conv(both, C, [1, 1])));
    expect([count(lowered, 'Relu', ''), count(lowered, 'Add', '')]).toEqual([1, 1]);
    expect(count(lowered, 'ReorderOutput', BLOCKED_DOMAIN)).toBe(1);
  });

  it.each([
    ['between two numbers', 'Clip', [-0.2, 0.3]],
    ['from above', 'Clip', ['', 0.3]],
    ['from below', 'Clip', [-0.2]],
    ['with a slope', 'LeakyRelu', []],
  ] as const)('takes an activation in that bounds %s', async (_, op, bounds) => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [1, 3, 6, 5]), C, [3, 3]);
    const y = b.op(op, [x, ...bounds.map((bound) => (bound === '' ? '' : b.float(bound)))]);
    const lowered = await check(net.graph(net.conv(y, C, [1, 1])));
    expect(count(lowered, op, '')).toBe(0);
  });

  it('keeps what treats elements singly in blocks, with numbers for each channel and for all', async () => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [2, 3, 4, 5]), C, [3, 3], { pads: ints([1, 1, 1, 1]) });
    const size = b.op('Abs', [x]);
    const scaled = b.mul(size, net.weight(C, 1, 1));
    const mean = b.op('GlobalAveragePool', [scaled]);
    const isAbove = b.op('Greater', [scaled, mean]);
    const chosen = b.op('Where', [isAbove, b.op('Reciprocal', [b.add(size, b.float(1))]), b.div(x, b.float(3))]);
    const wide = b.add(chosen, b.expand(mean, b.shape(x)));
    const lowered = await check(net.graph(net.conv(wide, C, [1, 1]), mean));
    expect(count(lowered, 'ReorderOutput', BLOCKED_DOMAIN)).toBe(1);
    expect(count(lowered, 'ReorderInput', BLOCKED_DOMAIN)).toBe(0);
  });

  it('adds a constant for each channel by a convolution', async () => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [2, 3, 4, 5]), C, [3, 3]);
    const less = b.sub(x, net.weight(C, 1, 1));
    const more = b.add(net.weight(1, C, 1, 1), b.op('Abs', [less]));
    const turned = b.sub(net.weight(C, 1, 1), more);
    const lowered = await check(net.graph(net.conv(turned, C, [1, 1])));
    expect([count(lowered, 'Sub', ''), count(lowered, 'Add', '')]).toEqual([1, 0]);
    expect(count(lowered, 'ReorderOutput', BLOCKED_DOMAIN)).toBe(1);
  });

  it('leaves the layout where something else reads a value, truth values included', async () => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [1, C, 4, 4]), C, [1, 1]);
    const isPositive = b.op('Greater', [x, b.float(0)]);
    const places = b.op('Cast', [b.transpose(isPositive, [0, 2, 3, 1])], { to: int(1) });
    const plane = net.weight(1, 1, 4, 4);
    await check(net.graph(net.conv(b.mul(x, plane), C, [1, 1]), places, b.reshape(x, [C, 16])));
  });

  it('joins channels, pools and repeats in blocks', async () => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [2, 3, 8, 8]), C, [3, 3], { pads: ints([1, 1, 1, 1]) });
    const windows = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) };
    const pooled = b.op('Concat', [b.op('MaxPool', [x], windows), b.op('AveragePool', [x], windows)], { axis: int(1) });
    const wide = b.op('Resize', [pooled, '', b.floats([1, 1, 2, 2])], {
      mode: string('nearest'),
      coordinate_transformation_mode: string('asymmetric'),
      nearest_mode: string('floor'),
    });
    const graph = net.graph(net.conv(b.op('Concat', [wide, x], { axis: int(1) }), C, [1, 1]));
    expect(count(await check(graph), 'ReorderOutput', BLOCKED_DOMAIN)).toBe(1);
    await check(gradient(graph));
  });

  it('hands values in blocks from one half of a graph to the other', async () => {
    const net = new Network();
    const x = net.conv(net.b.input('x', 'float32', [1, 3, 6, 6]), C, [3, 3], { pads: ints([1, 1, 1, 1]) });
    const y = net.conv(net.b.op('Relu', [x]), C, [3, 3]);
    const graph = gradient(net.graph(net.b.mul(y, y)));
    const { trace, pass } = split(lower(graph, 'cpu', block), ['weights']);
    const feeds = { x: net.random.array([1, 3, 6, 6]), weights: net.random.array([1, C, 4, 4]) };
    const made = await runInOnnxruntime(trace, { x: feeds.x });
    const expected = evaluate(graph, feeds);
    const known: Record<string, NdArray> = { ...feeds, ...Object.fromEntries(made) };
    const results = await runInOnnxruntime(
      pass,
      Object.fromEntries(pass.inputs.map(({ name }) => [name, known[name] as NdArray])),
    );
    for (const [name, array] of results) compare(array, expected.get(name) as NdArray);
  });

  it('passes by values whose shapes depend on what they are', async () => {
    const net = new Network();
    const { b } = net;
    const x = net.conv(b.input('x', 'float32', [1, 3, 6, 5]), C, [3, 3]);
    const graph = net.graph(net.conv(b.op('Relu', [x]), C, [1, 1]));
    const places = {
      op: 'NonZero',
      domain: '',
      name: 'places',
      inputs: ['output 0'],
      outputs: ['places'],
      attributes: {},
    };
    const open: Graph = {
      ...graph,
      nodes: [...graph.nodes, places],
      outputs: [...graph.outputs, { name: 'places', dtype: 'int64', shape: [4, null] }],
    };
    const feeds = { x: new Random(5).array([1, 3, 6, 5]) };
    const results = await runInOnnxruntime(lower(open, 'cpu', block), feeds);
    expect(results.get('places')?.shape).toEqual([4, C * 12]);
    compare(results.get('output 0') as NdArray, evaluate(graph, feeds).get('output 0') as NdArray);
  });

  it('leaves networks whose channels do not fit to onnxruntime', () => {
    const net = new Network();
    const x = net.conv(net.b.input('x', 'float32', [1, 3, 6, 6]), C + 1, [3, 3]);
    const graph = net.graph(net.conv(x, C + 1, [3, 3]));
    expect(lower(graph, 'cpu', block)).toEqual(lower(graph, 'cpu'));
  });
});
