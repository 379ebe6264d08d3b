import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../../../src/graph/ir';
import { float32 } from '../../../src/graph/tensor';
import { prism, steady } from '../../support/engine/prism';
import { BLUE, colours, RED, Workspace } from '../../support/engine/workspace';
import { node } from '../../support/graphs';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const ask = (...args: readonly string[]) => prism(workspace, ['diff', ...args]);

/** {@link colours} that takes red for green and green for red. */
function confused() {
  const graph = colours();
  const kernel = Float32Array.from([0, 10, 0, 10, 0, 0, 0, 0, 10]);
  return { ...graph, initializers: new Map([...graph.initializers, ['kernel', float32(kernel, [3, 3, 1, 1])]]) };
}

describe('diff', () => {
  it('finds the first layer where two models part', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const other = workspace.colours('other.onnx', confused());
    const out = workspace.path('d.png');
    const found = await ask(workspace.colours(), other, '--image', image, '--target', 'red', '--json', '--out', out);
    expect(found.err).toBe('');
    const { layers, parted, models, relevance } = JSON.parse(found.out);
    expect(layers[parted].values).toEqual(['/act/Relu_output_0', '/act/Relu_output_0']);
    // Red becomes (10, 0, 0) in one and (0, 10, 0) in the other, blue (0, 0, 10) in both.
    expect(layers[parted].cosine).toBeCloseTo(0.5, 5);
    expect(layers[parted].lowest).toBeCloseTo(0, 5);
    expect(layers.slice(0, parted).every(({ cosine }: { cosine: number }) => cosine > 0.9999)).toBe(true);
    expect(models.map(({ target }: { target: unknown }) => target)).toEqual([
      { index: 0, label: 'red', score: 5 },
      { index: 0, label: 'red', score: 0 },
    ]);
    // One map has all its relevance on the red half, the other nowhere.
    expect(relevance.moved).toBeCloseTo(0.5, 5);
    expect((await sharp(out).metadata()).width).toBe(16 + 3 * (320 + 16));
  });

  it('says that two equal models part nowhere', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const found = await ask(workspace.colours(), workspace.colours('same.onnx'), '--image', image);
    expect(found.code).toBe(0);
    expect(steady(workspace, found.out)).toContain('nowhere: every mean cosine is at least 0.99');
  });

  it('takes a Relu that a quantiser has left to the rounding for a Relu', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    // Red loses what green gains: before the Relu red is (10, −10, 0).
    const kernel = ['kernel', float32([10, 0, 0, -10, 10, 0, 0, 0, 10], [3, 3, 1, 1])] as const;
    const float = { ...colours(), initializers: new Map([...colours().initializers, kernel]) };
    const [conv, , ...rest] = float.nodes;
    const relu = '/act/Relu_output_0';
    const scale = [relu, 'scale', 'zero'];
    const quantised = {
      ...float,
      initializers: new Map([
        ...float.initializers,
        ['scale', float32([10 / 255], [])],
        ['zero', { dtype: 'int8', shape: [], source: { kind: 'bytes', bytes: Uint8Array.of(0x80) } }],
      ] as [string, Tensor][]),
      nodes: [
        { ...conv, outputs: [relu] },
        node('QuantizeLinear', scale, ['whole']),
        node('DequantizeLinear', ['whole', 'scale', 'zero'], ['rounded']),
        ...rest.map((next) => ({ ...next, inputs: next.inputs.map((name) => (name === relu ? 'rounded' : name)) })),
      ],
    };
    const models = [workspace.colours('float.onnx', float), workspace.colours('int8.onnx', quantised)];
    const found = await ask(...models, '--image', image, '--method', 'occlusion', '--json');
    expect(found.err).toBe('');
    const { layers, parted } = JSON.parse(found.out);
    const [compared] = layers.filter(({ values }: { values: string[] }) => values.includes(relu));
    expect(compared.values).toEqual([relu, relu]);
    expect(compared.lowest).toBeCloseTo(1, 5);
    expect(parted).toBeNull();
  });

  it('compares vectors where a method knows no layers', async () => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const other = workspace.colours('other.onnx', confused());
    const found = await ask(workspace.colours(), other, '--image', image, '--method', 'gradient', '--json');
    const { layers, parted } = JSON.parse(found.out);
    expect(layers[parted].values[0]).toBe('/act/Relu_output_0');
    expect(layers[parted].relevance).toBeUndefined();
  });

  it('refuses models that have nothing in common', async () => {
    const graph = colours();
    const wide = new Float32Array(9 * 2);
    const [conv, ...rest] = graph.nodes;
    const initializers = new Map([
      ['kernel', float32(wide, [6, 3, 1, 1])],
      ['bias', float32(new Float32Array(6), [6])],
    ]);
    const inputs = [{ name: 'image', dtype: 'float32', shape: ['batch', 3, 8, 8] }] as const;
    const outputs = [{ name: 'logits', dtype: 'float32', shape: ['batch', 6] }] as const;
    const other = workspace.colours('wide.onnx', { ...graph, inputs, outputs, initializers, nodes: [conv, ...rest] });
    workspace.write(
      'wide.prism.json',
      JSON.stringify({ task: 'image-classification', input: { name: 'image', layout: 'NCHW', size: [8, 8] } }),
    );
    const image = await workspace.picture('p.png', RED, BLUE);
    const { code, err } = await ask(workspace.colours(), other, '--image', image);
    expect(err).toMatch(/error\[NOTHING_IN_COMMON\]: [^\n]*\n$/);
    expect(code).toBe(1);
  });

  it.each([
    [['--threshold', '2'], 'USAGE'],
    [['--out', 'd.gif'], 'USAGE'],
    [['--method', 'magic'], 'UNKNOWN_METHOD'],
  ])('refuses %j', async (args, kind) => {
    const image = await workspace.picture('p.png', RED, BLUE);
    const { code, err } = await ask(workspace.colours(), workspace.colours('b.onnx'), '--image', image, ...args);
    expect(err).toMatch(new RegExp(`^error\\[${kind}\\]`));
    expect(code).toBe(2);
  });
});
