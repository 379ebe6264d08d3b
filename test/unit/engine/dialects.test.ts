import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import { int, subgraph } from '../../../src/graph/attributes';
import { exportModel } from '../../../src/graph/export';
import type { Graph } from '../../../src/graph/ir';
import { bool, float32, int64 } from '../../../src/graph/tensor';
import { writeNpy } from '../../../src/inputs/npy';
import { loadCase, relativeError } from '../../support/cases';
import { Workspace } from '../../support/engine/workspace';
import { graphOf, node, value } from '../../support/graphs';

let workspace: Workspace;
let engine: Engine;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

describe('gradients of models of other dialects', () => {
  it.each(['F-if_then', 'F-if_else', 'F-loop', 'F-scan', 'F-fp16', 'F-fp16_weights_cast'])('%s', async (name) => {
    const golden = loadCase(name);
    const path = workspace.write('model.onnx', golden.bytes());
    const inputs = new Map(
      Object.entries(golden.inputs()).map(([input, array]) => [
        input,
        workspace.write(`${input}.npy`, writeNpy(array)),
      ]),
    );
    const grad = golden.expect.find(({ what }) => what === 'grad')!;
    const { answer } = await engine.attribute(path, 'gradient', { inputs, target: grad.target as number });
    const { of, map } = answer.attribution;
    expect(of).toBe(grad.of);
    // Float16 models too are computed in float32, so that nothing but the rounded weights tells them from float64.
    expect(relativeError(map.data, grad.array().data)).toBeLessThan(1e-4);
  });
});

describe('a loop that runs as long as the data say', () => {
  /** Doubles its input and adds one while the sum of its elements is below ten, at most fifty times or as often as it takes. */
  function doubling(most: '' | 'most'): Graph {
    const body = graphOf({
      inputs: [value('i', [], 'int64'), value('go', [], 'bool'), value('state', [1, 4])],
      outputs: [value('more', [], 'bool'), value('next', [1, 4])],
      nodes: [
        node('Add', ['state', 'state'], ['double']),
        node('Add', ['double', 'one'], ['next']),
        node('ReduceSum', ['next'], ['sum'], { keepdims: int(0) }),
        node('Less', ['sum', 'ten'], ['more']),
      ],
      initializers: { ten: float32([10], []), one: float32([1], []) },
    });
    return graphOf({
      inputs: [value('x', [1, 4])],
      outputs: [value('y', [1, 4])],
      nodes: [node('Loop', [most, 'start', 'x'], ['y'], { body: subgraph(body) })],
      initializers: { most: int64([50], []), start: bool([true], []) },
    });
  }

  const given = (most: '' | 'most') => {
    const path = workspace.write('loop.onnx', exportModel(doubling(most)));
    const x = { dtype: 'float32' as const, shape: [1, 4], data: Float32Array.of(0.5, 1, 0.25, 0.75) };
    return { path, inputs: new Map([['x', workspace.write('x.npy', writeNpy(x))]]) };
  };

  it.each(['gradient', 'lrp', 'deeplift'])('has no %s, and says which node is in the way', async (method) => {
    const { path, inputs } = given('');
    await expect(engine.attribute(path, method, { inputs, target: 1 })).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      message: expect.stringContaining('Loop'),
    });
  });

  it('has a gradient where the model bounds it', async () => {
    const { path, inputs } = given('most');
    const { answer } = await engine.attribute(path, 'gradient', { inputs, target: 1 });
    expect(Array.from(answer.attribution.map.data)).toEqual([0, 4, 0, 0]);
  });

  it.each(['feature-ablation', 'shapley-sampling'])('is explained by %s', async (method) => {
    const { path, inputs } = given('');
    const { answer, report } = await engine.attribute(path, method, { inputs, target: 1 });
    // The sum goes from 2.5 to 9 to 22, the element from 1 to 3 to 7.
    expect(report.target.score).toBe(7);
    expect(answer.attribution.map.data.every(Number.isFinite)).toBe(true);
    expect(answer.attribution.map.data[1]).toBeGreaterThan(0);
  });
});
