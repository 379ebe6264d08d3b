import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import { int } from '../../../src/graph/attributes';
import { exportModel } from '../../../src/graph/export';
import { float32 } from '../../../src/graph/tensor';
import { readNpy } from '../../../src/inputs/npy';
import type { Progress } from '../../../src/protocol';
import { BLUE, COLOUR_SETTINGS, colours, RED, SIDE, Workspace } from '../../support/engine/workspace';
import { run } from '../../support/run';

let workspace: Workspace;
let engine: Engine;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: workspace.path('cache'), provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

const failure = (code: string) => expect.objectContaining({ code });

describe('a prediction', () => {
  it('is what can be worked out by hand', async () => {
    const { top, provider } = await engine.predict({
      model: workspace.colours(),
      image: await workspace.picture('p.png', RED, BLUE),
    });
    expect(top.map(({ label }) => label)).toEqual(['red', 'blue', 'green']);
    expect(top[0].score).toBeCloseTo(5, 5);
    expect(top[2].score).toBeCloseTo(0, 5);
    expect(top[0].probability).toBeCloseTo(Math.exp(5) / (2 * Math.exp(5) + 1), 5);
    expect(provider).toBe('cpu');
  });
});

describe('what is said of a model', () => {
  it('comes from the file and what lies beside it', async () => {
    const path = workspace.colours();
    const info = await engine.model({ path });
    expect(info).toMatchObject({
      name: 'colours.onnx',
      inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, SIDE, SIDE] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 3] }],
      task: 'image-classification',
      parameters: 12,
      opset: 21,
      configPath: workspace.path('colours.prism.json'),
      warnings: [],
    });
    expect(info.settings).toContainEqual({ key: 'input.scale', value: '1/255', origin: 'prism.json' });
    expect(info.settings).toContainEqual({ key: 'labels', value: '3 names', origin: 'labels file' });
  });

  it('is read again when the settings change', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, RED);
    expect((await engine.predict({ model, image })).top[0].score).toBeCloseTo(10, 5);
    const input = { ...COLOUR_SETTINGS.input, scale: '1/510' };
    workspace.write('colours.prism.json', JSON.stringify({ ...COLOUR_SETTINGS, input }));
    expect((await engine.predict({ model, image })).top[0].score).toBeCloseTo(5, 5);
    workspace.write('labels.txt', 'rouge\nvert\nbleu\n');
    expect((await engine.predict({ model, image })).top[0].label).toBe('rouge');
  });

  it('is read again when the model was trained on', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, RED);
    await engine.predict({ model, image });
    writeFileSync(model, exportModel(colours(20)));
    expect((await engine.predict({ model, image })).top[0].score).toBeCloseTo(20, 4);
  });

  it('holds for what came before, which says so when it needs the old weights', async () => {
    await engine.initialize({ cacheDir: null, provider: 'cpu' });
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id } = await engine.explain({ model, image, method: 'srd' });
    writeFileSync(model, exportModel(colours(20)));
    const field = () => engine.receptiveField({ explanation: id, layer: '/act/Relu_output_0', x: 1, y: 1 });
    expect((await field()).data[SIDE + 1]).toBeCloseTo(1, 5);
    // Never asked before: its graph has to be built now.
    const readers = engine.readers({ explanation: id, layer: '/act/Relu_output_0', x: 1, y: 1 });
    await expect(readers).rejects.toThrow(failure('MODEL_CHANGED'));
  });

  it('is read once when it is asked for twice', async () => {
    const path = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const both = [1, 2].map(() => engine.explain({ model: path, image, method: 'srd' }));
    const [a, b] = await Promise.all(both);
    expect(b.map.data).toEqual(a.map.data);
  });

  it('names missing labels in a warning', async () => {
    const model = workspace.colours();
    workspace.write('labels.txt', 'red\ngreen\n');
    const { warnings } = await engine.model({ path: model });
    expect(warnings).toMatchObject([{ code: 'LABELS_COUNT' }]);
    const { top } = await engine.predict({ model, image: await workspace.picture('p.png', BLUE, BLUE) });
    expect(top[0].label).toBe('2');
  });

  it('can be written down', async () => {
    const model = workspace.colours();
    rmSync(workspace.path('colours.prism.json'));
    const written = await engine.writeConfig({ model });
    expect(basename(written)).toBe('colours.prism.json');
    expect(JSON.parse(readFileSync(written, 'utf8'))).toMatchObject({
      labels: 'labels.txt',
      input: { size: [SIDE, SIDE] },
    });
    expect((await engine.model({ path: model })).settings.every(({ origin }) => origin !== 'convention')).toBe(true);
    await expect(engine.writeConfig({ model })).rejects.toThrow(failure('CONFIG_EXISTS'));
  });
});

describe('layers', () => {
  it('are the values that the picture flows through', async () => {
    const layers = await engine.layers({ model: workspace.colours() });
    expect(layers.map(({ title, op, width, height }) => [title, op, width, height])).toEqual([
      ['image', 'Input', SIDE, SIDE],
      ['act', 'Relu', SIDE, SIDE],
      ['pool', 'GlobalAveragePool', 1, 1],
    ]);
    expect(layers[1]).toMatchObject({ id: '/act/Relu_output_0', shape: [1, 3, SIDE, SIDE] });
  });
});

describe('an explanation', () => {
  it('carries its target, numbers, picture and times', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const explanation = await engine.explain({ model, image, method: 'gradient', target: 'blue' });
    expect(explanation.target).toMatchObject({ index: 2, label: 'blue' });
    expect(explanation.target.score).toBeCloseTo(5, 5);
    expect(explanation.top).toHaveLength(3);
    expect(explanation.method.id).toBe('gradient');
    expect(explanation.layers).toEqual([]);
    expect(explanation.provider).toBe('cpu');
    expect(Object.keys(explanation.ms)).toEqual(['decode', 'compile', 'run', 'total']);
    expect(explanation.warnings).toEqual([]);
    // ∂(10·mean of blue)/∂blue = 10/256 wherever the Relu is open: where blue is not 0, and by convention at 0 closed.
    const { map } = explanation;
    expect([map.width, map.height]).toEqual([SIDE, SIDE]);
    expect(map.data[SIDE - 1]).toBeCloseTo(10 / SIDE ** 2, 6);
    expect(map.data[0]).toBe(0);
    expect(explanation.statistics.sum).toBeCloseTo(5, 4);
    expect(explanation.photograph).toMatchObject({
      path: image,
      width: SIDE,
      height: SIDE,
      mime: 'image/png',
      viewport: { x: 0, y: 0, width: SIDE, height: SIDE },
    });
    const shown = await sharp(explanation.photograph?.encoded).metadata();
    expect(shown.width).toBe(SIDE);
  });

  it('explains the highest class unless told otherwise', async () => {
    const { target } = await engine.explain({
      model: workspace.colours(),
      image: await workspace.picture('p.png', BLUE, BLUE),
      method: 'gradient-x-input',
    });
    expect(target).toMatchObject({ label: 'blue' });
  });

  it('checks what the method promises', async () => {
    const { conservation } = await engine.explain({
      model: workspace.colours(),
      image: await workspace.picture('p.png', RED, BLUE),
      method: 'gradient-x-input',
      target: 0,
    });
    expect(conservation?.expected).toBeCloseTo(5, 5);
    expect(conservation?.residual).toBeCloseTo(0, 5);
  });

  it('of layers answers further questions until it is released', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id, layers, map } = await engine.explain({
      model: workspace.colours(),
      image,
      method: 'srd',
      target: 'red',
    });
    const layer = layers.at(-1)?.id ?? '';
    expect(layer).toBe('/act/Relu_output_0');
    const [last, first] = await engine.layerMaps({ explanation: id, layers: [layer, 'image'] });
    expect(first).toEqual(map);
    // A convolution of 1 × 1 moves nothing, and the head gives each location its part of the logit.
    expect(last.data[0]).toBeCloseTo(10 / SIDE ** 2, 6);
    expect(last.data[SIDE - 1]).toBeCloseTo(0, 6);
    const field = await engine.receptiveField({ explanation: id, layer, x: 2, y: 5 });
    expect(field.data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
    expect(field.data[5 * SIDE + 2]).toBeCloseTo(1, 6);
    const readers = await engine.readers({ explanation: id, layer, x: 2, y: 5 });
    expect(readers.data[5 * SIDE + 2]).toBeCloseTo(1, 6);
    expect(readers.data[0]).toBe(0);
    await expect(engine.receptiveField({ explanation: id, layer, x: SIDE, y: 0 })).rejects.toThrow(
      failure('PFV_OUT_OF_RANGE'),
    );
    await expect(engine.layerMaps({ explanation: id, layers: ['nope'] })).rejects.toThrow(failure('PFV_UNKNOWN_LAYER'));
    await engine.release({ explanation: id });
    await expect(engine.receptiveField({ explanation: id, layer, x: 0, y: 0 })).rejects.toThrow(
      failure('EXPLANATION_GONE'),
    );
  });

  it('of the input only has no layers to ask about', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id } = await engine.explain({ model: workspace.colours(), image, method: 'gradient' });
    await expect(engine.readers({ explanation: id, layer: 'image', x: 0, y: 0 })).rejects.toThrow(
      failure('METHOD_WITHOUT_LAYERS'),
    );
  });

  it('is forgotten when many others came after it', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push((await engine.explain({ model, image, method: 'srd' })).id);
    const ask = (explanation: string) => engine.layerMaps({ explanation, layers: ['image'] });
    await expect(ask(ids[0])).rejects.toThrow(failure('EXPLANATION_GONE'));
    await expect(ask(ids[19])).resolves.toHaveLength(1);
    expect(new Set(ids).size).toBe(20);
  });

  it('reports what it is doing', async () => {
    const seen: Progress[] = [];
    const context = { signal: new AbortController().signal, progress: (progress: Progress) => seen.push(progress) };
    const image = await workspace.picture('p.png', RED, BLUE);
    await engine.explain({ model: workspace.colours(), image, method: 'gradient' }, context);
    expect(seen.map(({ message }) => message)).toEqual([
      'reading the picture',
      'preparing the model',
      'explaining by Gradient',
      'running the model',
      'explaining by Gradient',
    ]);
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const reason = new DOMException('enough', 'AbortError');
    const context = { signal: controller.signal, progress: () => controller.abort(reason) };
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    await expect(engine.explain({ model, image, method: 'srd' }, context)).rejects.toBe(reason);
    await expect(engine.explain({ model, image, method: 'srd' })).resolves.toBeDefined();
  });
});

describe('saving', () => {
  it('writes the raw attribution, the picture, the report and the graph', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id, map } = await engine.explain({ model, image, method: 'gradient', target: 'blue' });
    const save = async (name: string): Promise<Buffer> => {
      await engine.save({ explanation: id, path: workspace.path(name) });
      return readFileSync(workspace.path(name));
    };
    const raw = readNpy(await save('x.npy'));
    expect(raw.shape).toEqual([1, 3, SIDE, SIDE]);
    expect(raw.data[2 * SIDE ** 2 + SIDE - 1]).toBe(map.data[SIDE - 1]);

    const picture = await sharp(await save('x.PNG')).metadata();
    expect([picture.format, picture.width]).toEqual(['png', SIDE]);
    expect(picture.exif?.toString('latin1')).toContain('blue (2)');

    expect(JSON.parse((await save('x.json')).toString())).toMatchObject({
      model,
      method: 'gradient',
      target: { index: 2, label: 'blue' },
      attribution: { of: 'image', shape: [1, 3, SIDE, SIDE] },
      conservation: null,
    });

    await save('x.onnx');
    const weights = { dtype: 'float32', shape: [1, 3], data: Float32Array.of(0, 0, 1) } as const;
    const pixels = {
      dtype: 'float32',
      shape: [1, 3, SIDE, SIDE],
      data: new Float32Array(3 * SIDE ** 2).fill(1),
    } as const;
    const { importModel } = await import('../../../src/graph/import');
    const results = await run(importModel(workspace.path('x.onnx')), { image: pixels, weights });
    const [gradient] = Object.entries(results).flatMap(([name, value]) => (name.includes('gradient') ? [value] : []));
    expect(gradient.data[3 * SIDE ** 2 - 1]).toBeCloseTo(10 / SIDE ** 2, 6);
  });

  it('refuses what it cannot write, leaving nothing behind', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id } = await engine.explain({ model: workspace.colours(), image, method: 'gradient' });
    await expect(engine.save({ explanation: id, path: 'x.gif' })).rejects.toThrow(failure('UNKNOWN_FORMAT'));
    const path = join(workspace.path('missing'), 'x.npy');
    await expect(engine.save({ explanation: id, path })).rejects.toThrow(failure('FILE_UNWRITABLE'));
    expect(existsSync(path)).toBe(false);
  });
});

describe('bad input', () => {
  const explainBy = (model: string, image: string, method = 'gradient') => engine.explain({ model, image, method });

  it.each([
    ['is no model', 'hello, world', 'MODEL_NOT_ONNX'],
    ['is truncated', exportModel(colours()).slice(0, 200), 'MODEL_TRUNCATED'],
  ])('a file that %s', async (_what, contents, code) => {
    const model = workspace.write('m.onnx', contents);
    await expect(explainBy(model, await workspace.picture('p.png', RED, RED))).rejects.toThrow(failure(code));
  });

  it('a model or picture that is not there', async () => {
    const image = await workspace.picture('p.png', RED, RED);
    await expect(explainBy(workspace.path('no.onnx'), image)).rejects.toThrow(failure('FILE_NOT_FOUND'));
    await expect(explainBy(workspace.colours(), workspace.path('no.png'))).rejects.toThrow(failure('IMAGE_NOT_FOUND'));
  });

  it('a picture that does not decode', async () => {
    const image = workspace.write('p.png', 'no picture');
    await expect(explainBy(workspace.colours(), image)).rejects.toThrow(failure('IMAGE_DECODE'));
  });

  it('a picture of one pixel is none', async () => {
    const image = await workspace.picture('p.png', RED, RED, 1);
    expect((await explainBy(workspace.colours(), image)).target.label).toBe('red');
  });

  it('NaN in the weights: a warning, and an error where it reaches the output', async () => {
    const graph = colours();
    const kernel = float32([Number.NaN, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3, 1, 1]);
    const model = workspace.colours('nan.onnx', {
      ...graph,
      initializers: new Map([...graph.initializers, ['kernel', kernel]]),
    });
    expect((await engine.model({ path: model })).warnings).toMatchObject([{ code: 'WEIGHTS_NOT_FINITE' }]);
    const image = await workspace.picture('p.png', RED, RED);
    for (const method of ['gradient', 'srd']) {
      await expect(explainBy(model, image, method)).rejects.toThrow(
        expect.objectContaining({
          code: 'OUTPUT_NAN',
          message: expect.stringContaining('its weights kernel hold NaN'),
        }),
      );
    }
  });

  it('infinite outputs', async () => {
    const graph = colours(3e38);
    const exploding = {
      ...graph,
      nodes: [
        ...graph.nodes.slice(0, 3),
        { ...graph.nodes[2], name: '/exp', op: 'Exp', inputs: ['/pool/GlobalAveragePool_output_0'], outputs: ['exp'] },
        { ...graph.nodes[3], inputs: ['exp'] },
      ],
    };
    const model = workspace.colours('inf.onnx', exploding);
    await expect(explainBy(model, await workspace.picture('p.png', RED, RED))).rejects.toThrow(
      expect.objectContaining({ code: 'OUTPUT_NAN', message: expect.stringContaining('preprocessed as in training') }),
    );
  });

  it('an operator without a rule, naming node and operator', async () => {
    const graph = colours();
    const nodes = [...graph.nodes];
    nodes[1] = { ...nodes[1], op: 'Det', name: 'strange', inputs: ['/mix/Conv_output_0'], outputs: ['det'] };
    nodes[2] = { ...nodes[2], op: 'Identity', name: 'logits', inputs: ['det'], outputs: ['logits'] };
    const model = workspace.colours('det.onnx', { ...graph, nodes: nodes.slice(0, 3) });
    await expect(explainBy(model, await workspace.picture('p.png', RED, RED))).rejects.toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_OPERATOR',
        details: expect.objectContaining({ node: 'strange', op: 'Det' }),
      }),
    );
  });

  it('an operator that nobody knows', async () => {
    const graph = colours();
    const nodes = graph.nodes.map((node) =>
      node.op === 'Relu' ? { ...node, op: 'Fancy', domain: 'com.example' } : node,
    );
    const model = workspace.colours('fancy.onnx', { ...graph, nodes, opsets: { '': 21, 'com.example': 1 } });
    const attempt = explainBy(model, await workspace.picture('p.png', RED, RED));
    await expect(attempt).rejects.toMatchObject({
      code: expect.stringMatching(/^UN(SUPPORTED_OPERATOR|KNOWN_DOMAIN)$/),
    });
    await expect(attempt).rejects.toThrow(/Fancy|com\.example/);
  });

  it('a target out of range or unknown', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, RED);
    const target = (wanted: string | number) => engine.explain({ model, image, method: 'gradient', target: wanted });
    await expect(target(3)).rejects.toThrow(failure('TARGET_OUT_OF_RANGE'));
    await expect(target('purple')).rejects.toThrow(failure('TARGET_UNKNOWN'));
  });

  it('a malformed prism.json, at its line', async () => {
    const model = workspace.colours();
    workspace.write('colours.prism.json', '{\n  "task": 3\n}');
    await expect(engine.model({ path: model })).rejects.toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('colours.prism.json:2:') }),
    );
  });

  it('a model without a picture input', async () => {
    const model = workspace.write(
      'tabular.onnx',
      exportModel({
        ...colours(),
        inputs: [{ name: 'features', dtype: 'float32', shape: [1, 4] }],
        outputs: [{ name: 'logits', dtype: 'float32', shape: [1, 4] }],
        initializers: new Map(),
        nodes: [
          {
            op: 'Flatten',
            domain: '',
            name: 'f',
            inputs: ['features'],
            outputs: ['logits'],
            attributes: { axis: int(1) },
          },
        ],
      }),
    );
    await expect(explainBy(model, await workspace.picture('p.png', RED, RED))).rejects.toThrow(
      failure('NO_IMAGE_INPUT'),
    );
  });

  it('an unknown method, option or provider', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, RED);
    await expect(explainBy(model, image, 'magic')).rejects.toThrow(failure('UNKNOWN_METHOD'));
    await expect(engine.explain({ model, image, method: 'srd', options: { x: 1 } })).rejects.toThrow(
      failure('UNKNOWN_OPTION'),
    );
    await expect(new Engine({ version: '' }).initialize({ cacheDir: null, provider: 'tpu' })).rejects.toThrow(
      failure('UNKNOWN_PROVIDER'),
    );
    await expect(new Engine({ version: '' }).model({ path: model })).rejects.toThrow(failure('NOT_INITIALIZED'));
  });

  it('a cache folder that cannot be written costs a warning', async () => {
    await engine.initialize({ cacheDir: '/dev/null/cache', provider: 'cpu' });
    const image = await workspace.picture('p.png', RED, RED);
    const { warnings, target } = await explainBy(workspace.colours(), image, 'srd');
    expect(warnings).toMatchObject([{ code: 'CACHE_UNAVAILABLE' }]);
    expect(target.label).toBe('red');
  });

  it('none of it loses what was there', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id } = await explainBy(model, image, 'srd');
    await expect(explainBy(model, workspace.write('q.png', 'no'), 'srd')).rejects.toThrow();
    await expect(explainBy(model, image, 'magic')).rejects.toThrow();
    await expect(engine.layerMaps({ explanation: id, layers: ['image'] })).resolves.toHaveLength(1);
  });
});
