import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../../../src/engine/service';
import { int } from '../../../src/graph/attributes';
import { exportModel } from '../../../src/graph/export';
import { Workspace } from '../../support/engine/workspace';
import { graphOf, node, value } from '../../support/graphs';

const folder = join(__dirname, '../../cases/columns');
const expected: { row: Record<string, string>; probabilities: number[] }[] = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
);
const written = (row: Record<string, string>): string =>
  Object.entries(row)
    .map(([name, cell]) => `${name}=${cell}`)
    .join(',');

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

const failure = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) as string });

describe('a pipeline of scikit-learn with an input for every column', () => {
  const model = (config: object = {}): string => {
    workspace.write('model.prism.json', JSON.stringify({ output: { kind: 'probabilities' }, ...config }));
    return workspace.write('model.onnx', readFileSync(join(folder, 'model.onnx')));
  };
  const probability = async (path: string, row: Record<string, string>): Promise<number> =>
    (await service.classes(path, { row: written(row) })).classes[1].score;

  it('scores rows as scikit-learn does, words included', async () => {
    const path = model();
    expect((await service.model({ path })).task).toBe('tabular');
    for (const { row, probabilities } of expected) {
      const { classes } = await service.classes(path, { row: written(row) });
      expect(classes.map(({ score }) => score)).toEqual(probabilities.map((share) => expect.closeTo(share, 5)));
    }
  });

  it('is explained column by column: what each adds to a row of first words and zeros', async () => {
    const path = model();
    const { row } = expected[0];
    const { report } = await service.attribute(path, 'kernel-shap', { row: written(row), target: 1 });
    const names = Object.keys(row);
    expect(report.features?.map(({ name, value: cell }) => [name, cell])).toEqual(Object.entries(row));
    // The definition of Shapley values: the mean over all orders of what a column adds. Categories are sorted.
    const baseline: Record<string, string> = { age: '0', visits: '0', colour: 'blue', size: 'L' };
    const gain = new Map(names.map((name) => [name, 0]));
    const known = new Map<string, number>();
    const of = async (given: readonly string[]): Promise<number> => {
      const mixed = Object.fromEntries(names.map((name) => [name, (given.includes(name) ? row : baseline)[name]]));
      const key = JSON.stringify(mixed);
      if (!known.has(key)) known.set(key, await probability(path, mixed));
      return known.get(key) as number;
    };
    const orders = (rest: readonly string[]): string[][] =>
      rest.length === 0
        ? [[]]
        : rest.flatMap((name) => orders(rest.filter((other) => other !== name)).map((order) => [name, ...order]));
    const all = orders(names);
    for (const order of all) {
      for (const [at, name] of order.entries()) {
        const more = (await of(order.slice(0, at + 1))) - (await of(order.slice(0, at)));
        gain.set(name, (gain.get(name) as number) + more / all.length);
      }
    }
    for (const { name, relevance } of report.features ?? []) expect(relevance).toBeCloseTo(gain.get(name) as number, 4);
  });

  it('names the methods that do not fit', async () => {
    const unfit = await service.unfit({ model: model() });
    const ids = unfit.map(({ method }) => method);
    expect(ids).toContain('gradient');
    expect(ids).not.toContain('kernel-shap');
  });

  it.each([
    ['an unknown word', { colour: 'purple' }, 'UNKNOWN_CATEGORY', 'purple'],
    ['no number', { age: 'old' }, 'NOT_A_NUMBER', 'age'],
    ['a missing value', { visits: '' }, 'MISSING_VALUE', 'visits'],
  ])('refuses %s', async (_name, change, code, text) => {
    const row = written({ ...expected[0].row, ...change });
    await expect(service.attribute(model(), 'kernel-shap', { row })).rejects.toEqual(failure(code, text));
  });
});

it('columns of numbers are differentiated through', async () => {
  const graph = graphOf({
    inputs: [value('a', ['rows', 1]), value('b', ['rows', 1])],
    outputs: [value('score', ['rows', 2])],
    nodes: [node('Concat', ['a', 'b'], ['joined'], { axis: int(1) }), node('Mul', ['joined', 'joined'], ['score'])],
  });
  const path = workspace.write('model.onnx', exportModel(graph));
  const { report } = await service.attribute(path, 'gradient', { row: 'a=3,b=5', target: 1 });
  expect(report.features?.map(({ relevance }) => relevance)).toEqual([0, 10]);
});

it('words that nobody names are asked for', async () => {
  const graph = graphOf({
    inputs: [value('a', ['rows', 1]), value('word', ['rows', 1], 'string')],
    outputs: [value('score', ['rows', 1])],
    nodes: [node('Identity', ['a'], ['score']), node('Identity', ['word'], ['unused'])],
  });
  const path = workspace.write('model.onnx', exportModel(graph));
  await expect(service.attribute(path, 'gradient', { row: 'a=3,word=x' })).rejects.toEqual(
    failure('CATEGORIES_MISSING', '"categories"'),
  );
});
