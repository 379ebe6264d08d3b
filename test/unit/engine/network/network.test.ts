import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkOf } from '../../../../src/engine/network/network';
import { Service } from '../../../../src/engine/service';
import { int } from '../../../../src/graph/attributes';
import { specialise } from '../../../../src/graph/specialise';
import { float32 } from '../../../../src/graph/tensor';
import { backtrace } from '../../../../src/methods/backtrace';
import { lrp } from '../../../../src/methods/lrp';
import type { Method, Options, Subject } from '../../../../src/methods/method';
import type { Network } from '../../../../src/protocol/flow';
import { graphOf, node, value } from '../../../support/graphs';
import { testRuntime } from '../../../support/runtime';

/** What each connection carries, by the values at its ends. */
const carried = ({ nodes, edges }: Network): Record<string, number> =>
  Object.fromEntries(edges.map(({ from, to, relevance }) => [`${nodes[from].id} → ${nodes[to].id}`, relevance]));

/** in + sink + lost − out of every operator. */
function gaps({ nodes, edges }: Network): number[] {
  return nodes.flatMap(({ kind, sink, lost }, index) => {
    if (kind) return [];
    const sum = (side: 'from' | 'to'): number =>
      edges.reduce((total, edge) => (edge[side] === index ? total + edge.relevance : total), 0);
    return [sum('to') + sink + lost - sum('from')];
  });
}

async function drawn(
  graph: Awaited<ReturnType<typeof specialise>>,
  x: readonly number[],
  method: Method,
  options: Options,
): Promise<Network> {
  const subject: Subject = {
    graph,
    feeds: new Map([['x', { dtype: 'float32', shape: [1, x.length], data: Float32Array.from(x) }]]),
    input: 'x',
    score: { output: 'y', select: [0, 0] },
  };
  const flow = await method.flow?.(subject, options, testRuntime());
  const explained = { model: graph, graph, input: 'x', of: 'x', output: 'y', target: 'first', layers: [] };
  return networkOf(explained, flow);
}

describe('what goes along the connections', () => {
  it('is that of the worked example of two layers', async () => {
    // x = [1, 2]; W1 = [[1, 1], [1, −1]], relu; W2 = [[2, 1], [−1, 1]], b2 = [1, 0]; R = [100, 0].
    const graph = graphOf({
      inputs: [value('x', [1, 2])],
      outputs: ['y'],
      nodes: [
        node('Gemm', ['x', 'w1'], ['h'], { transB: int(1) }),
        node('Relu', ['h'], ['r']),
        node('Gemm', ['r', 'w2', 'b2'], ['y'], { transB: int(1) }),
      ],
      initializers: {
        w1: float32(Float32Array.of(1, 1, 1, -1), [2, 2]),
        w2: float32(Float32Array.of(2, 1, -1, 1), [2, 2]),
        b2: float32(Float32Array.of(1, 0), [2]),
      },
    });
    const specialised = await specialise(graph, new Map([['x', [1, 2]]]));
    const options = {
      mode: 'default',
      stream: 'positive',
      multiplier: 100,
      scaler: 1,
      threshold: 0.5,
      saturation: false,
    };
    const network = await drawn(specialised, [1, 2], backtrace, options);
    const edges = carried(network);
    expect(Object.keys(edges)).toEqual(['x → h', 'h → r', 'r → y', 'y → y']);
    expect(edges['y → y']).toBeCloseTo(100, 4);
    for (const edge of ['r → y', 'h → r', 'x → h']) expect(edges[edge]).toBeCloseTo(85.714286, 4);
    expect(network.nodes.map(({ sink }) => sink)).toEqual([0, 0, 0, expect.closeTo(14.285714, 4), 0]);
    expect(network).toMatchObject({ widths: 'relevance', total: expect.closeTo(100, 4) });
    expect(network.nodes.map(({ kind, title }) => kind ?? title)).toEqual(['input', 'Gemm', 'Relu', 'Gemm', 'output']);
  });

  it('parts at a sum by what the branches contribute, and what comes together adds up', async () => {
    // h = relu(x W); s = h + x; y = Σ s. By LRP-0 each branch carries its part of the sum, as all slopes are 1.
    const graph = graphOf({
      inputs: [value('x', [1, 2])],
      outputs: ['y'],
      nodes: [
        node('Gemm', ['x', 'w'], ['g']),
        node('Relu', ['g'], ['h']),
        node('Add', ['h', 'x'], ['s']),
        node('Gemm', ['s', 'ones'], ['y']),
      ],
      initializers: {
        w: float32(Float32Array.of(1, -1, 2, 1), [2, 2]),
        ones: float32(Float32Array.of(1, 1), [2, 1]),
      },
    });
    const specialised = await specialise(graph, new Map([['x', [1, 2]]]));
    const options = { composite: 'epsilon', epsilon: 0, gamma: 0.25, canonical: true };
    const network = await drawn(specialised, [3, 1], lrp, options);
    // g = [3 + 2, −3 + 1] = [5, −2], h = [5, 0], s = [8, 1], y = 9.
    expect(carried(network)).toEqual({
      'y → y': expect.closeTo(9, 5),
      's → y': expect.closeTo(9, 5),
      'h → s': expect.closeTo(5, 5),
      'x → s': expect.closeTo(4, 5),
      'g → h': expect.closeTo(5, 5),
      'x → g': expect.closeTo(5, 5),
    });
    // Nothing is said where a branch of a sum gets everything.
    const copied = await drawn(specialised, [3, 1], lrp, { ...options, canonical: false });
    expect(copied.widths).toBe('none');
    expect(Object.values(carried(copied))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('is told apart for two streams, and so is what both lose', async () => {
    // x = [1, 1]; rows [1, −1] and [2, 1]: y = [0, 3]. The first neuron has no sign, so both streams are lost there; the
    // second has positive contributions only, which take both.
    const graph = graphOf({
      inputs: [value('x', [1, 2])],
      outputs: ['y'],
      nodes: [node('Gemm', ['x', 'w'], ['y'], { transB: int(1) })],
      initializers: { w: float32(Float32Array.of(1, -1, 2, 1), [2, 2]) },
    });
    const specialised = await specialise(graph, new Map([['x', [1, 2]]]));
    const options = {
      mode: 'contrast',
      stream: 'positive',
      multiplier: 100,
      scaler: 0,
      threshold: 0.5,
      saturation: false,
    };
    const network = await drawn(specialised, [1, 1], backtrace, options);
    const first = 100 / (1 + Math.exp(3));
    expect(network).toMatchObject({ total: expect.closeTo(100, 4), totalAgainst: expect.closeTo(100 - first, 4) });
    const near = (relevance: number, against: number) => ({
      relevance: expect.closeTo(relevance, 4),
      against: expect.closeTo(against, 4),
    });
    expect(network.edges).toEqual([
      { from: 0, to: 1, ...near(100 - first, 100 - first) },
      { from: 1, to: 2, ...near(100, 100 - first) },
    ]);
    expect(network.nodes[1]).toMatchObject({
      sink: 0,
      lost: expect.closeTo(first, 4),
      against: { sink: 0, lost: expect.closeTo(0, 4) },
    });
  });

  it('leaves out what is not on the way from the input to what is explained', async () => {
    const graph = graphOf({
      inputs: [value('x', [1, 2])],
      outputs: ['y', 'other'],
      nodes: [
        node('Shape', ['x'], ['shape']),
        node('Relu', ['x'], ['y']),
        node('Exp', ['x'], ['other']),
        node('Neg', ['c'], ['constant']),
      ],
      initializers: { c: float32(Float32Array.of(1), [1]) },
    });
    const typed = await specialise(graph, new Map([['x', [1, 2]]]));
    const explained = { model: graph, graph: typed, input: 'x', of: 'x', output: 'y', target: 'first', layers: [] };
    expect(Object.keys(carried(networkOf(explained, undefined)))).toEqual(['x → y', 'y → y']);
  });
});

describe('the network of a sample', () => {
  let engine: Service;
  beforeAll(async () => {
    engine = new Service({ version: 'test' });
    await engine.initialize({ cacheDir: null, provider: 'cpu' });
  });
  afterAll(() => engine.dispose());

  const sample = (file: string): string => `media/sample/${file}`;
  const cat = { model: sample('imagenet/efficientnet-lite0.onnx'), image: sample('imagenet/photographs/chelsea.png') };
  const review = { model: sample('reviews/reviews.onnx'), textFile: sample('reviews/praise.txt') };
  const wine = { model: sample('wine/wine.onnx'), row: sample('wine/wines.csv:3') };

  it.each([
    ['srd', cat],
    ['backtrace', review],
    ['attn-lrp', review],
    ['backtrace', wine],
  ] as const)(
    'by %s: every operator gives on what it got, and the ends are those of the explanation',
    async (method, given) => {
      const explanation = await engine.explain({ ...given, method });
      const network = await engine.network({ explanation: explanation.id });
      const expected = explanation.conservation?.expected as number;
      expect(network.total).toBeCloseTo(expected, 3);
      for (const gap of gaps(network)) expect(Math.abs(gap)).toBeLessThanOrEqual(1e-4 * expected);
      // What stays, and what arrives, are known from the explanation itself.
      const { nodes, edges } = network;
      const stays = nodes.reduce((sum, { sink, lost }) => sum + sink + lost, 0);
      const arrives = edges.reduce(
        (sum, { from, relevance }) => (nodes[from].kind === 'input' ? sum + relevance : sum),
        0,
      );
      expect(Math.abs(stays - (explanation.conservation?.lost ?? 0))).toBeLessThanOrEqual(1e-4 * expected);
      expect(Math.abs(arrives - explanation.statistics.sum)).toBeLessThanOrEqual(1e-4 * expected);
      engine.release({ explanation: explanation.id });
    },
  );

  it('gives the map of any value that the method follows relevance to', async () => {
    const { id } = await engine.explain({ ...wine, method: 'backtrace' });
    const { nodes, edges } = await engine.network({ explanation: id });
    const index = nodes.findIndex(({ op }) => op === 'Relu');
    const { data } = await engine.valueMap({ explanation: id, value: nodes[index].id });
    const out = edges.reduce((sum, { from, relevance }) => (from === index ? sum + relevance : sum), 0);
    expect(data.reduce((sum, relevance) => sum + relevance, 0)).toBeCloseTo(out, 3);
    const plain = await engine.explain({ ...wine, method: 'gradient' });
    await expect(engine.valueMap({ explanation: plain.id, value: nodes[index].id })).rejects.toMatchObject({
      code: 'METHOD_WITHOUT_LAYERS',
    });
    await expect(engine.network({ explanation: 'none' })).rejects.toMatchObject({ code: 'EXPLANATION_GONE' });
  });

  it('follows two streams, each to the map of its own', async () => {
    const { id, conservation } = await engine.explain({ ...wine, method: 'backtrace', options: { mode: 'contrast' } });
    const { nodes, edges, total, totalAgainst = 0 } = await engine.network({ explanation: id });
    const expected = conservation?.expected as number;
    expect(total).toBeCloseTo(expected, 3);
    // What of a stream comes to the input is the sum of its map.
    const arrives = edges.filter(({ from }) => nodes[from].kind === 'input');
    const [input] = arrives.map(({ from }) => nodes[from].id);
    const sumOf = async (stream: 'positive' | 'negative' | 'both'): Promise<number> =>
      (await engine.valueMap({ explanation: id, value: input, stream })).data.reduce((sum, part) => sum + part, 0);
    const against = arrives.reduce((sum, edge) => sum + (edge.against as number), 0);
    const all = arrives.reduce((sum, { relevance }) => sum + relevance, 0);
    expect(await sumOf('negative')).toBeCloseTo(against, 3);
    expect(await sumOf('positive')).toBeCloseTo(all - against, 3);
    expect(await sumOf('both')).toBeCloseTo(all - 2 * against, 3);
    // Neither stream grows, nor is anything of it gone without a reason.
    const kept = nodes.reduce((sum, node) => sum + (node.against?.sink ?? 0) + (node.against?.lost ?? 0), 0);
    expect(Math.abs(against + kept - totalAgainst)).toBeLessThanOrEqual(1e-4 * expected);
  });

  it('tells the layer of the panel that shows a node, and that a contrast is left out', async () => {
    const { id, layers } = await engine.explain({ ...cat, method: 'srd', options: { contrastive: true } });
    const { nodes, withoutContrast, total } = await engine.network({ explanation: id });
    expect(withoutContrast).toBe(true);
    expect(total).toBeGreaterThan(1);
    const known = new Set(layers.map((layer) => layer.id));
    expect(nodes.filter(({ id: value, layer }) => known.has(value) && layer === value)).toHaveLength(known.size);
    expect(nodes.every(({ layer }) => layer === undefined || known.has(layer))).toBe(true);
  });
});
