import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settled } from '../../../src/editor/checkpoints/settled';
import { isWhole } from '../../../src/editor/checkpoints/whole';
import { exportModel } from '../../../src/graph/export';
import { float32 } from '../../../src/graph/tensor';
import { graphOf, node, value } from '../../support/graphs';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prism-settled-'));
  file = path.join(folder, 'a.onnx');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

/** A model with so many weights. */
const model = (weights: number): Uint8Array =>
  exportModel(
    graphOf({
      inputs: [value('x', [weights])],
      outputs: ['y'],
      nodes: [node('Add', ['x', 'w'], ['y'])],
      initializers: { w: float32(new Float32Array(weights).fill(1), [weights]) },
    }),
  );

describe('a file that is being written', () => {
  it('is whole when all of it is there, however long a pause was', async () => {
    const bytes = model(1000);
    writeFileSync(file, bytes.subarray(0, 100));
    const waiting = settled(file, never);
    setTimeout(() => appendFileSync(file, bytes.subarray(100, 3000)), 150);
    setTimeout(() => appendFileSync(file, bytes.subarray(3000)), 400);
    const state = await waiting;
    expect(state?.size).toBe(bytes.length);
    expect(state?.time).toBe(statSync(file).mtimeMs);
  });

  it('is whole when it has become smaller', async () => {
    writeFileSync(file, model(1000));
    const smaller = model(10);
    const waiting = settled(file, never);
    truncateSync(file, 0);
    setTimeout(() => writeFileSync(file, smaller), 100);
    expect((await waiting)?.size).toBe(smaller.length);
  });

  it('is given to whoever can say what it lacks when nothing more comes', async () => {
    const half = model(1000).subarray(0, 2000);
    writeFileSync(file, half);
    expect((await settled(file, never, 100))?.size).toBe(half.length);
  });

  it('is nothing when it goes away, never was, or nobody waits any more', async () => {
    expect(await settled(file, never)).toBeUndefined();
    writeFileSync(file, 'a');
    setTimeout(() => rmSync(file), 30);
    expect(await settled(file, never)).toBeUndefined();
    writeFileSync(file, '');
    const gone = new AbortController();
    setTimeout(() => gone.abort(), 30);
    expect(await settled(file, gone.signal)).toBeUndefined();
  });
});

describe('a model file', () => {
  it('is whole at its full length and at no other', async () => {
    const bytes = model(5);
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(file, bytes.subarray(0, length));
      expect(await isWhole(file), `${length} of ${bytes.length} bytes`).toBe(length === bytes.length);
    }
    writeFileSync(file, Buffer.concat([bytes, Buffer.from([0xff])]));
    expect(await isWhole(file)).toBe(false);
  });

  it.each(['', 'not a model', '\0'.repeat(64)])('is not %j', async (text) => {
    writeFileSync(file, text);
    expect(await isWhole(file)).toBe(false);
  });

  it.each(['source/fashion/model.dynamo.onnx', 'models/planted/resnet.onnx'])(
    'of an exporter of PyTorch is whole: %s',
    async (name) => {
      expect(await isWhole(path.resolve(import.meta.dirname, '../../cases', name))).toBe(true);
    },
  );
});
