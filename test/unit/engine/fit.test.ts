import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../../../src/engine/service';
import { METHODS } from '../../../src/methods/index';
import { BLUE, colours, RED, Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
let service: Service;

beforeEach(async () => {
  workspace = new Workspace();
  service = new Service({ version: 'test' });
  await service.initialize({ cacheDir: null, provider: 'cpu' });
});

afterEach(() => {
  service.dispose();
  workspace.remove();
});

/** The same model with the determinant of each channel as its logits: no gradient passes it. */
function determinants() {
  const { nodes } = colours();
  const [mix, act] = nodes;
  const det = { op: 'Det', domain: '', name: '/Det', inputs: act.outputs, outputs: ['logits'], attributes: {} };
  return colours(10, { nodes: [mix, act, det] });
}

describe('methods that a model is beyond', () => {
  it.each([
    ['a model of everyday operators', () => colours()],
    ['a model with an operator that has no gradient', determinants],
  ])('are those whose explanations fail: %s', async (_, graph) => {
    const model = workspace.colours('model.onnx', graph());
    const image = await workspace.picture('p.png', RED, BLUE);
    const failing: string[] = [];
    for (const { info } of METHODS) {
      await service.explain({ model, image, method: info.id }).catch(() => failing.push(info.id));
    }
    const unfit = await service.unfit({ model });
    expect(unfit.map(({ method }) => method)).toEqual(failing);
  });

  it('name the operator, and methods that work', async () => {
    const unfit = await service.unfit({ model: workspace.colours('model.onnx', determinants()) });
    const gradient = unfit.find(({ method }) => method === 'gradient');
    expect(gradient?.error.code).toBe('UNSUPPORTED_OPERATOR');
    expect(gradient?.error.message).toMatch(/Det.*occlusion/s);
  });
});
