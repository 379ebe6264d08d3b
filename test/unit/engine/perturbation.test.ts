import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import type { Question } from '../../../src/engine/explain';
import { writeNpy } from '../../../src/inputs/npy';
import { METHODS } from '../../../src/methods/index';
import { loadCase, relativeError } from '../../support/cases';
import { BLUE, RED, SIDE, Workspace } from '../../support/engine/workspace';
import { caseFile } from '../../support/perturbation';

/** Models without gradients, explained by what needs none. */
const PERTURBATION = METHODS.filter(({ info }) => info.family === 'perturbation').map(({ info }) => info.id);
/** So few samples that the tests stay short. */
const OPTIONS: Readonly<Record<string, Question['options']>> = {
  rise: { samples: 40 },
  lime: { samples: 40 },
  'kernel-shap': { samples: 128 },
  'shapley-sampling': { samples: 4 },
};

let workspace: Workspace;
let engine: Engine;
beforeAll(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: workspace.path('cache'), provider: 'cpu' });
});
afterAll(() => {
  engine.dispose();
  workspace.remove();
});

function given(name: string): { model: string; inputs: ReadonlyMap<string, string> } {
  const golden = loadCase(name);
  const model = workspace.write(`${name}/model.onnx`, golden.bytes());
  const inputs = Object.entries(golden.inputs()).map(([input, array]): [string, string] => [
    input,
    workspace.write(`${name}/${input}.npy`, writeNpy(array)),
  ]);
  return { model, inputs: new Map(inputs) };
}

it('has the methods', () => {
  expect(PERTURBATION).toEqual(
    expect.arrayContaining(['occlusion', 'rise', 'lime', 'kernel-shap', 'shapley-sampling', 'feature-ablation']),
  );
});

describe.each([
  'F-sklearn_gbr_pipeline',
  'F-sklearn_rf_classifier',
  'F-qoperator_int8',
  'F-if_else',
  'F-loop',
  'F-scan',
  'F-fp16',
  'F-two_inputs_two_outputs',
])('%s', (name) => {
  it.each(PERTURBATION)('by %s', async (method) => {
    const { model, inputs } = given(name);
    const { answer, report } = await engine.attribute(model, method, { inputs, options: OPTIONS[method] ?? {} });
    const { map, of } = answer.attribution;
    expect(map.shape).toEqual(loadCase(name).inputs()[of].shape);
    expect(map.data.some((value) => value !== 0)).toBe(true);
    expect(map.data.every(Number.isFinite)).toBe(true);
    if (['rise', 'lime', 'shapley-sampling'].includes(method)) expect(report.seed).toBe(0);
  });
});

describe('models without gradients', () => {
  it.each(['F-sklearn_gbr_pipeline', 'F-sklearn_rf_classifier'])(
    '%s is refused with the methods that work',
    async (name) => {
      const { model, inputs } = given(name);
      const [operator] = loadCase(name).params.expect_error_gradient as string[];
      await expect(engine.attribute(model, 'gradient', { inputs })).rejects.toMatchObject({
        code: 'UNSUPPORTED_OPERATOR',
        message: expect.stringContaining(`still work (${PERTURBATION.join(', ')})`),
        details: { op: expect.stringContaining(operator), methods: PERTURBATION },
      });
    },
  );

  it.each([
    ['F-sklearn_gbr_pipeline', { score: 'variable[0,0]' }],
    ['F-sklearn_rf_classifier', { score: 'probabilities[0,1]' }],
  ])('%s has its exact Shapley values', async (name, score) => {
    const { model, inputs } = given(name);
    const options = { baseline: caseFile(name, 'baseline.npy') };
    const { answer } = await engine.attribute(model, 'kernel-shap', { inputs, options, ...score });
    const exact = loadCase(name).expect.find(({ what }) => what === 'shapley.exact');
    const expected = exact?.array().data as Float32Array;
    expect(relativeError(answer.attribution.map.data, expected)).toBeLessThan(1e-4);
  });

  it('an operator that nothing can run is named', async () => {
    const { model, inputs } = given('F-custom_op');
    await expect(engine.attribute(model, 'occlusion', { inputs })).rejects.toMatchObject({
      details: { op: expect.stringContaining('FancyAct') },
    });
  });
});

describe('inner values', () => {
  it.each(['occlusion', 'feature-ablation', 'kernel-shap', 'rise'])('by %s', async (method) => {
    const golden = loadCase('C-small_cnn');
    const { model, inputs } = given('C-small_cnn');
    const layer = golden.graph().nodes.findLast(({ op }) => op === 'MaxPool')?.outputs[0] as string;
    const options = OPTIONS[method] ?? {};
    const { answer } = await engine.attribute(model, method, { inputs, at: layer, target: 1, options });
    const { map, of, score } = answer.attribution;
    expect(of).toBe(layer);
    expect(score).toBeCloseTo(golden.params.score as number, 4);
    // All channels of a location are hidden together.
    const [, channels, height, width] = map.shape;
    for (let i = 0; i < channels * height * width; i++) expect(map.data[i]).toBe(map.data[i % (height * width)]);
  });
});

describe('pictures', () => {
  let model: string;
  let image: string;
  beforeAll(async () => {
    model = workspace.colours();
    image = await workspace.picture('red-blue.png', RED, BLUE);
  });

  it('tell where the colour of the class is', async () => {
    for (const method of PERTURBATION) {
      const options: Question['options'] = method === 'lime' ? { baseline: 'zero' } : {};
      const { answer, map } = await engine.attribute(model, method, { image, target: 'red', options });
      const half = (right: boolean): number =>
        map.data.reduce((total, value, i) => (i % SIDE >= SIDE / 2 === right ? total + value : total), 0);
      expect(half(false), method).toBeGreaterThan(1.1 * Math.abs(half(true)));
      expect(answer.attribution.map.shape).toEqual([1, 3, SIDE, SIDE]);
    }
  });

  it('show partial maps on the way and stop when told to', async () => {
    const controller = new AbortController();
    const partial: unknown[] = [];
    const context = {
      signal: controller.signal,
      progress: (report: { partial?: unknown }) => {
        if (!report.partial) return;
        partial.push(report.partial);
        controller.abort(new Error('enough'));
      },
    };
    const question = { image, target: 'red', options: { samples: 100000 } };
    await expect(engine.attribute(model, 'rise', question, context)).rejects.toThrow('enough');
    expect(partial).toEqual([expect.objectContaining({ width: SIDE, height: SIDE })]);
  });
});
