import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import * as vscode from 'vscode';
import {
  activated,
  chelsea,
  closeEverything,
  explained,
  glyphs,
  golden,
  hexagon,
  lite0,
  ready,
  shown,
} from './support';

/** The largest difference, as a share of the expected array's largest magnitude. */
function deviation(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  let most = 0;
  let largest = 0;
  for (const [i, value] of expected.entries()) {
    most = Math.max(most, Math.abs(actual[i] - value));
    largest = Math.max(largest, Math.abs(value));
  }
  return most / largest;
}

describe('explaining', () => {
  afterEach(closeEverything);

  it('is on the air without a command: the workspace holds a model', () => {
    const extension = vscode.extensions.getExtension('model-prism.model-prism');
    assert.equal(extension?.isActive, true);
  });

  it('gives the numbers of the golden case in the panel, contrastive unless the settings say otherwise', async () => {
    const explanation = ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(chelsea())));
    assert.equal(explanation.model.path, lite0());
    assert.equal(explanation.method.id, 'srd');
    assert.equal(explanation.target.label, 'tiger cat');
    assert.equal(explanation.target.index, 282);
    assert.ok(Math.abs(explanation.target.score - 9.214976845180228) < 1e-3, `score ${explanation.target.score}`);
    assert.deepEqual([explanation.map.width, explanation.map.height], [224, 224]);
    const off = deviation(explanation.map.data, golden('srd-lite0-chelsea/srd.class.contrastive.282.npy'));
    assert.ok(off < 1e-4, `the class map is off by ${off} of its maximum`);
    const { conservation, statistics } = explanation;
    assert.ok(conservation && Math.abs(conservation.residual) < 1e-4 * explanation.target.score);
    const sum = explanation.map.data.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(sum - statistics.sum) < 1e-3);
  });

  it('gives the numbers of the golden case for another class, contrastive, and at a layer', async () => {
    const { engine } = await activated();
    const question = { model: lite0(), image: chelsea(), method: 'srd' };
    const other = await engine.api.explain({ ...question, target: 'Egyptian cat' });
    assert.ok(deviation(other.map.data, golden('srd-lite0-chelsea/srd.class.285.npy')) < 1e-4);
    const contrastive = await engine.api.explain({ ...question, target: 282, options: { contrastive: true } });
    assert.ok(deviation(contrastive.map.data, golden('srd-lite0-chelsea/srd.class.contrastive.282.npy')) < 1e-4);
    const plain = await engine.api.explain({ ...question, target: 282 });
    const [layer] = await engine.api.layerMaps({ explanation: plain.id, layers: ['/_blocks.9/Add_output_0'] });
    assert.ok(deviation(layer.data, golden('srd-lite0-chelsea/srd.layer.4.282.npy')) < 1e-4);
    const field = await engine.api.receptiveField({
      explanation: plain.id,
      layer: '/_blocks.9/Add_output_0',
      x: 7,
      y: 7,
    });
    assert.ok(Math.abs(field.data.reduce((total, value) => total + value, 0) - 1) < 1e-4, 'an ERF sums to 1');
  });

  it('takes the model that a picture lies with', async () => {
    const explanation = ready(await explained('modelPrism.explain', vscode.Uri.file(hexagon())));
    assert.equal(explanation.model.path, glyphs());
    assert.equal(explanation.target.label, 'hexagon');
  });

  it('goes on with the method used last', async () => {
    ready(await explained('modelPrism.explainWith.gradient', vscode.Uri.file(hexagon())));
    const next = ready(await explained('modelPrism.explain', vscode.Uri.file(hexagon())));
    assert.equal(next.method.id, 'gradient');
    ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon())));
  });

  it('uses one panel for one picture after the other, and one each for several', async () => {
    const { panels } = await activated();
    const pair = [hexagon(), hexagon().replace('plain', 'watermark')].map((file) => vscode.Uri.file(file));
    await explained('modelPrism.explain', pair[0]);
    ready(await explained('modelPrism.explain', pair[1]));
    assert.equal(panels().length, 1);
    await explained('modelPrism.explain', pair[0], pair);
    assert.deepEqual(
      panels()
        .map((state) => ready(state).target.label)
        .sort(),
      ['checkered square', 'hexagon'],
    );
  });

  it('applies the options of the settings', async () => {
    const settings = vscode.workspace.getConfiguration('modelPrism');
    await settings.update('methodOptions', { srd: { contrastive: false } }, vscode.ConfigurationTarget.Workspace);
    try {
      const explanation = ready(await explained('modelPrism.explainWith.srd', vscode.Uri.file(hexagon())));
      assert.equal(explanation.options.contrastive, false);
      const { target, statistics } = explanation;
      assert.ok(Math.abs(statistics.sum - target.score) < 1e-3 * target.score, 'relevance sums to the score');
    } finally {
      await settings.update('methodOptions', undefined, vscode.ConfigurationTarget.Workspace);
    }
  });

  it('explains what is open in the active editor', async () => {
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(hexagon()));
    const state = await explained('modelPrism.explainActiveImage');
    assert.equal(ready(state).photograph?.path, hexagon());
    assert.equal((await shown()).question?.image, hexagon());
  });
});
