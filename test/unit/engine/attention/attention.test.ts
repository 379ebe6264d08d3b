import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Heads, reduced } from '../../../../src/engine/attention/heads';
import { Service } from '../../../../src/engine/service';
import { specialise } from '../../../../src/graph/specialise';
import { float32, int64 } from '../../../../src/graph/tensor';
import { attentionRelevance } from '../../../../src/methods/attention-relevance';
import { graphOf, node, value } from '../../../support/graphs';
import { testRuntime } from '../../../support/runtime';

/** x [1, 2 heads, 3 tokens, 2]; A = softmax(x xᵀ), y = the sum of A V over heads. */
const x = [0.5, -1, 1, 2, -0.3, 0.8, 1.5, 0.2, -0.7, 0.4, 0.1, -1.1];
const values = [1, -2, 3, 0.5, -1, 2];

const softmax = (row: readonly number[]): number[] => {
  const exps = row.map(Math.exp);
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((part) => part / sum);
};

/** The weights of a head, by the definition. */
function weightsOf(head: number): number[][] {
  const token = (at: number): number[] => x.slice(6 * head + 2 * at, 6 * head + 2 * at + 2);
  const rows = [0, 1, 2];
  return rows.map((i) => softmax(rows.map((j) => token(i)[0] * token(j)[0] + token(i)[1] * token(j)[1])));
}

describe('relevance of attention weights', () => {
  it('is what is positive of the weights times the gradient', async () => {
    const graph = graphOf({
      inputs: [value('x', [1, 2, 3, 2])],
      outputs: ['y'],
      nodes: [
        node('Transpose', ['x'], ['k'], { perm: { type: 'ints', value: [0, 1, 3, 2] } }),
        node('MatMul', ['x', 'k'], ['s']),
        node('Softmax', ['s'], ['a'], { axis: { type: 'int', value: -1 } }),
        node('Add', ['zero', 'v'], ['v2']),
        node('Mul', ['x', 'zero'], ['none']),
        node('Add', ['none', 'v2'], ['value']),
        node('MatMul', ['a', 'value'], ['o']),
        node('ReduceSum', ['o', 'axes'], ['y'], { keepdims: { type: 'int', value: 0 } }),
      ],
      initializers: {
        zero: float32(Float32Array.of(0), [1]),
        v: float32(Float32Array.from([...values, ...values]), [1, 2, 3, 2]),
        axes: int64([1, 2]),
      },
    });
    const specialised = await specialise(graph, new Map([['x', [1, 2, 3, 2]]]));
    const subject = {
      graph: specialised,
      feeds: new Map([['x', { dtype: 'float32', shape: [1, 2, 3, 2], data: Float32Array.from(x) } as const]]),
      input: 'x',
      score: { output: 'y', select: [0, 0] },
    };
    const { shape, data } = await attentionRelevance.attention!(subject, 'a', {}, testRuntime());
    expect(shape).toEqual([1, 2, 3, 3]);
    // y₀ = Σ A_ij v_j0: the gradient by A_ij is v_j0.
    const expected = [0, 1].flatMap((head) =>
      weightsOf(head).flatMap((row) => row.map((weight, j) => Math.max(0, weight * values[2 * j]))),
    );
    expect([...data]).toEqual(expected.map((part) => expect.closeTo(part, 5)));
  });
});

describe('matrices of heads', () => {
  const data = Float32Array.from({ length: 2 * 3 * 2 * 4 }, (_, i) => (i % 7) - 3);

  it('are one by one, and together, of the item that is looked at', () => {
    const heads = new Heads({ dtype: 'float32', shape: [2, 3, 2, 4], data }, 2, 1);
    expect(heads).toMatchObject({ count: 3, queries: 2, keys: 4 });
    expect([...heads.matrix(1, 'mean').data]).toEqual([...data.subarray(32, 40)]);
    const sums = Array.from({ length: 8 }, (_, i) => data[24 + i] + data[32 + i] + data[40 + i]);
    expect([...heads.matrix('all', 'sum').data]).toEqual(sums);
    expect([...heads.matrix('all', 'mean').data]).toEqual(sums.map((sum) => expect.closeTo(sum / 3, 6)));
    expect(() => heads.matrix(3, 'mean')).toThrow(/3 heads/);
    // Heads may lie with the batch in one axis.
    expect(new Heads({ dtype: 'float32', shape: [6, 2, 4], data }, 2, 1)).toMatchObject({ count: 3 });
  });

  it('keep the strongest of every block where they are too large', () => {
    const map = { width: 5, height: 3, data: Float32Array.from([1, -9, 2, 3, 4, 5, 6, -7, 0, 1, 2, 2, 2, 2, -8]) };
    expect(reduced(map, 5)).toEqual({ map, each: 1 });
    expect(reduced(map, 3)).toEqual({
      each: 2,
      map: { width: 3, height: 2, data: Float32Array.from([-9, -7, 4, 2, 2, -8]) },
    });
  });
});

describe('the attention of a sample', () => {
  let engine: Service;
  beforeAll(async () => {
    engine = new Service({ version: 'test' });
    await engine.initialize({ cacheDir: null, provider: 'cpu' });
  });
  afterAll(() => engine.dispose());

  const review = { model: 'media/sample/reviews/reviews.onnx', textFile: 'media/sample/reviews/praise.txt' };

  it('is fetched layer by layer, and what goes through it adds up as in the network', async () => {
    const { id, text } = await engine.explain({ ...review, method: 'backtrace' });
    const { layers, relevance, grid } = await engine.attentions({ explanation: id });
    expect(relevance).toBe(true);
    expect(grid).toBeUndefined();
    const tokens = text?.tokens.length as number;
    const network = await engine.network({ explanation: id });
    for (const { value: layer, heads, queries, keys } of layers) {
      expect([queries, keys]).toEqual([tokens, tokens]);
      const asked = { explanation: id, layer } as const;
      const whole = await engine.attentionHead({ ...asked, kind: 'weights', head: 'all' });
      // Every token shares itself out.
      for (let row = 0; row < queries; row++) {
        const sum = whole.map.data.subarray(row * keys, (row + 1) * keys).reduce((total, part) => total + part, 0);
        expect(sum).toBeCloseTo(1, 5);
      }
      const small = await engine.attentionHeads({ ...asked, kind: 'weights', size: 8 });
      expect(small).toHaveLength(heads);
      expect(Math.max(small[0].width, small[0].height)).toBeLessThanOrEqual(8);
      const through = await engine.attentionHead({ ...asked, kind: 'relevance', head: 'all' });
      const made = network.nodes.findIndex((drawn) => drawn.id === layer);
      const came = network.edges.reduce((sum, edge) => (edge.from === made ? sum + edge.relevance : sum), 0);
      expect(through.map.data.reduce((sum, part) => sum + part, 0)).toBeCloseTo(came, 3);
    }
    await expect(
      engine.attentionHead({ explanation: id, layer: layers[0].value, kind: 'weights', head: 99 }),
    ).rejects.toMatchObject({ code: 'PFV_OUT_OF_RANGE' });
    await expect(
      engine.attentionHead({ explanation: id, layer: 'nothing', kind: 'weights', head: 0 }),
    ).rejects.toMatchObject({ code: 'PFV_UNKNOWN_LAYER' });
  });

  it('lies in a picture as its patches do, and is shown whatever the method', async () => {
    const { id } = await engine.explain({
      model: 'test/cases/models/vit/model.onnx',
      image: 'media/sample/imagenet/photographs/chelsea.png',
      method: 'gradient',
    });
    const { layers, relevance, grid } = await engine.attentions({ explanation: id });
    expect(relevance).toBe(false);
    expect(grid).toBeDefined();
    const { width = 0, height = 0, first = 0 } = grid ?? {};
    expect(first + width * height).toBe(layers[0].keys);
    await expect(
      engine.attentionHead({ explanation: id, layer: layers[0].value, kind: 'relevance', head: 0 }),
    ).rejects.toMatchObject({ code: 'METHOD_WITHOUT_LAYERS' });
  });

  it('is told to be missing where there is none', async () => {
    const { id } = await engine.explain({
      model: 'media/sample/wine/wine.onnx',
      row: 'media/sample/wine/wines.csv:3',
      method: 'gradient',
    });
    await expect(engine.attentions({ explanation: id })).rejects.toMatchObject({ code: 'NO_ATTENTION' });
  });
});
