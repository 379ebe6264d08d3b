import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boxLayout, detect } from '../../../src/engine/boxes';
import { Service } from '../../../src/engine/service';
import { type FloatArray, floatArray } from '../../../src/graph/ndarray';
import { writeNpy } from '../../../src/inputs/npy';
import { loadCase, relativeError } from '../../support/cases';
import { BLUE, RED, Workspace } from '../../support/engine/workspace';

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

/** The model of a case with its input as a file. */
function opened(name: string) {
  const golden = loadCase(name);
  const [input] = Object.entries(golden.inputs());
  const inputs = new Map([[input[0], workspace.write('input.npy', writeNpy(input[1]))]]);
  return { golden, model: workspace.write(`${name}.onnx`, golden.bytes()), inputs };
}

describe('boxes of a detector', () => {
  it('lie in the output as its shape and the labels say', () => {
    expect(boxLayout([1, 10, 320], undefined)).toEqual({ rows: 1, anchors: 2, first: 4 });
    expect(boxLayout([1, 84, 8400], 80)).toEqual({ rows: 1, anchors: 2, first: 4 });
    expect(boxLayout([1, 25200, 85], 80)).toEqual({ rows: 2, anchors: 1, first: 5 });
    expect(boxLayout([1, 25200, 85], undefined)).toEqual({ rows: 2, anchors: 1, first: 5 });
    expect(boxLayout([1, 10, 8, 8], undefined)).toBeUndefined();
    expect(boxLayout([1, 4, 100], undefined)).toBeUndefined();
  });

  /** Anchors: two of one thing, the same place as another class, and one that is not sure. */
  const anchors = [
    [20, 20, 10, 10, 0.9, 0.1],
    [21, 20, 10, 10, 0.8, 0.1],
    [20, 20, 10, 10, 0.1, 0.7],
    [50, 50, 4, 8, 0.2, 0.1],
  ];
  const told = [
    { anchor: 0, index: 0, probability: 0.9, x: 15, y: 15, width: 10, height: 10 },
    { anchor: 2, index: 1, probability: 0.7, x: 15, y: 15, width: 10, height: 10 },
  ];
  const size = { width: 64, height: 64 };
  const close = (boxes: ReturnType<typeof detect>) =>
    boxes.map((box) => ({ ...box, probability: Math.round(1e5 * box.probability) / 1e5 }));

  it('are told once a thing, in rows or in columns', () => {
    const columns = floatArray(Float32Array.from(anchors.flat()), [1, 4, 6]);
    expect(close(detect({ rows: 2, anchors: 1, first: 4 }, columns, size))).toEqual(told);
    const rows = floatArray(
      Float32Array.from({ length: 24 }, (_, i) => anchors[i % 4][Math.floor(i / 4)]),
      [1, 6, 4],
    );
    expect(close(detect({ rows: 1, anchors: 2, first: 4 }, rows, size))).toEqual(told);
  });

  it('may be told as shares of the picture, and multiplied by how sure it is that something is there', () => {
    const shares = anchors.map(([x, y, w, h, ...sure]) =>
      [x / 64, y / 64, w / 64, h / 64, 0.5, ...sure].map(Math.fround),
    );
    const found = detect(
      { rows: 2, anchors: 1, first: 5 },
      floatArray(Float32Array.from(shares.flat()), [1, 4, 7]),
      size,
    );
    expect(found.map(({ anchor }) => anchor)).toEqual([0, 2]);
    expect(found[0].probability).toBeCloseTo(0.45, 5);
    expect(found[0].x).toBeCloseTo(15, 4);
  });

  it('are explained as the golden gradient says', async () => {
    const { golden, model, inputs } = opened('A-mini_yolo');
    const values = golden.expect.find(({ what }) => what === 'forward')?.array().data as Float32Array;
    // The surest anchor of class 2, by looking at all of them.
    let best = 0;
    for (let anchor = 0; anchor < 320; anchor++) if (values[6 * 320 + anchor] > values[6 * 320 + best]) best = anchor;
    const byClass = await service.attribute(model, 'gradient', { inputs, target: 2 });
    const byScore = await service.attribute(model, 'gradient', { inputs, score: `output[0,6,${best}]` });
    expect(byClass.report.target.score).toBeCloseTo(values[6 * 320 + best], 5);
    expect(relativeError(byClass.answer.attribution.map.data, byScore.answer.attribution.map.data)).toBe(0);
    const grad = golden.expect.find(({ what }) => what === 'grad');
    const index = grad?.params.index as number[];
    const [, row, anchor] = index;
    const named = await service.attribute(model, 'gradient', { inputs, score: `output[0,${row},${anchor}]` });
    expect(named.report.target.index).toBe(2);
    expect(relativeError(named.answer.attribution.map.data, grad?.array().data as Float32Array)).toBeLessThan(1e-4);
  });

  it('come with the explanation of a picture, each with what to ask for it', async () => {
    const { model } = opened('A-mini_yolo');
    // Twice as wide as high: the model sees it with a border above and below.
    const image = await workspace.picture('p.png', RED, BLUE, 128);
    const first = await service.explain({ model, image, method: 'gradient' });
    const [box] = first.boxes ?? [];
    expect(first.score).toBe(box.score);
    expect(first.target).toMatchObject({ index: box.index, label: box.label });
    expect(first.target.probability).toBeCloseTo(box.probability, 5);
    const other = first.boxes?.at(-1) ?? box;
    const second = await service.explain({ model, image, method: 'gradient', score: other.score });
    expect(second.score).toBe(other.score);
    expect(second.target.score).toBeCloseTo(other.probability, 5);
  });
});

describe('a part of a segmentation', () => {
  it('is where the class is the highest', async () => {
    const { golden, model, inputs } = opened('A-unet_resize_bilinear');
    const forward = golden.expect.find(({ what }) => what === 'forward')?.array() as FloatArray;
    const { shape, data } = forward;
    const pixels = shape[2] * shape[3];
    let sum = 0;
    for (let i = 0; i < pixels; i++) {
      const values = Array.from({ length: shape[1] }, (_, c) => data[c * pixels + i]);
      if (values[3] === Math.max(...values)) sum += values[3];
    }
    const { report } = await service.attribute(model, 'gradient', { inputs, target: 3, where: 'predicted' });
    expect(report.target.score / sum).toBeCloseTo(1, 5);
    expect(report.target.index).toBe(3);
  });

  it('is a rectangle of the photograph, as a mask of the same says', async () => {
    const { model } = opened('A-unet_resize_bilinear');
    const image = await workspace.picture('p.png', RED, BLUE, 128);
    // Output positions 16 to 31 across and 8 to 23 down: twice as much in the photograph.
    const where = { x: 32, y: 16, width: 32, height: 32 };
    const mask = new Float32Array(64 * 64);
    for (let y = 8; y < 24; y++) mask.fill(1, 64 * y + 16, 64 * y + 32);
    const region = workspace.write('m.npy', writeNpy({ dtype: 'float32', shape: [64, 64], data: mask }));
    const drawn = await service.attribute(model, 'gradient', { image, target: 1, where });
    const masked = await service.attribute(model, 'gradient', { image, target: 1, region });
    expect(drawn.report.target.score).toBe(masked.report.target.score);
    expect(relativeError(drawn.answer.attribution.map.data, masked.answer.attribution.map.data)).toBe(0);
    await expect(
      service.attribute(model, 'gradient', { image, target: 1, where: { x: 500, y: 0, width: 5, height: 5 } }),
    ).rejects.toMatchObject({ code: 'EMPTY_REGION' });
  });
});

describe('judging an explanation', () => {
  it('gives what score gives, and lets one metric fail alone', async () => {
    const model = workspace.colours();
    const image = await workspace.picture('p.png', RED, BLUE);
    const { id } = await service.explain({ model, image, method: 'gradient', target: 'red' });
    const metrics = ['gini', 'pointing-game', 'deletion'];
    const [gini, pointing, deletion] = await service.judge({ explanation: id, metrics });
    expect(pointing.error?.code).toBe('MASK_MISSING');
    // The gradient is the same where there is red, and nothing on the other half: the Gini index of (0, …, 1, …).
    expect(gini.value).toBeCloseTo(0.5, 6);
    expect(deletion.curve?.length).toBeGreaterThan(2);
    await expect(service.judge({ explanation: 'none', metrics })).rejects.toMatchObject({ code: 'EXPLANATION_GONE' });
  });
});
