import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../../../src/engine/service';
import { int, ints } from '../../../src/graph/attributes';
import { exportModel } from '../../../src/graph/export';
import { float32 } from '../../../src/graph/tensor';
import { SIDE, Workspace } from '../../support/engine/workspace';
import { graphOf, node, noise, value } from '../../support/graphs';
import { at, type Conv, convPaths, dot, type Map3, relu, sums } from '../../support/sharing-definition';

/**
 * Single PFVs of a small network, conv → ReLU → conv → ReLU → mean → linear, against the same computed in float64.
 */

const COUNT = 6;
const CLASSES = 3;
const PLACES = SIDE * SIDE;

const drawn = (count: number, seed: number): Float64Array => Float64Array.from(noise(count, seed));
const conv = (inputs: number, out: number, seed: number): Conv => ({
  out,
  kernel: 3,
  stride: 1,
  pad: 1,
  dilation: 1,
  groups: 1,
  weight: drawn(out * inputs * 9, seed).map((x) => x / 8),
  // Most channels are active: no two vectors point exactly the same way.
  bias: drawn(out, seed + 1).map((x) => x + 3),
});
const first = conv(3, 4, 3);
const second = conv(4, COUNT, 5);
const head = drawn(COUNT * CLASSES, 7);

const single = (values: Float64Array, shape: readonly number[]) => float32(Float32Array.from(values), shape);
const attributes = { pads: ints([1, 1, 1, 1]), kernel_shape: ints([3, 3]) };
const model = exportModel(
  graphOf({
    inputs: [value('image', [1, 3, SIDE, SIDE])],
    outputs: [value('logits', [1, CLASSES])],
    nodes: [
      node('Conv', ['image', 'w1', 'b1'], ['z1'], attributes),
      node('Relu', ['z1'], ['hidden']),
      node('Conv', ['hidden', 'w2', 'b2'], ['z2'], attributes),
      node('Relu', ['z2'], ['last']),
      node('GlobalAveragePool', ['last'], ['mean']),
      node('Flatten', ['mean'], ['flat'], { axis: int(1) }),
      node('MatMul', ['flat', 'head'], ['logits']),
    ],
    initializers: {
      w1: single(first.weight, [4, 3, 3, 3]),
      b1: single(first.bias, [4]),
      w2: single(second.weight, [COUNT, 4, 3, 3]),
      b2: single(second.bias, [COUNT]),
      head: single(head, [COUNT, CLASSES]),
    },
  }),
);

const settings = {
  task: 'image-classification',
  input: {
    name: 'image',
    layout: 'NCHW',
    channels: 'RGB',
    size: [SIDE, SIDE],
    resize: 'stretch',
    scale: '1/255',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  output: { name: 'logits', kind: 'logits' },
};

/** A picture of noise, and its pixels from 0 to 1 by planes. */
async function picture(workspace: Workspace, name: string, seed: number): Promise<{ path: string; image: Map3 }> {
  const data = Uint8Array.from(noise(3 * PLACES, seed), (x) => Math.floor(127.5 * (x + 1)));
  const png = await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
  const planes = new Float64Array(3 * PLACES);
  for (const [i, byte] of data.entries()) planes[(i % 3) * PLACES + Math.floor(i / 3)] = byte / 255;
  return { path: workspace.write(name, png), image: { c: 3, h: SIDE, w: SIDE, data: planes } };
}

const layer = (x: Map3, by: Conv): Map3 => relu(sums(convPaths(x, null, by).paths, by.bias), SIDE, SIDE);
const hiddenOf = (image: Map3): Map3 => layer(image, first);
const lastOf = (image: Map3): Map3 => layer(hiddenOf(image), second);
const cosine = (a: Float64Array, b: Float64Array): number => {
  const size = Math.sqrt(dot(a, a) * dot(b, b));
  return size > 0 ? dot(a, b) / size : 0;
};

let workspace: Workspace;
let engine: Service;
let path: string;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Service({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
  path = workspace.write('small.onnx', model);
  workspace.write('small.prism.json', JSON.stringify(settings));
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

const failure = (code: string) => expect.objectContaining({ code });
const explain = async (image: string, method = 'srd') =>
  (await engine.explain({ model: path, image, method, target: 1 })).id;

describe('the sources of a PFV', () => {
  it('are named in the order of their shares, and all add up to 1', async () => {
    const explanation = await explain((await picture(workspace, 'p.png', 1)).path);
    const place = { layer: 'last', x: 5, y: 9 };
    const few = await engine.pfvSources({ explanation, count: 4, ...place });
    const all = await engine.pfvSources({ explanation, count: 100, ...place });
    expect(all).toMatchObject({ ...place, rest: { share: 0, count: 0 } });
    expect(all.sources).toHaveLength(9);
    expect(
      all.sources.every(({ layer, x, y }) => layer === 'hidden' && Math.abs(x - 5) < 2 && Math.abs(y - 9) < 2),
    ).toBe(true);
    expect(few.sources).toEqual(all.sources.slice(0, 4));
    const sizes = all.sources.map(({ share }) => Math.abs(share));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(few.rest.count).toBe(5);
    const named = few.sources.reduce((sum, { share }) => sum + share, 0);
    expect(named + few.rest.share + few.kept).toBeCloseTo(1, 5);
    expect(few.sum).toBeCloseTo(1, 5);
    expect(few.layers).toEqual([{ layer: 'hidden', share: expect.closeTo(1 - few.kept, 5), count: 9 }]);
  });

  it('are refused for places and methods that have none', async () => {
    const image = (await picture(workspace, 'p.png', 1)).path;
    const explanation = await explain(image);
    const ask = (layer: string, x: number, id = explanation) =>
      engine.pfvSources({ explanation: id, count: 1, layer, x, y: 0 });
    await expect(ask('last', SIDE)).rejects.toThrow(failure('PFV_OUT_OF_RANGE'));
    await expect(ask('nowhere', 0)).rejects.toThrow(failure('PFV_UNKNOWN_LAYER'));
    await expect(ask('last', 0, await explain(image, 'gradient'))).rejects.toThrow(failure('METHOD_WITHOUT_LAYERS'));
    await engine.release({ explanation });
    await expect(ask('last', 0)).rejects.toThrow(failure('EXPLANATION_GONE'));
  });
});

describe('the channels of a PFV', () => {
  it('are its components, with what each contributes to the score to first order', async () => {
    const { path: image, image: pixels } = await picture(workspace, 'p.png', 2);
    const explanation = await explain(image);
    const found = await engine.pfvChannels({ explanation, count: COUNT, layer: 'last', x: 7, y: 3 });
    const vector = at(lastOf(pixels), 3, 7);
    // The score is linear in the last layer: its gradient is the head's weight over the number of places.
    const expected = Array.from(vector, (v, channel) => ({
      channel,
      value: expect.closeTo(v, 4),
      contribution: expect.closeTo((v * head[channel * CLASSES + 1]) / PLACES, 6),
    })).filter(({ channel }) => vector[channel] > 0);
    expect([...found.largest].sort((a, b) => a.channel - b.channel)).toEqual(expected);
    const values = found.largest.map((part) => part.value);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    const parts = (found.contributing ?? []).map(({ contribution = 0 }) => Math.abs(contribution));
    expect(parts).toEqual([...parts].sort((a, b) => b - a));
    expect(found.count).toBe(COUNT);
    expect(found.norm).toBeCloseTo(Math.sqrt(dot(vector, vector)), 4);
    expect(found.missing).toBeUndefined();
  });

  it('can be seen over all places', async () => {
    const { path: image, image: pixels } = await picture(workspace, 'p.png', 2);
    const explanation = await explain(image);
    const map = await engine.channelMap({ explanation, layer: 'hidden', channel: 2 });
    expect([map.width, map.height]).toEqual([SIDE, SIDE]);
    const plane = hiddenOf(pixels).data.subarray(2 * PLACES, 3 * PLACES);
    for (const [i, v] of map.data.entries()) expect(v).toBeCloseTo(plane[i], 4);
    const beyond = engine.channelMap({ explanation, layer: 'hidden', channel: 4 });
    await expect(beyond).rejects.toThrow(failure('PFV_OUT_OF_RANGE'));
  });
});

describe('PFVs of other images', () => {
  it('are found by their cosine, at places that no neighbour exceeds', async () => {
    const one = await picture(workspace, 'one.png', 3);
    const other = await picture(workspace, 'other.png', 4);
    const query = await engine.pfvQuery({ explanation: await explain(one.path), layer: 'last', x: 8, y: 8 });
    const wanted = at(lastOf(one.image), 8, 8);
    const others = lastOf(other.image);
    const map = Array.from({ length: PLACES }, (_, i) => cosine(wanted, at(others, Math.floor(i / SIDE), i % SIDE)));
    const around = (i: number): number[] =>
      map.filter(
        (_, j) => Math.abs((j % SIDE) - (i % SIDE)) <= 1 && Math.abs(Math.floor(j / SIDE) - Math.floor(i / SIDE)) <= 1,
      );
    const highest = map
      .map((value, i) => ({ x: i % SIDE, y: Math.floor(i / SIDE), value, i }))
      .filter(({ value, i }) => value === Math.max(...around(i)))
      .sort((a, b) => b.value - a.value)
      .slice(0, 3);
    const found = await engine.alikeIn({ query, image: other.path, count: 3, floor: 0 });
    expect(found.map(({ x, y }) => ({ x, y }))).toEqual(highest.map(({ x, y }) => ({ x, y })));
    for (const [i, { cosine }] of found.entries()) expect(cosine).toBeCloseTo(highest[i].value, 5);
    // A PFV behind two kernels of 3 × 3 sees at most 5 × 5 pixels.
    const { width, height } = await sharp(found[0].encoded).metadata();
    expect(Math.max(width, height)).toBe(128);
    for (const { x, y, seen } of found) {
      expect(seen.width).toBeLessThanOrEqual(5);
      expect(seen.x).toBeLessThanOrEqual(x);
      expect(seen.x + seen.width).toBeGreaterThan(x - 1);
      expect(seen.y).toBeGreaterThanOrEqual(Math.max(0, y - 2));
    }
  });

  it('are not the one that is looked for, and none below the floor', async () => {
    const { path: image } = await picture(workspace, 'one.png', 3);
    const query = await engine.pfvQuery({ explanation: await explain(image), layer: 'hidden', x: 4, y: 4 });
    const search = { query, image, count: 50, floor: 0 };
    const [self] = await engine.alikeIn(search);
    expect(self).toMatchObject({ x: 4, y: 4, cosine: expect.closeTo(1, 5) });
    const rest = await engine.alikeIn({ ...search, except: { x: 4, y: 4 } });
    expect(rest.every(({ x, y }) => Math.abs(x - 4) > 1 || Math.abs(y - 4) > 1)).toBe(true);
    expect(await engine.alikeIn({ ...search, floor: 1.01 })).toEqual([]);
    const dark = { ...query, vector: query.vector.map(() => 0) };
    expect(await engine.alikeIn({ ...search, query: dark })).toEqual([]);
  });
});
