import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { NdArray } from '../../../src/graph/ndarray';
import { elementCount } from '../../../src/graph/tensor';
import { toFloat32 } from '../../../src/inputs/elements';
import { type NpyArray, writeNpy } from '../../../src/inputs/npy';
import { kernelShap } from '../../../src/methods/kernel-shap';
import { loadCase } from '../../support/cases';
import { explainWith, subjectFor } from '../../support/perturbation';
import { openGraph } from '../../support/run';

/** Shapley values of four blocks of the input, against all 16 combinations given to the model one by one. */

const folder = mkdtempSync(join(tmpdir(), 'prism-families-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BLOCKS = 4;

/** The array with zeros where the block of its location is hidden. */
function showing(array: NpyArray, blockAt: (element: number) => number, shown: (block: number) => boolean): NpyArray {
  const data = array.data.slice();
  for (let i = 0; i < data.length; i++) {
    if (!shown(blockAt(i))) data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array ? 0n : 0;
  }
  return { ...array, data };
}

/** The place of the largest element. */
function highest(data: Float32Array, shape: readonly number[]): number[] {
  let flat = data.indexOf(data.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
  const place: number[] = [];
  for (const dim of [...shape].reverse()) {
    place.unshift(flat % dim);
    flat = Math.floor(flat / dim);
  }
  return place;
}

describe.each([
  ['A-tabular_mlp', undefined],
  ['A-conv1d_audio', 1],
  ['A-conv3d_video', 1],
  ['A-unet_resize_bilinear', 1],
  ['A-mini_yolo', 1],
  ['A-mobilenet_v2', 1],
  ['A-swin_t_reduced', 1],
  ['A-vit_b_16_reduced', 1],
  ['A-bert_tiny', undefined],
  ['A-llama_tiny', undefined],
  ['A-lstm_bi2', undefined],
  ['F-nhwc_transpose_first', 3],
  ['F-dynamic_nhw', 1],
  ['F-qdq_int8', 1],
  ['F-fp16', 1],
] as const)('%s', (name, channels) => {
  const golden = loadCase(name);

  it('has the Shapley values of its blocks', async () => {
    const inputs = golden.inputs();
    const [[input, array], ...others] = Object.entries(inputs);
    const { shape } = array;
    const grid = shape.map((dim, axis) => (axis === channels ? 1 : dim));
    const locations = elementCount(grid);
    const stride = channels === undefined ? 1 : elementCount(shape.slice(channels + 1));
    const locationOf = (element: number): number =>
      channels === undefined ? element : Math.floor(element / (stride * shape[channels])) * stride + (element % stride);
    const blockOf = (location: number): number => Math.floor((location * BLOCKS) / locations);

    const path = join(folder, `${name}.npy`);
    const ids = Float32Array.from({ length: locations }, (_, location) => blockOf(location));
    writeFileSync(path, writeNpy({ dtype: 'float32', shape: grid, data: ids }));

    const model = await openGraph(golden.graph());
    const [output] = golden.expect.filter(({ what }) => what === 'forward').map(({ of }) => of);
    const run = async (shown: (block: number) => boolean): Promise<NpyArray> => {
      const hidden = showing(array, (element) => blockOf(locationOf(element)), shown);
      return (await model.run({ ...Object.fromEntries(others), [input]: hidden }, [output]))[output];
    };
    const whole = await run(() => true);
    const select = highest(toFloat32(whole.dtype, whole.data), whole.shape);
    const flat = select.reduce((index, at, axis) => index * whole.shape[axis] + at, 0);
    const worth: number[] = [];
    for (let bits = 0; bits < 2 ** BLOCKS; bits++) {
      const { dtype, data } = await run((block) => (bits >> block) % 2 === 1);
      worth.push(toFloat32(dtype, data)[flat]);
    }
    await model.release();
    // |S|! (M − |S| − 1)! / M! for four players.
    const share = [1 / 4, 1 / 12, 1 / 12, 1 / 4];
    const exact = Array.from({ length: BLOCKS }, (_, block) =>
      worth.reduce((total, before, bits) => {
        if ((bits >> block) % 2 === 1) return total;
        const size = [...bits.toString(2)].filter((bit) => bit === '1').length;
        return total + share[size] * (worth[bits | (1 << block)] - before);
      }, 0),
    );

    const subject = await subjectFor(
      golden.graph(),
      new Map<string, NdArray>(Object.entries(inputs)),
      { output, select },
      { ...(channels !== undefined && { channels }), batch: 4 },
    );
    const { map } = await explainWith(kernelShap, { ...subject, input }, { segments: path });
    const largest = Math.max(...exact.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    expect(map.shape).toEqual(shape);
    map.data.forEach((value, element) => {
      const difference = Math.abs(value - exact[blockOf(locationOf(element))]);
      expect(difference / largest).toBeLessThan(name === 'F-fp16' ? 2e-2 : 1e-3);
    });
  });
});
