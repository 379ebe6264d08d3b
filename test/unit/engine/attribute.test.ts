import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import type { Question } from '../../../src/engine/explain';
import { exportModel } from '../../../src/graph/export';
import { importModel } from '../../../src/graph/import';
import type { NdArray } from '../../../src/graph/ndarray';
import { writeNpy } from '../../../src/inputs/npy';
import { type Expectation, loadCase } from '../../support/cases';
import { colours, RED, SIDE, Workspace } from '../../support/engine/workspace';
import { run } from '../../support/run';

/** What only the command line can ask, against the authors' numbers. */
const golden = loadCase('srd-chain-small');

let workspace: Workspace;
let engine: Engine;
let model: string;
let inputs: ReadonlyMap<string, string>;
beforeAll(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: workspace.path('cache'), provider: 'cpu' });
  model = workspace.write('model.onnx', golden.bytes());
  inputs = new Map(
    Object.entries(golden.inputs()).map(([name, array]) => [name, workspace.write(`${name}.npy`, writeNpy(array))]),
  );
});
afterAll(() => {
  engine.dispose();
  workspace.remove();
});

const attribution = async (question: Question, method = 'srd') => {
  const { answer } = await engine.attribute(model, method, { inputs, ...question });
  return answer.attribution;
};

/** The largest difference, as a share of the largest value. */
function difference(actual: ArrayLike<number>, expectation: Expectation): number {
  const expected = expectation.array().data as Float32Array;
  expect(actual).toHaveLength(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i])), 0) / largest;
}

const expected = (what: string): Expectation[] => golden.expect.filter((expectation) => expectation.what === what);
const options = { head: 'gap' };

describe('srd through the engine', () => {
  it('gives the class maps', async () => {
    const [plain] = expected('srd.class');
    expect(difference((await attribution({ target: 0, options })).map.data, plain)).toBeLessThan(1e-5);
    const [contrastive] = expected('srd.class.contrastive');
    const question = { target: 0, options: { ...options, contrastive: 'true' } };
    expect(difference((await attribution(question)).map.data, contrastive)).toBeLessThan(1e-5);
  });

  it('gives the maps of inner layers, named by the ends of their names', async () => {
    for (const layer of expected('srd.layer')) {
      const at = layer.of.slice(3);
      const found = await attribution({ target: 0, options, at });
      expect(found.of).toBe(layer.of);
      expect(difference(found.map.data, layer)).toBeLessThan(1e-5);
    }
  });

  it('gives receptive fields', async () => {
    for (const field of expected('srd.erf')) {
      const { layer, y, x } = field.params as { layer: string; y: number; x: number };
      const found = await attribution({ target: 0, options, erf: { value: layer, y, x } });
      expect(difference(found.map.data, field)).toBeLessThan(1e-5);
      expect(found.conservation?.residual).toBeCloseTo(0, 5);
    }
  });

  it('explains a written score as it does the class', async () => {
    const byClass = await attribution({ target: 3, options });
    const output = importModel(model).outputs[0].name;
    const { answer } = await engine.attribute(model, 'srd', { inputs, options, score: `${output}[0,3]` });
    expect(answer.attribution.map.data).toEqual(byClass.map.data);
    expect(answer.target).toMatchObject({ index: 3, score: byClass.score });
    const sum = await engine.attribute(model, 'srd', { inputs, options, score: `${output}[0,:]` });
    expect(sum.answer.target.index).toBeNull();
    expect(sum.answer.target.label).toBe(`${output}[0,:]`);
  });

  it('refuses values and scores that do not exist', async () => {
    await expect(attribution({ options, at: 'nowhere' })).rejects.toMatchObject({ code: 'UNKNOWN_VALUE' });
    await expect(attribution({ options, at: 'Relu_output_0' })).rejects.toMatchObject({ code: 'AMBIGUOUS_VALUE' });
    await expect(attribution({ options, score: 'nope[0]' })).rejects.toMatchObject({ code: 'UNKNOWN_OUTPUT' });
  });
});

describe('srd saved as a graph', () => {
  const save = async (question: Question): Promise<Record<string, NdArray>> => {
    const explained = await engine.attribute(model, 'srd', { inputs, options, target: 0, ...question });
    const path = workspace.path('explanation.onnx');
    await engine.write(explained, path);
    const graph = importModel(path);
    const weights = graph.inputs.find(({ name }) => name.includes('weights'));
    const shape = weights?.shape as number[];
    const hot = new Float32Array(shape.reduce((a, b) => a * b, 1));
    hot[0] = 1;
    const feeds = { ...golden.inputs(), [weights?.name ?? '']: { dtype: 'float32' as const, shape, data: hot } };
    expect(graph.inputs.map(({ name }) => name).sort()).toEqual(Object.keys(feeds).sort());
    return run(graph, feeds);
  };

  it('gives the same maps elsewhere', async () => {
    const [plain] = expected('srd.class');
    expect(difference((await save({})).relevance.data as Float32Array, plain)).toBeLessThan(1e-5);
    const [contrastive] = expected('srd.class.contrastive');
    const { relevance } = await save({ options: { ...options, contrastive: true } });
    expect(difference(relevance.data as Float32Array, contrastive)).toBeLessThan(1e-5);
    for (const layer of expected('srd.layer')) {
      expect(difference((await save({ at: layer.of })).relevance.data as Float32Array, layer)).toBeLessThan(1e-5);
    }
  });

  it('shares out what a class token kept, as the explanation does', async () => {
    const vit = loadCase('srd-vit');
    const path = workspace.write('vit.onnx', vit.bytes());
    const [[name, array]] = Object.entries(vit.inputs());
    const arrays = new Map([[name, workspace.write('vit.npy', writeNpy(array))]]);
    const question = { inputs: arrays, target: 1, options: { 'class-token': 'redistribute' } };
    const explained = await engine.attribute(path, 'srd', question);
    await engine.write(explained, workspace.path('vit-explanation.onnx'));
    const graph = importModel(workspace.path('vit-explanation.onnx'));
    const shape = explained.answer.attribution.output.shape;
    const weights = Float32Array.from({ length: shape[1] }, (_, index) => (index === 1 ? 1 : 0));
    const feeds = { [name]: array, 'score weights': { dtype: 'float32' as const, shape, data: weights } };
    const { relevance } = await run(graph, feeds);
    const { data } = explained.answer.attribution.map;
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(relevance.data).toHaveLength(data.length);
    data.forEach((value, i) => {
      expect(Math.abs(value - Number(relevance.data[i]))).toBeLessThan(1e-4 * largest);
    });
  });

  it('is refused for receptive fields', async () => {
    const erf = { value: expected('srd.layer')[0].of, y: 0, x: 0 };
    await expect(save({ erf })).rejects.toMatchObject({ code: 'NOT_ONE_GRAPH' });
  });
});

describe('arrays', () => {
  it('of another width are converted', async () => {
    const [[name, array]] = Object.entries(golden.inputs());
    const wide = { ...array, dtype: 'float64' as const, data: Float64Array.from(array.data as Float32Array) };
    const file = workspace.write('wide.npy', writeNpy(wide));
    const [plain] = expected('srd.class');
    const found = await attribution({ inputs: new Map([[name, file]]), target: 0, options });
    expect(difference(found.map.data, plain)).toBeLessThan(1e-5);
  });

  it('of the wrong shape are refused, saying which is right', async () => {
    const [name] = Object.keys(golden.inputs());
    const file = workspace.write(
      'small.npy',
      writeNpy({ dtype: 'float32', shape: [1, 3, 5], data: new Float32Array(15) }),
    );
    await expect(attribution({ inputs: new Map([[name, file]]) })).rejects.toMatchObject({ code: 'INPUT_SHAPE' });
  });

  it('must name the inputs there are', async () => {
    await expect(attribution({ inputs: new Map([['x', 'a.npy']]) })).rejects.toMatchObject({ code: 'UNKNOWN_INPUT' });
    const [name] = Object.keys(golden.inputs());
    await expect(attribution({ inputs: new Map([[name, 'no.npy']]) })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});

describe('a gradient through the engine', () => {
  it('of an inner value has its shape', async () => {
    const [layer] = expected('srd.layer');
    const { map, of } = await attribution({ target: 0, at: layer.of }, 'gradient');
    expect(of).toBe(layer.of);
    expect(map.shape).toHaveLength(4);
  });

  it('knows no receptive fields, and says what does', async () => {
    const erf = { value: expected('srd.layer')[0].of, y: 0, x: 0 };
    await expect(attribution({ erf }, 'gradient')).rejects.toMatchObject({
      code: 'METHOD_WITHOUT_LAYERS',
      message: expect.stringContaining('srd'),
    });
  });
});

describe('a region', () => {
  it('limits a dense output to its positions', async () => {
    const graph = colours();
    const dense = workspace.write(
      'dense.onnx',
      exportModel({
        ...graph,
        nodes: [graph.nodes[0], { ...graph.nodes[1], outputs: ['logits'] }],
        outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 3, SIDE, SIDE] }],
      }),
    );
    const image = await workspace.picture('p.png', RED, RED);
    const mask = new Float32Array(SIDE * SIDE);
    mask[3] = 1;
    const region = workspace.write('mask.npy', writeNpy({ dtype: 'float32', shape: [SIDE, SIDE], data: mask }));
    const ask = (more: Question) => engine.attribute(dense, 'gradient', { image, target: 0, ...more });
    const whole = await ask({});
    // 10 times redness, at every place.
    expect(whole.answer.target.score).toBeGreaterThan(2000);
    const limited = await ask({ region });
    expect(limited.map.data[3]).toBeCloseTo(whole.map.data[3], 5);
    expect(limited.map.data[4]).toBe(0);
    const picture = await workspace.picture('mask.png', [0, 0, 0], [255, 255, 255]);
    const right = await ask({ region: picture });
    expect(right.map.data[0]).toBe(0);
    expect(right.map.data[SIDE - 1]).toBeCloseTo(whole.map.data[3], 5);
    await expect(ask({ region: workspace.path('no.npy') })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    const empty = workspace.write(
      'none.npy',
      writeNpy({ dtype: 'float32', shape: [SIDE, SIDE], data: new Float32Array(SIDE * SIDE) }),
    );
    await expect(ask({ region: empty })).rejects.toMatchObject({ code: 'EMPTY_REGION' });
    const holes = workspace.write(
      'holes.npy',
      writeNpy({ dtype: 'float32', shape: [SIDE, SIDE], data: new Float32Array(SIDE * SIDE).fill(Number.NaN) }),
    );
    await expect(ask({ region: holes })).rejects.toMatchObject({ code: 'REGION_INVALID' });
  });
});
