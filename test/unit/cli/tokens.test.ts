import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { exportModel } from '../../../src/graph/export';
import { readNpy } from '../../../src/inputs/npy';
import { causalGraph, causalScores, causalWeights, embedded, SMALL } from '../../support/causal';
import { prism } from '../../support/engine/prism';
import { Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

function model(task = 'text-generation'): string {
  workspace.write('words.json', JSON.stringify(Array.from({ length: SMALL.vocabulary }, (_, id) => `t${id}`)));
  const tokenizer = { vocabulary: 'words.json', regex: 't\\d+' };
  workspace.write('model.prism.json', JSON.stringify({ task, tokenizer }));
  return workspace.write('model.onnx', exportModel(causalGraph(SMALL, { cache: true })));
}

it('goes on with a text and explains each new token', async () => {
  const npy = workspace.path('map.npy');
  const args = ['explain', model(), '--text', 't5 t9', '--generate', '3', '--method', 'gradient-x-input'];
  const json = JSON.parse((await prism(workspace, [...args, '--out', npy, '--json'])).out);
  const ids = [5, 9];
  const weights = causalWeights(SMALL);
  for (const { label, index, relevance } of json.rows) {
    const scores = causalScores(
      SMALL,
      weights,
      ids.map((id) => embedded(weights, id)),
    );
    ids.push(scores.indexOf(Math.max(...scores)));
    expect([index, label]).toEqual([ids.at(-1), ` t${ids.at(-1)}`]);
    expect(relevance).toHaveLength(ids.length - 1);
  }
  expect(json).toMatchObject({ kind: 'generation', given: 2, cached: true, attribution: { shape: [3, 5] } });
  expect(json.continuation).toBe(
    ids
      .slice(2)
      .map((id) => ` t${id}`)
      .join(''),
  );
  const { dtype, shape, data } = readNpy(readFileSync(npy), npy);
  expect([dtype, shape]).toEqual(['float32', [3, 5]]);
  const rows = json.rows.map(({ relevance }: { relevance: number[] }) => [...relevance, 0, 0, 0].slice(0, 5));
  expect([...data]).toEqual(rows.flat());
  const { code, out } = await prism(workspace, args);
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`^  ␣t${ids[2]} +[\\d.]+ %  t\\d+ -?[\\d.e-]+`, 'm'));
});

it('explains the labels of all tokens', async () => {
  const png = workspace.path('map.png');
  const args = ['explain', model('token-classification'), '--text', 't5 t9 t1', '--token', 'all'];
  const { code, out } = await prism(workspace, [...args, '--method', 'gradient-x-input', '--out', png]);
  expect([code, out]).toEqual([0, expect.stringContaining('every token is explained')]);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
});

it.each([
  [['--generate', '0'], 'at least 1'],
  [['--generate', '2', '--target', '3'], 'leave out --target'],
  [['--token', '-1'], 'place of a token'],
])('refuses %j', async (more, why) => {
  const args = ['explain', 'm.onnx', '--text', 'a', '--method', 'gradient', ...more];
  expect(await prism(workspace, args)).toMatchObject({ code: 2, err: expect.stringContaining(why) });
});

it('cannot be one graph', async () => {
  const args = ['explain', model(), '--text', 't5 t9', '--generate', '1', '--method', 'gradient'];
  const { code, err } = await prism(workspace, [...args, '--out', workspace.path('why.onnx')]);
  expect([code, err]).toEqual([1, expect.stringContaining('NOT_ONE_GRAPH')]);
});
