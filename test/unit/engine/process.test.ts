import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineClient } from '../../../src/engine/client';
import { bundleProgram } from '../../support/engine/bundle';
import { BLUE, colours, RED, SIDE, Workspace } from '../../support/engine/workspace';

let module: string;
let workspace: Workspace;
beforeAll(async () => {
  module = await bundleProgram('src/engine/main.ts');
  workspace = new Workspace();
});
afterAll(() => workspace.remove());

const open: EngineClient[] = [];
afterEach(() => {
  for (const engine of open.splice(0)) engine.dispose();
});

function start(lines: string[] = []): EngineClient {
  const engine = new EngineClient({
    module,
    settings: () => ({ cacheDir: workspace.path('cache'), provider: 'cpu' }),
    log: (line) => lines.push(line),
  });
  open.push(engine);
  return engine;
}

describe('the engine as a process', () => {
  it('explains, with maps as typed arrays', async () => {
    const { api } = start();
    const params = { model: workspace.colours(), image: await workspace.picture('p.png', RED, BLUE), method: 'srd' };
    const progress: string[] = [];
    const explanation = await api.explain(params, { onProgress: ({ message }) => progress.push(message) });
    expect(explanation.target.label).toBe('red');
    expect(explanation.map.data).toBeInstanceOf(Float32Array);
    expect(explanation.map.data).toHaveLength(SIDE * SIDE);
    expect(explanation.photograph?.encoded).toBeInstanceOf(Uint8Array);
    expect(progress[0]).toBe('reading the picture');
    const layer = explanation.layers.at(-1)?.id ?? '';
    const field = await api.receptiveField({ explanation: explanation.id, layer, x: 1, y: 1 });
    expect(field.data[SIDE + 1]).toBeCloseTo(1, 6);
  });

  it('passes failures with their codes', async () => {
    const { api } = start();
    await expect(api.model({ path: workspace.path('no.onnx') })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(api.layerMaps({ explanation: 'x', layers: [] })).rejects.toMatchObject({ code: 'EXPLANATION_GONE' });
  });

  it('that is killed in mid-run gives a message, and the next request works', async () => {
    const engine = start();
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const first = await engine.api.explain({ model, image, method: 'srd' });
    const { pid } = await engine.start();
    const running = Promise.all([1, 2, 3].map(() => engine.api.explain({ model, image, method: 'srd' })));
    process.kill(pid, 'SIGKILL');
    await expect(running).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
    const layer = first.layers.at(-1)?.id ?? '';
    await expect(engine.api.receptiveField({ explanation: first.id, layer, x: 0, y: 0 })).rejects.toMatchObject({
      code: 'EXPLANATION_GONE',
    });
    expect((await engine.api.explain({ model, image, method: 'srd' })).map.data).toEqual(first.map.data);
  });

  it('shares its cache with others at work on the same model', async () => {
    const model = workspace.colours('shared.onnx', colours(7));
    const image = await workspace.picture('p.png', RED, BLUE);
    const explain = () => start().api.explain({ model, image, method: 'srd' });
    const [a, b, c] = await Promise.all([explain(), explain(), explain()]);
    expect(b.map.data).toEqual(a.map.data);
    expect(c.map.data).toEqual(a.map.data);
    expect([a, b, c].flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('is gone when it is disposed of', async () => {
    const engine = start();
    const { pid } = await engine.start();
    engine.dispose();
    const alive = (): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    for (let i = 0; i < 100 && alive(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive()).toBe(false);
  });
});
