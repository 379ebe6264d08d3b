import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry, Evaluation } from '../../../src/engine/evaluation/evaluation';
import { exportModel } from '../../../src/graph/export';
import type { Graph } from '../../../src/graph/ir';
import { float32 } from '../../../src/graph/tensor';
import { type Outcome, prism, steady } from '../../support/engine/prism';
import { Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const node = { domain: '', attributes: {} };
const WORDS = ['bad', 'fine', 'good', 'plain', 'poor', 'superb'];
/** How much a word speaks for the class *praise*. */
const WORTH = [-2, 0.5, 1.5, 0.25, -1, 3];

/** The logits are the means of what the words are worth, with either sign. */
const bag: Graph = {
  name: 'bag',
  opsets: { '': 21 },
  inputs: [{ name: 'tokens', dtype: 'int64', shape: [1, 'length'] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: [1, 2] }],
  initializers: new Map([
    [
      'table',
      float32(
        WORTH.flatMap((worth) => [-worth, worth]),
        [6, 2],
      ),
    ],
    ['axis', { dtype: 'int64', shape: [1], source: { kind: 'bytes', bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) } }],
  ]),
  nodes: [
    { ...node, op: 'Gather', name: 'embed', inputs: ['table', 'tokens'], outputs: ['embedded'] },
    {
      ...node,
      op: 'ReduceMean',
      name: 'pool',
      inputs: ['embedded', 'axis'],
      outputs: ['logits'],
      attributes: { keepdims: { type: 'int', value: 0 } },
    },
  ],
  types: new Map(),
  metadata: {},
};

const WEIGHTS = [2, -1, 0.5];

/** One logit of praise, the weighed sum of three features, against 0. */
const line: Graph = {
  name: 'line',
  opsets: { '': 21 },
  inputs: [{ name: 'features', dtype: 'float32', shape: ['batch', 3] }],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 2] }],
  initializers: new Map([
    [
      'weights',
      float32(
        WEIGHTS.flatMap((weight) => [0, weight]),
        [3, 2],
      ),
    ],
  ]),
  nodes: [{ ...node, op: 'MatMul', name: 'sum', inputs: ['features', 'weights'], outputs: ['logits'] }],
  types: new Map(),
  metadata: {},
};

function placed(name: string, graph: Graph, settings: object): string {
  workspace.write('labels.txt', 'blame\npraise\n');
  workspace.write('words.txt', `${WORDS.join('\n')}\n`);
  const output = { name: 'logits', kind: 'logits' };
  workspace.write(`${name}.prism.json`, JSON.stringify({ ...settings, labels: 'labels.txt', output }));
  return workspace.write(`${name}.onnx`, exportModel(graph));
}

const reader = (): string =>
  placed('bag', bag, { task: 'text-classification', tokenizer: { vocabulary: 'words.txt', regex: '[a-z]+' } });
const table = (): string =>
  placed('line', line, { task: 'tabular', features: ['a', 'b', 'c'].map((name) => ({ name })) });

const OUT = 'out';
const ask = (model: string, ...more: readonly string[]): Promise<Outcome> =>
  prism(workspace, ['evaluate', model, '--out', workspace.path(OUT), ...more]);
const report = (): Evaluation => JSON.parse(readFileSync(workspace.path(`${OUT}/evaluation.json`), 'utf8'));
const lines = (): Entry[] =>
  readFileSync(workspace.path(`${OUT}/results.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one));
const metricOf = (image: string, method: string, metric: string): number =>
  lines().find((entry) => entry.image === image && entry.method === method)?.metrics[metric].value as number;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('evaluate on texts', () => {
  /** The probability of a class for words, by the definition of the model. */
  const probability = (words: readonly string[], praise: boolean): number =>
    sigmoid((praise ? 2 : -2) * meanOf(words.map((word) => WORTH[WORDS.indexOf(word)])));

  const TEXTS = ['superb plain good fine bad', 'poor fine plain bad good poor'];

  /** Words taken out one after the other, by their worth to the class: the mean loss over the shares. */
  const lost = (text: string, praise: boolean): number => {
    const words = text.split(' ');
    const order = [...words.keys()].sort(
      (a, b) => (praise ? -1 : 1) * (WORTH[WORDS.indexOf(words[a])] - WORTH[WORDS.indexOf(words[b])]) || a - b,
    );
    const without = [0.01, 0.05, 0.1, 0.2, 0.5].map((share) => {
      const out = new Set(order.slice(0, Math.ceil(share * words.length)));
      return probability(
        words.filter((_, at) => !out.has(at)),
        praise,
      );
    });
    return meanOf(without.map((left) => probability(words, praise) - left));
  };

  it('takes words out of the files of a folder, each with the class of its folder', async () => {
    workspace.write('t/praise/a.txt', TEXTS[0]);
    workspace.write('t/blame/b.txt', TEXTS[1]);
    const how = ['--method', 'gradient-x-input,random', '--metric', 'token-deletion,morf'];
    const { code, out, err } = await ask(reader(), '--texts', workspace.path('t'), ...how);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(steady(workspace, out)).toContain('bag.onnx · DIR/t\n2 of 2 texts judged\n2 with a label, all classified');
    expect(report().images).toMatchObject({ kind: 'texts', count: 2, judged: 2, misclassified: 0 });
    expect(metricOf('praise/a.txt', 'gradient-x-input', 'token-deletion')).toBeCloseTo(lost(TEXTS[0], true), 6);
    expect(metricOf('blame/b.txt', 'gradient-x-input', 'token-deletion')).toBeCloseTo(lost(TEXTS[1], false), 6);
    // Vectors of zeros are worth nothing to either class, and the text stays as long as it was.
    const left = TEXTS[0].split(' ').map((word) => WORTH[WORDS.indexOf(word)]);
    left.sort((a, b) => b - a);
    const curve = [0, 1, 2, 3, 4, 5].map((gone) => sigmoid((2 * left.slice(gone).reduce((a, b) => a + b, 0)) / 5));
    const area = meanOf(curve.slice(1).map((value, i) => (value + curve[i]) / 2));
    expect(metricOf('praise/a.txt', 'gradient-x-input', 'morf')).toBeCloseTo(area, 6);
    expect(readFileSync(workspace.path(`${OUT}/report.html`), 'utf8')).toContain('<h2>Texts</h2>');
  });

  it('reads the rows of a table, and does none of them again', async () => {
    const file = workspace.write('reviews.csv', `text,label\n${TEXTS[0]},praise\n"${TEXTS[1]}",blame\n`);
    const how = ['--method', 'gradient-x-input,random', '--metric', 'token-deletion'];
    await ask(reader(), '--texts', file, ...how);
    expect(metricOf('reviews.csv:2', 'gradient-x-input', 'token-deletion')).toBeCloseTo(lost(TEXTS[1], false), 6);
    const before = lines();
    expect(before).toHaveLength(4);
    // Another text in the first row; the second one is as it was.
    writeFileSync(file, `label,text\npraise,good superb\nblame,${TEXTS[1]}\n`);
    await ask(reader(), '--texts', file, ...how);
    expect(lines()).toHaveLength(6);
    expect(lines().slice(0, 4)).toEqual(before);
    // The floor is drawn alike in another run, and anew for another text.
    const drawn = metricOf('reviews.csv:2', 'random', 'token-deletion');
    await prism(workspace, ['evaluate', reader(), '--out', workspace.path('again'), '--texts', file, ...how]);
    const again = readFileSync(workspace.path('again/results.jsonl'), 'utf8').trimEnd().split('\n');
    const other: Entry[] = again.map((one) => JSON.parse(one));
    expect(other.find(({ image, method }) => image === 'reviews.csv:2' && method === 'random')?.metrics).toEqual({
      'token-deletion': expect.objectContaining({ value: drawn }),
    });
  });

  it('reads a text on each line of a file, and no vocabulary that lies with a model', async () => {
    const file = workspace.write('reviews.txt', `${TEXTS[0]}\r\n\n${TEXTS[1]}\n`);
    const how = ['--method', 'gradient-x-input', '--metric', 'token-deletion', '--explain', 'predicted'];
    await ask(reader(), '--texts', file, ...how);
    expect(lines().map(({ image }) => image)).toEqual(['reviews.txt:1', 'reviews.txt:3']);
    expect(metricOf('reviews.txt:3', 'gradient-x-input', 'token-deletion')).toBeCloseTo(lost(TEXTS[1], false), 6);
    for (const name of ['vocabulary.txt', 'labels.txt', 'one.txt']) workspace.write(`f/${name}`, TEXTS[0]);
    await prism(workspace, [
      'evaluate',
      reader(),
      '--out',
      workspace.path('f-out'),
      '--texts',
      workspace.path('f'),
      ...how,
    ]);
    const found = readFileSync(workspace.path('f-out/results.jsonl'), 'utf8').trimEnd().split('\n');
    expect(found.map((one) => (JSON.parse(one) as Entry).image)).toEqual(['one.txt']);
  });

  it('has no value where there is nothing to take out', async () => {
    const file = workspace.write('one.csv', 'text\ngood\n');
    const { code } = await ask(reader(), '--texts', file, '--method', 'gradient-x-input', '--metric', 'token-deletion');
    expect(code).toBe(0);
    expect(lines()[0].metrics['token-deletion']).toEqual({ value: null, reason: 'the text has a single token' });
  });
});

describe('evaluate on the rows of a table', () => {
  it('removes features in the order of the map', async () => {
    const file = workspace.write('rows.csv', 'a,b,c,label\n1,1,2,praise\n-1,2,1,blame\n1,3,1,praise\n');
    const how = ['--method', 'gradient-x-input', '--metric', 'morf,token-deletion'];
    const { code, out } = await ask(table(), '--rows', file, ...how);
    expect(code).toBe(0);
    // The third row is worth 2 − 3 + 0.5 < 0 to praise.
    expect(out).toContain('3 of 3 rows judged\n3 with a label, 1 misclassified\n');
    const rows = [
      { values: [1, 1, 2], sign: 1 },
      { values: [-1, 2, 1], sign: -1 },
      { values: [1, 3, 1], sign: 1 },
    ];
    rows.forEach(({ values, sign }, index) => {
      const parts = values.map((value, i) => value * WEIGHTS[i]).sort((a, b) => sign * (b - a));
      // For blame the logit is 0: its map is zero everywhere, and features go in their order.
      const order = sign > 0 ? parts : values.map((value, i) => value * WEIGHTS[i]);
      const curve = [0, 1, 2, 3].map((gone) => sigmoid(sign * order.slice(gone).reduce((a, b) => a + b, 0)));
      const area = meanOf(curve.slice(1).map((value, i) => (value + curve[i]) / 2));
      expect(metricOf(`rows.csv:${index + 1}`, 'gradient-x-input', 'morf')).toBeCloseTo(area, 6);
    });
    expect(lines()[0].metrics['token-deletion']).toMatchObject({ value: null });
    expect(readFileSync(workspace.path(`${OUT}/evaluation.csv`), 'utf8')).toContain(
      'rows.csv:3,gradient-x-input,praise',
    );
  });

  it('takes the class from the column that is named', async () => {
    const file = workspace.write('rows.csv', 'a,b,c,kind\n1,1,2,1\n-1,2,1,0\n');
    const how = ['--method', 'gradient', '--metric', 'gini'];
    await ask(table(), '--rows', file, ...how);
    expect(report().images).toMatchObject({ withLabel: 0 });
    await ask(table(), '--rows', file, '--labels', 'kind', ...how);
    expect(report().images).toMatchObject({ withLabel: 2, misclassified: 0 });
  });

  it('tells of a broken row and goes on', async () => {
    const file = workspace.write('rows.csv', 'a,b,c\n1,,2\n-1,2,1\n');
    const { code, err } = await ask(table(), '--rows', file, '--method', 'gradient', '--metric', 'gini');
    expect(code).toBe(0);
    expect(err).toMatch(/^warning\[MISSING_VALUE\]: rows\.csv:1: [^\n]*\n$/);
    expect(report().images).toMatchObject({ count: 2, judged: 1 });
  });
});

describe('evaluate refuses, before it begins,', () => {
  it.each([
    ['nothing', [], 'USAGE', 2],
    ['two kinds', ['--rows', 'r.csv', '--texts', 'empty'], 'USAGE', 2],
    ['masks of texts', ['--texts', 'empty', '--masks', 'empty'], 'USAGE', 2],
    ['a folder without texts', ['--texts', 'empty'], 'NO_TEXTS', 1],
    ['a table that is missing', ['--rows', 'none.csv'], 'FILE_NOT_FOUND', 1],
    ['a table without rows', ['--rows', 'bare.csv'], 'NO_ROWS', 1],
    ['a table without a text', ['--texts', 'r.csv'], 'TEXT_COLUMN_MISSING', 1],
    ['a column that is missing', ['--rows', 'r.csv', '--labels', 'sort'], 'LABELS_INVALID', 1],
  ])('%s', async (_what, args, kind, code) => {
    workspace.write('empty/x.md', '');
    workspace.write('bare.csv', 'a,b,c\n');
    workspace.write('r.csv', 'a,b,c\n1,2,3\n');
    const paths = args.map((arg) => (/^-|^sort$/.test(arg) ? arg : workspace.path(arg)));
    const outcome = await ask(table(), ...paths, '--method', 'gradient', '--metric', 'gini');
    expect(outcome.err).toMatch(new RegExp(`^error\\[${kind}\\]: [^\n]*\n$`));
    expect(outcome.code).toBe(code);
    expect(existsSync(workspace.path(OUT))).toBe(false);
  });
});
