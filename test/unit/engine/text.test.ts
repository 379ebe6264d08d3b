import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../src/engine/engine';
import type { Question } from '../../../src/engine/explain';
import { judgeAnswer } from '../../../src/engine/judgeAnswer';
import { scoreAttribution } from '../../../src/engine/score';
import { int } from '../../../src/graph/attributes';
import { exportModel } from '../../../src/graph/export';
import type { Graph } from '../../../src/graph/ir';
import type { FloatArray } from '../../../src/graph/ndarray';
import { float32 } from '../../../src/graph/tensor';
import { toFloat32 } from '../../../src/inputs/elements';
import { writeNpy } from '../../../src/inputs/npy';
import { loadCase, relativeError } from '../../support/cases';
import { causalGraph, SMALL } from '../../support/causal';
import { Workspace } from '../../support/engine/workspace';

let workspace: Workspace;
let engine: Engine;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

const failure = (code: string, text = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(text) as string });

/** A vocabulary whose token `t7` has the index 7, so that a text can be written for any indices. */
const vocabulary = (size: number): string => JSON.stringify(Array.from({ length: size }, (_, id) => `t${id}`));

interface Placed {
  readonly path: string;
  /** A text of the case's tokens. */
  readonly text: string;
}

/** A golden case's model as a person has it: with a vocabulary and settings beside it. */
function placed(name: string, ids: string, size: number, more: object = {}): Placed {
  const golden = loadCase(name);
  const path = workspace.write('model.onnx', golden.bytes());
  workspace.write('words.json', vocabulary(size));
  const tokenizer = { vocabulary: 'words.json', regex: 't\\d+', pad: 0, ...more };
  workspace.write('model.prism.json', JSON.stringify({ task: 'text-classification', tokenizer }));
  return { path, text: [...golden.inputs()[ids].data].map((id) => `t${id}`).join(' ') };
}

describe.each([
  ['A-lstm_bi2', 120],
  ['A-gru', 90],
])('%s', (name, size) => {
  const golden = loadCase(name);
  const of = (what: string) => golden.expect.find((expected) => expected.what === what)!;

  it('explains the vectors of its tokens', async () => {
    const { path, text } = placed(name, 'input_ids', size);
    const { answer, report } = await engine.attribute(path, 'gradient-x-input', {
      text,
      target: of('grad').target as number,
    });
    expect(report.attribution.of).toBe(of('grad').of);
    expect(report.target.score).toBeCloseTo(of('grad').params.score as number, 5);
    const relevance = report.tokens?.map((token) => token.relevance) ?? [];
    expect(relativeError(relevance, of('gradxinput.token').array().data)).toBeLessThan(1e-4);
    expect(report.tokens?.map(({ id }) => BigInt(id))).toEqual([...golden.inputs().input_ids.data]);
    expect(answer.prepared.text?.text).toBe(text);
  });

  it('gives the gradient in the shape of the vectors, also for arrays', async () => {
    const path = workspace.write('model.onnx', golden.bytes());
    const { dtype, shape, data } = golden.inputs().input_ids;
    const inputs = new Map([['input_ids', workspace.write('ids.npy', writeNpy({ dtype, shape, data }))]]);
    const { answer } = await engine.attribute(path, 'gradient', { inputs, target: of('grad').target as number });
    const expected = of('grad').array();
    expect(answer.attribution.map.shape).toEqual(expected.shape);
    expect(relativeError(answer.attribution.map.data, expected.data)).toBeLessThan(golden.tolerance!);
  });
});

it('fills in what goes with the tokens: masks and kinds', async () => {
  const golden = loadCase('A-bert_tiny');
  const { path } = placed('A-bert_tiny', 'input_ids', 200);
  const ids = [...golden.inputs().input_ids.data].map(Number);
  const text = ids.map((id) => `t${id}`).join(' ');
  const array = (name: string, values: readonly number[]) =>
    workspace.write(
      `${name}.npy`,
      writeNpy({ dtype: 'int64', shape: [1, 14], data: BigInt64Array.from(values, BigInt) }),
    );
  const inputs = new Map([
    ['input_ids', array('ids', ids)],
    ['attention_mask', array('mask', Array(14).fill(1))],
  ]);
  const scores = async (given: Question) => (await engine.classes(path, given)).classes.map(({ score }) => score);
  expect(await scores({ text })).toEqual(await scores({ inputs }));
});

describe('perturbation methods', () => {
  it('tell of every token what hiding it costs', async () => {
    const { path, text } = placed('A-gru', 'input_ids', 90);
    const { answer, report } = await engine.attribute(path, 'feature-ablation', { text, target: 2 });
    const shapley = await engine.attribute(path, 'kernel-shap', { text, target: 2 });
    const values = shapley.report.tokens?.map(({ relevance }) => relevance) ?? [];
    const total = values.reduce((sum, value) => sum + value, 0);
    // The efficiency of Shapley values, whose other side the method reports.
    expect(total).toBeCloseTo(shapley.report.conservation?.expected as number, 4);
    const channels = answer.attribution.map.shape.at(-1) as number;
    expect(report.tokens?.map(({ relevance }) => Math.fround(relevance))).toEqual(
      report.tokens?.map((_, at) => expect.closeTo(answer.attribution.map.data[at * channels], 6)),
    );
  });
});

describe('attention methods', () => {
  it('tell of every token how much reaches the decision', async () => {
    const { path } = placed('A-bert_tiny', 'input_ids', 200);
    const { report } = await engine.attribute(path, 'attention-rollout', { text: 't3 t5 t9 t11' });
    // The model fixes the length: the rest is filled up.
    expect(report.tokens?.map(({ kind }) => kind)).toEqual([...Array(4).fill(undefined), ...Array(10).fill('padding')]);
    // Rows of the rollout matrix add up to 1.
    expect(report.tokens?.reduce((sum, { relevance }) => sum + relevance, 0)).toBeCloseTo(1, 5);
  });
});

describe('judging', () => {
  it('deletes tokens in the order of an attribution', async () => {
    const { path, text } = placed('A-gru', 'input_ids', 90);
    const { answer } = await engine.attribute(path, 'gradient-x-input', { text });
    const { map } = answer.attribution;
    const attribution = workspace.write('map.npy', writeNpy({ dtype: 'float32', shape: map.shape, data: map.data }));
    const claim = { text, attribution, metrics: ['deletion', 'complexity'] };
    const { result } = await engine.work(path, (desk) => scoreAttribution(desk, claim));
    expect(result.metrics.deletion.value).toEqual(expect.any(Number));
    const count = text.split(' ').length;
    // The entropy of a distribution over so many tokens.
    expect(result.metrics.complexity.value).toBeLessThanOrEqual(Math.log(count) + 1e-6);
    // A living explanation is judged alike.
    const { result: told } = await engine.work(path, (desk) => judgeAnswer(desk, answer, claim.metrics, undefined));
    expect(told.map(({ value }) => value)).toEqual(claim.metrics.map((id) => result.metrics[id].value));
  });

  it('takes tokens out of a text of fixed length, which is filled up again', async () => {
    const { path } = placed('A-bert_tiny', 'input_ids', 200);
    const words = ['t3', 't5', 't9', 't11'];
    const { answer, report } = await engine.attribute(path, 'attention-rollout', { text: words.join(' '), target: 1 });
    const { result } = await engine.work(path, (desk) => judgeAnswer(desk, answer, ['token-deletion'], undefined));
    const probability = async (left: readonly string[]): Promise<number> => {
      const { answer: other } = await engine.attribute(path, 'gradient', { text: left.join(' '), target: 1 });
      return other.classes[1].probability;
    };
    const order = [0, 1, 2, 3].sort(
      (a, b) => (report.tokens?.[b].relevance ?? 0) - (report.tokens?.[a].relevance ?? 0),
    );
    const without = (count: number) => probability(words.filter((_, at) => !order.slice(0, count).includes(at)));
    const losses = await Promise.all(
      [1, 1, 1, 1, 2].map(async (count) => (await probability(words)) - (await without(count))),
    );
    expect(result[0].value).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 5, 6);
  });
});

describe('explaining a text again', () => {
  it('compares the relevance of tokens, not how it lies in their vectors', async () => {
    // The score is the mean, over tokens, of the sum of their two numbers.
    const node = { domain: '', attributes: {} };
    const graph: Graph = {
      name: 'sums',
      opsets: { '': 21 },
      inputs: [{ name: 'tokens', dtype: 'int64', shape: [1, 'length'] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: [1, 2] }],
      initializers: new Map([
        ['table', float32([1, 2, -3, 1, 0.5, 0.25], [3, 2])],
        ['head', float32([0, 1, 0, 1], [2, 2])],
        [
          'one',
          { dtype: 'int64', shape: [1], source: { kind: 'bytes', bytes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) } },
        ],
      ]),
      nodes: [
        { ...node, op: 'Gather', name: 'embed', inputs: ['table', 'tokens'], outputs: ['embedded'] },
        { ...node, op: 'MatMul', name: 'head', inputs: ['embedded', 'head'], outputs: ['each'] },
        {
          ...node,
          op: 'ReduceMean',
          name: 'pool',
          inputs: ['each', 'one'],
          outputs: ['logits'],
          attributes: { keepdims: int(0) },
        },
      ],
      types: new Map(),
      metadata: {},
    };
    const path = workspace.write('sums.onnx', exportModel(graph));
    workspace.write('vocab.txt', 'a\nb\nc\n');
    const { answer } = await engine.attribute(path, 'gradient-x-input', { text: 'c a b', target: 1 });
    const noise = (name: string, numbers: readonly number[]): string =>
      workspace.write(name, writeNpy({ dtype: 'float32', shape: [1, 3, 2], data: Float32Array.from(numbers) }));
    const sensitivity = async (file: string): Promise<unknown> => {
      const claim = { text: 'c a b', target: 1, method: 'gradient-x-input', metrics: ['max-sensitivity'] };
      const { map } = answer.attribution;
      const attribution = workspace.write('map.npy', writeNpy({ dtype: 'float32', shape: map.shape, data: map.data }));
      const { result } = await engine.work(path, (desk) =>
        scoreAttribution(desk, { ...claim, attribution, options: { noise: file } }),
      );
      return result.metrics['max-sensitivity'].value;
    };
    expect(await sensitivity(noise('within.npy', [0.5, -0.5, 1, -1, 2, -2]))).toBeCloseTo(0, 6);
    // Of the sums 0.75, 3 and −2 the second changes by 1.
    const expected = 1 / Math.hypot(0.75, 3, -2);
    expect(await sensitivity(noise('beyond.npy', [0.5, -0.5, 1, 0, 0, 0]))).toBeCloseTo(expected, 6);
  });
});

/** A model that goes on by a table: the score of the next token is scores[last token][next token]. */
function pairs(size: number, scores: Float32Array): Graph {
  const node = { domain: '', attributes: {} };
  const unit = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  return {
    name: 'pairs',
    opsets: { '': 21 },
    inputs: [{ name: 'input_ids', dtype: 'int64', shape: [1, 'length'] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: [1, 'length', size] }],
    initializers: new Map([
      ['vectors', float32(unit, [size, size])],
      ['scores', float32(scores, [size, size])],
    ]),
    nodes: [
      { ...node, op: 'Gather', name: 'embed', inputs: ['vectors', 'input_ids'], outputs: ['embedded'] },
      { ...node, op: 'MatMul', name: 'head', inputs: ['embedded', 'scores'], outputs: ['logits'] },
    ],
    types: new Map(),
    metadata: {},
  };
}

describe('a model that goes on with a text', () => {
  it('is explained by its next token', async () => {
    const graph = pairs(3, Float32Array.of(1, 5, 2, 0, 3, 9, 4, 4, 8));
    const path = workspace.write('pairs.onnx', exportModel(graph));
    workspace.write('vocab.txt', 'a\nb\nc\n');
    const { answer, report } = await engine.attribute(path, 'gradient-x-input', { text: 'c a b' });
    expect(report.target).toEqual({ index: 2, label: 'c', score: 9 });
    expect(answer.top.map(({ label }) => label)).toEqual(['c', 'b', 'a']);
    expect(report.tokens?.map(({ relevance }) => relevance)).toEqual([0, 0, 9]);
  });

  it('reads the SentencePiece model beside it', async () => {
    const pieces = resolve(__dirname, '../../cases/tokenizers/sentencepiece/characters');
    const { size, texts } = JSON.parse(readFileSync(`${pieces}.expected.json`, 'utf8'));
    const [{ text, ids }] = texts as { text: string; ids: number[] }[];
    const scores = Float32Array.from({ length: size * size }, (_, i) => ((i * 7) % 11) + (i % size === 5 ? 20 : 0));
    const path = workspace.write('pairs.onnx', exportModel(pairs(size, scores)));
    workspace.write('spiece.model', readFileSync(`${pieces}.model`));
    workspace.write('tokenizer_config.json', '{"tokenizer_class": "LlamaTokenizer"}');
    const { report } = await engine.attribute(path, 'gradient-x-input', { text });
    expect(report.tokens?.map(({ id }) => id)).toEqual([1, ...ids]);
    expect(report.target).toMatchObject({ index: 5, score: scores[size * (ids.at(-1) as number) + 5] });
  });
});

describe('texts that cannot be explained', () => {
  const ask = (path: string, question: Question) => engine.attribute(path, 'gradient', question);

  it.each([
    ['an empty text', { text: '' }, 'TEXT_EMPTY'],
    ['a text without tokens', { text: '  ...  ' }, 'TEXT_EMPTY'],
    ['an unknown word', { text: 't1 t100' }, 'TOKEN_UNKNOWN'],
    ['a missing file', { textFile: '/nowhere.txt' }, 'FILE_NOT_FOUND'],
    ['a row', { row: 'a=1' }, 'NO_TABLE_INPUT'],
  ])('%s', async (_name, question, code) => {
    const { path } = placed('A-gru', 'input_ids', 90);
    await expect(ask(path, question)).rejects.toThrow(failure(code));
  });

  it('a file that is no text', async () => {
    const { path } = placed('A-gru', 'input_ids', 90);
    const textFile = workspace.write('t.txt', Uint8Array.of(0xff, 0xfe, 0x00));
    await expect(ask(path, { textFile })).rejects.toThrow(failure('TEXT_UNREADABLE', 't.txt'));
  });

  it('more tokens than the model has places for', async () => {
    const { path } = placed('A-bert_tiny', 'input_ids', 200);
    const text = Array.from({ length: 700 }, () => 't1').join(' ');
    await expect(ask(path, { text })).rejects.toThrow(failure('TEXT_TOO_LONG', 'has 700 tokens'));
  });

  it('more tokens than there are positions in a table', async () => {
    const path = workspace.write('model.onnx', exportModel(causalGraph({ ...SMALL, positions: 6 })));
    workspace.write('vocab.txt', Array.from({ length: SMALL.vocabulary }, (_, id) => `t${id}`).join('\n'));
    const text = 't1 t2 t3 t4 t5 t6 t7';
    await expect(ask(path, { text })).rejects.toThrow(
      failure('TEXT_TOO_LONG', 'has 7 tokens, but the model takes at most 6'),
    );
  });

  it('are cut off where the settings say so', async () => {
    const { path } = placed('A-gru', 'input_ids', 90, { maxLength: 3 });
    const { report } = await ask(path, { text: 't1 t2 t3 t4' });
    expect(report.tokens?.map(({ text }) => text)).toEqual(['t1', 't2', 't3', ...Array(9).fill('t0')]);
    expect(report.warnings).toEqual([expect.objectContaining({ code: 'TEXT_CUT' })]);
  });

  it('a vocabulary that the model has no vectors for', async () => {
    const { path } = placed('A-gru', 'input_ids', 5000);
    await expect(ask(path, { text: 't1' })).rejects.toThrow(failure('VOCABULARY_MISMATCH', 'numbers 5000 tokens'));
  });

  it('no word of how to cut it', async () => {
    const path = workspace.write('alone.onnx', loadCase('A-gru').bytes());
    await expect(ask(path, { text: 't1' })).rejects.toThrow(failure('TOKENIZER_MISSING', 'tokenizer.json'));
  });

  it('a model of pictures', async () => {
    await expect(ask(workspace.colours(), { text: 't1' })).rejects.toThrow(failure('NO_TEXT_INPUT'));
  });
});

describe('a row of a table', () => {
  const golden = loadCase('A-tabular_mlp');
  const values = toFloat32(golden.inputs().input.dtype, golden.inputs().input.data);
  const names = Array.from(values, (_, i) => `x${i}`);
  const row = names.map((name, i) => `${name}=${values[i]}`).join(',');
  const place = (features: object | string = names): string => {
    const path = workspace.write('model.onnx', golden.bytes());
    workspace.write('model.prism.json', JSON.stringify({ task: 'tabular', features }));
    return path;
  };

  it('is explained column by column', async () => {
    const { target, array } = golden.expect.find(({ what }) => what === 'grad')!;
    const { report } = await engine.attribute(place(), 'gradient', { row, target: target as number });
    expect(report.features?.map(({ name }) => name)).toEqual(names);
    expect(report.features?.map(({ value }) => Number(value))).toEqual([...values]);
    const found = report.features?.map(({ relevance }) => relevance) ?? [];
    expect(relativeError(found, array().data)).toBeLessThan(golden.tolerance!);
  });

  it('may be of words, whose numbers count together', async () => {
    const categories = ['a', 'b', 'c'];
    const path = place([{ name: 'kind', categories, encoding: 'one-hot' }, ...names.slice(3)]);
    const { report, answer } = await engine.attribute(path, 'gradient', {
      row: `kind=b,${row.split(',').slice(3).join(',')}`,
    });
    expect(report.features).toHaveLength(values.length - 2);
    const [first, second, third] = answer.attribution.map.data;
    expect(report.features?.[0]).toMatchObject({ name: 'kind', value: 'b' });
    expect(report.features?.[0].relevance).toBeCloseTo(first + second + third, 5);
    const fed = answer.prepared.feeds.get('input') as FloatArray;
    expect([...fed.data.slice(0, 3)]).toEqual([0, 1, 0]);
  });

  it('does not fit when the settings name other columns than the model takes', async () => {
    const path = place(names.slice(1));
    const rest = row.split(',').slice(1).join(',');
    await expect(engine.attribute(path, 'gradient', { row: rest })).rejects.toThrow(failure('FEATURES_COUNT'));
  });
});
