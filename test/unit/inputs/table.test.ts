import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Feature, parseFeatures } from '../../../src/inputs/features';
import { encodeRow, featuresOfRow, parseTable, readRow, rowOf } from '../../../src/inputs/table';
import { Workspace } from '../../support/engine/workspace';

const failure = (code: string, text = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(text) as string });

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const FEATURES: readonly Feature[] = [
  { name: 'age', mean: 40, std: 10 },
  { name: 'colour', categories: ['red', 'green, dark', 'blue'], encoding: 'one-hot' },
  { name: 'size', categories: ['S', 'M'], missing: 'M' },
];

describe('a row', () => {
  it('becomes standardised numbers, indices and one-hot vectors', async () => {
    const row = await readRow('size=S, age=65,"colour=green, dark"');
    expect(encodeRow(row, FEATURES)).toEqual({
      values: Float32Array.of(2.5, 0, 1, 0, 0),
      features: [
        { name: 'age', value: '65', first: 0, width: 1 },
        { name: 'colour', value: 'green, dark', first: 1, width: 3 },
        { name: 'size', value: 'S', first: 4, width: 1 },
      ],
    });
  });

  it('may lack what the settings have a value for', async () => {
    expect(encodeRow(await readRow('age=40,colour=red'), FEATURES).values).toEqual(Float32Array.of(0, 1, 0, 0, 1));
  });

  it('is the one of a file that is named', async () => {
    const file = workspace.write('t.csv', '\uFEFFsize;age;colour;label\r\nM;40;blue;x\r\n\r\nS;50;red;y\r\n');
    const agesOf = async (written: string) => encodeRow(await readRow(written), FEATURES).values[0];
    expect(await agesOf(file)).toBe(0);
    expect(await agesOf(`${file}:2`)).toBe(1);
    expect(await agesOf(`${file}#2`)).toBe(1);
    await expect(readRow(`${file}:3`)).rejects.toThrow(failure('ROW_OUT_OF_RANGE', 'has 2 rows'));
    await expect(readRow(`${file}:0`)).rejects.toThrow(failure('ROW_OUT_OF_RANGE'));
    await expect(readRow(workspace.path('none.csv'))).rejects.toThrow(failure('FILE_NOT_FOUND'));
  });

  it.each([
    ['age=1,colour=red,sise=S', 'UNKNOWN_COLUMN', '"sise", which the model does not know; did you mean "size"?'],
    ['colour=red', 'MISSING_COLUMN', '"age"'],
    ['age=,colour=red', 'MISSING_VALUE', '"age"'],
    ['age=NaN,colour=red', 'MISSING_VALUE', '"age"'],
    ['age=old,colour=red', 'NOT_A_NUMBER', '"old" for "age"'],
    ['age=1,colour=blu', 'UNKNOWN_CATEGORY', 'did you mean "blue"?'],
  ])('%s is refused', async (written, code, text) => {
    const row = await readRow(written);
    expect(() => encodeRow(row, FEATURES)).toThrow(failure(code, text));
  });

  it.each(['age=1,red', 'age=1,age=2', 'age=1,=2'])('%s is no row', async (written) => {
    await expect(readRow(written)).rejects.toThrow(failure('ROW_INVALID'));
  });

  it('of a file may have columns that are no features', () => {
    const table = parseTable('a,b,label\n1,2,x\n', 't.csv');
    expect(encodeRow(rowOf(table, 1, 't.csv'), [{ name: 'b' }, { name: 'a' }]).values).toEqual(Float32Array.of(2, 1));
  });
});

describe('a table', () => {
  it('is refused when lines are of different lengths, or there are none', () => {
    expect(() => parseTable('a,b\n1,2,3\n', 't.csv')).toThrow(failure('CSV_INVALID', 't.csv'));
    expect(() => parseTable('', 't.csv')).toThrow(failure('CSV_INVALID', 'empty'));
  });

  it('is refused in another encoding', () => {
    const text = Buffer.from('age,colour\n3,red\n', 'utf16le').toString('utf8');
    expect(() => parseTable(text, 't.csv')).toThrow(failure('CSV_INVALID', 'UTF-8'));
  });

  it('with a column twice is refused where the column is needed', () => {
    const row = rowOf(parseTable('age,note,age,note\n3,a,4,b\n', 't.csv'), 1, 't.csv');
    expect(() => encodeRow(row, [{ name: 'age' }])).toThrow(failure('ROW_INVALID', 'more than once'));
    const other = rowOf(parseTable('age,note,note\n3,a,b\n', 't.csv'), 1, 't.csv');
    expect([...encodeRow(other, [{ name: 'age' }]).values]).toEqual([3]);
  });

  it('names the features where nobody else does', () => {
    const row = rowOf(parseTable('a,b\n1,2\n', 't.csv'), 1, 't.csv');
    expect(featuresOfRow(row, 2)).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(() => featuresOfRow(row, 3)).toThrow(failure('FEATURES_MISSING'));
  });
});

it('reads names of columns from files', () => {
  expect(parseFeatures('a\n\nb\n', 'f.txt')).toEqual([{ name: 'a' }, { name: 'b' }]);
  expect(parseFeatures('{"features": ["a", {"name": "b", "std": 2}]}', 'f.json')).toEqual([
    { name: 'a' },
    { name: 'b', std: 2 },
  ]);
  for (const text of ['{', '[]', '{"a": 1}', '[1]']) {
    expect(() => parseFeatures(text, 'f.json')).toThrow(failure('FEATURES_INVALID', 'f.json'));
  }
});
