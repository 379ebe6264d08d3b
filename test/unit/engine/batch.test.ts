import { describe, expect, it } from 'vitest';
import { batched, batchSize } from '../../../src/engine/batch';
import type { Graph } from '../../../src/graph/ir';
import { specialise } from '../../../src/graph/specialise';
import { float32, int64 } from '../../../src/graph/tensor';
import { loadCase } from '../../support/cases';
import { graphOf, node, value } from '../../support/graphs';

const shapes = (graph: Graph) => graph.outputs.map(({ shape }) => shape);

describe('several inputs at once', () => {
  const double = (first: number | string | null, rows = -1): Graph =>
    graphOf({
      inputs: [value('x', [first, 6])],
      outputs: [value('y', [first, 6])],
      nodes: [node('Reshape', ['x', 'shape'], ['r']), node('Add', ['r', 'one'], ['y'])],
      initializers: { shape: int64([rows, 6]), one: float32([1]) },
    });
  const one = new Map([['x', [1, 6]]]);

  it.each(['batch', null, 1])('are taken where the first dimension is %s', async (first) => {
    const graph = await batched(double(first), one, 8);
    expect(graph?.inputs[0].shape).toEqual([8, 6]);
    expect(graph && shapes(graph)).toEqual([[8, 6]]);
  });

  it('leave an output as it is whose shape the model fixes inside', async () => {
    const graph = await batched(double('batch', 1), one, 8);
    expect(graph && shapes(graph)).toEqual([[1, 6]]);
  });

  it('are not where the input holds several already', async () => {
    expect(await batched(double(2), new Map([['x', [2, 6]]]), 8)).toBeUndefined();
  });

  it.each(['F-if_then', 'F-if_else'])('are not where %s branches by what it sees', async (name) => {
    const golden = loadCase(name);
    const [[input, { shape }]] = Object.entries(golden.inputs());
    expect(await batched(golden.graph(), new Map([[input, shape]]), 4)).toBeUndefined();
  });

  it('are not where their common range scales them', async () => {
    const graph = graphOf({
      inputs: [value('x', ['batch', 4])],
      outputs: [value('y', ['batch', 4])],
      nodes: [node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']), node('DequantizeLinear', ['q', 's', 'z'], ['y'])],
    });
    expect(await batched(graph, new Map([['x', [1, 4]]]), 4)).toBeUndefined();
  });

  it.each(['F-sklearn_rf_classifier', 'A-lstm_bi2', 'C-small_cnn'])('are taken by %s', async (name) => {
    const golden = loadCase(name);
    const single = new Map(Object.entries(golden.inputs()).map(([input, { shape }]) => [input, shape]));
    const [before, after] = [await specialise(golden.graph(), single), await batched(golden.graph(), single, 4)];
    expect(after && shapes(after)).toEqual(shapes(before).map((shape) => [4, ...(shape ?? []).slice(1)]));
  });
});

describe('the size of a batch', () => {
  /** A graph whose values take so many bytes. */
  const making = (bytes: number): Graph =>
    graphOf({
      inputs: [value('x', [1, bytes / 4])],
      outputs: [value('y', [1, bytes / 4])],
      nodes: [node('Relu', ['x'], ['y'])],
    });
  const sizeOf = async (bytes: number, provider: 'cpu' | 'cuda', limit: number): Promise<number> =>
    batchSize(await specialise(making(bytes)), provider, limit);

  it('is as large as the provider takes well, and not much larger than what there is to do', async () => {
    expect(await sizeOf(2 ** 20, 'cpu', 1000)).toBe(16);
    expect(await sizeOf(2 ** 20, 'cuda', 1000)).toBe(256);
    expect(await sizeOf(2 ** 22, 'cuda', 1000)).toBe(128);
    expect(await sizeOf(2 ** 25, 'cpu', 1000)).toBe(1);
    expect(await sizeOf(400, 'cpu', 1000)).toBe(256);
    expect(await sizeOf(400, 'cpu', 20)).toBe(32);
    expect(await sizeOf(400, 'cpu', 1)).toBe(1);
  });
});
