import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import { readNpy, writeNpy } from '../../../src/inputs/npy';
import type { Progress } from '../../../src/protocol';
import { loadCase, relativeError } from '../../support/cases';
import { BLUE, RED, SIDE, Workspace } from '../../support/engine/workspace';

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

describe('a class activation map through the engine', () => {
  it('lies over the picture, one number a pixel', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const explanation = await engine.explain({ model, image, method: 'grad-cam', target: 0 });
    expect(explanation.map).toMatchObject({ width: SIDE, height: SIDE });
    // The channel of redness is 10 where the picture is red, and every location adds a 256th of it to the score.
    const rows = Array.from({ length: SIDE }, (_, y) => explanation.map.data.slice(y * SIDE, (y + 1) * SIDE));
    for (const row of rows) row.forEach((value, x) => void expect(value).toBeCloseTo(x < SIDE / 2 ? 10 / 256 : 0, 6));
  });

  it('takes the layer by a unique end of its name and says which it was', async () => {
    const golden = loadCase('B-vgg11_bn');
    const model = workspace.write('vgg.onnx', golden.bytes());
    const inputs = new Map([['input', workspace.write('input.npy', writeNpy(golden.inputs().input))]]);
    const expected = golden.expect.find(({ what }) => what === 'gradcam.raw');
    const options = { layer: 'features.27/Relu_output_0', upsample: 'false' };
    const question = { inputs, target: Number(expected?.target), options };
    const { answer, report, map } = await engine.attribute(model, 'grad-cam', question);
    expect(report.options.layer).toBe(golden.params.layer);
    expect(report.attribution).toMatchObject({ of: golden.params.layer, shape: [6, 6] });
    expect(map).toMatchObject({ width: 6, height: 6 });
    expect(relativeError(answer.attribution.map.data, expected?.array().data as Float32Array)).toBeLessThan(1e-4);
    const unknown = { ...question, options: { layer: 'nowhere' } };
    const failure = expect.objectContaining({ code: 'UNKNOWN_VALUE' });
    await expect(engine.attribute(model, 'grad-cam', unknown)).rejects.toThrow(failure);
  });

  it('is one graph by gradients, and none by loops', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const question = { image, target: 0 };
    const cam = await engine.attribute(model, 'grad-cam', question);
    await engine.write(cam, workspace.path('cam.onnx'));
    const noisy = await engine.attribute(model, 'smoothgrad', { ...question, options: { samples: 2 } });
    const failure = expect.objectContaining({ code: 'NOT_ONE_GRAPH' });
    await expect(engine.write(noisy, workspace.path('noisy.onnx'))).rejects.toThrow(failure);
  });
});

describe('a method that samples, through the engine', () => {
  it('shows what it has so far', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const seen: Progress[] = [];
    const context = {
      signal: new AbortController().signal,
      progress: (progress: Progress) => void seen.push(progress),
    };
    const explanation = await engine.explain(
      { model, image, method: 'smoothgrad', options: { samples: 300 } },
      context,
    );
    const partial = seen.filter((progress) => progress.partial);
    expect(partial.at(-1)?.fraction).toBe(1);
    expect(partial.at(-1)?.partial).toEqual(explanation.map);
  });

  it('stops when told', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const controller = new AbortController();
    const progress = ({ fraction = 0 }: Progress): void => {
      if (fraction > 0) controller.abort();
    };
    const question = { model, image, method: 'smoothgrad', options: { samples: 100_000 } };
    await expect(engine.explain(question, { signal: controller.signal, progress })).rejects.toThrow(/abort/i);
  });

  it('reads noise from a file', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const still = writeNpy({ dtype: 'float32', shape: [2, 3, SIDE, SIDE], data: new Float32Array(6 * SIDE * SIDE) });
    const options = { noise: workspace.write('noise.npy', still) };
    const question = { image, target: 0 };
    const smooth = await engine.attribute(model, 'smoothgrad', { ...question, options });
    const plain = await engine.attribute(model, 'gradient', question);
    await engine.write(smooth, workspace.path('smooth.npy'));
    const saved = readNpy(readFileSync(workspace.path('smooth.npy')));
    expect(saved.shape).toEqual([1, 3, SIDE, SIDE]);
    expect(relativeError(saved.data, plain.answer.attribution.map.data)).toBeLessThan(1e-6);
    const missing = { ...question, options: { noise: workspace.path('missing.npy') } };
    const failure = expect.objectContaining({ code: 'FILE_NOT_FOUND' });
    await expect(engine.attribute(model, 'smoothgrad', missing)).rejects.toThrow(failure);
  });
});
