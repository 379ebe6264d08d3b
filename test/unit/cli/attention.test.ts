import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { importModel } from '../../../src/graph/import';
import type { ValueInfo } from '../../../src/graph/ir';
import { readNpy } from '../../../src/inputs/npy';
import { prism } from '../../support/engine/prism';
import { Workspace } from '../../support/engine/workspace';
import { run } from '../../support/run';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const model = 'media/sample/reviews/reviews.onnx';
const args = ['explain', model, '--text', 'a wonderful film', '--method', 'attn-lrp'];

it('writes the weights of an attention as the model computes them, all heads or one', async () => {
  const npy = workspace.path('heads.npy');
  const first = JSON.parse((await prism(workspace, [...args, '--attention', '0', '--out', npy, '--json'])).out);
  const { value, heads, queries, keys, layers, reports } = first.attention;
  const { shape, data } = readNpy(readFileSync(npy), npy);
  expect(shape).toEqual([heads, queries, keys]);
  // The model itself, with the weights as its output.
  const graph = importModel(model);
  const { name } = graph.inputs[0];
  const ids = BigInt64Array.from(first.tokens.map(({ id }: { id: number }) => BigInt(id)));
  const outputs = [{ name: value, dtype: 'float32' } as ValueInfo];
  const computed = await run({ ...graph, outputs }, { [name]: { dtype: 'int64', shape: [1, ids.length], data: ids } });
  const expected = computed[value].data as Float32Array;
  expect([...(data as Float32Array)]).toEqual([...expected].map((weight) => expect.closeTo(weight, 5)));
  expect(layers).toBeGreaterThan(0);
  expect(reports).toHaveLength(heads);
  for (const { head, heeded, strongest } of reports) {
    const { query, key, weight } = strongest;
    expect(weight).toBeCloseTo(expected[(head * queries + query) * keys + key], 5);
    expect(heeded).toBeGreaterThanOrEqual(1);
    expect(heeded).toBeLessThanOrEqual(keys + 1e-3);
  }
  const one = workspace.path('head.npy');
  const report = workspace.path('head.json');
  const last = heads - 1;
  const named = await prism(workspace, [...args, '--attention', `${value}:${last}`, '--out', one, '--out', report]);
  expect([named.code, named.out]).toEqual([0, expect.stringContaining('its weights are the value')]);
  const single = readNpy(readFileSync(one), one);
  expect(single.shape).toEqual([queries, keys]);
  const size = queries * keys;
  expect([...(single.data as Float32Array)]).toEqual([...(data as Float32Array).slice(last * size)]);
  expect(JSON.parse(readFileSync(report, 'utf8')).attention).toMatchObject({ layer: 0, head: last, value });
});

it('says what cannot be: a layer or a head too many, a file of another kind, a model without attention', async () => {
  const failed = async (...more: string[]) => {
    const { code, err } = await prism(workspace, [...args, ...more]);
    return `${code} ${err}`;
  };
  expect(await failed('--attention', '99')).toMatch(/^2 error\[USAGE\].*counted from 0/s);
  expect(await failed('--attention', '0:99')).toMatch(/^1 error\[PFV_OUT_OF_RANGE\]/s);
  expect(await failed('--attention', '0', '--out', workspace.path('x.onnx'))).toMatch(/^2 error\[USAGE\]/s);
  const wine = ['explain', 'media/sample/wine/wine.onnx', '--row', 'media/sample/wine/wines.csv:3'];
  const { code, err } = await prism(workspace, [...wine, '--method', 'gradient', '--attention', '0']);
  expect([code, err]).toEqual([1, expect.stringContaining('error[NO_ATTENTION]')]);
});
