import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from '../../../../src/engine/engine';
import { mapOfRows } from '../../../../src/engine/generation/save';
import { TokenStudies } from '../../../../src/engine/generation/studies';
import { exportModel } from '../../../../src/graph/export';
import type { Graph } from '../../../../src/graph/ir';
import type { TokenStudy } from '../../../../src/protocol/tokens';
import { loadCase, relativeError } from '../../../support/cases';
import { causalGraph, causalScores, causalWeights, embedded, SMALL } from '../../../support/causal';
import { Workspace } from '../../../support/engine/workspace';

let workspace: Workspace;
let engine: Engine;
let studies: TokenStudies;
beforeEach(async () => {
  workspace = new Workspace();
  engine = new Engine({ version: 'test' });
  studies = new TokenStudies(engine);
  await engine.initialize({ cacheDir: null, provider: 'cpu' });
});
afterEach(() => {
  engine.dispose();
  workspace.remove();
});

const failure = (code: string, text = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(text) as string });

const vocabulary = (size: number): string => JSON.stringify(Array.from({ length: size }, (_, id) => `t${id}`));

/** A language model with a vocabulary whose token `t7` has the index 7. */
function placed(graph: Graph | Uint8Array, size: number = SMALL.vocabulary, config: object = {}): string {
  workspace.write('words.json', vocabulary(size));
  const tokenizer = { vocabulary: 'words.json', regex: 't\\d+' };
  workspace.write('model.prism.json', JSON.stringify({ task: 'text-generation', tokenizer, ...config }));
  return workspace.write('model.onnx', graph instanceof Uint8Array ? graph : exportModel(graph));
}

async function generated(model: string, method: string, count: number, text = 't3 t11 t25 t8'): Promise<TokenStudy> {
  let study = await studies.open({ model, method, text });
  while (study.rows.length < count && study.ended === undefined) study = await studies.next(study.id);
  return study;
}

const idsOf = ({ tokens }: TokenStudy): number[] => tokens.map(({ id }) => id);
const weights = causalWeights(SMALL);
const scoresOf = (ids: readonly number[]) =>
  causalScores(
    SMALL,
    weights,
    ids.map((id) => embedded(weights, id)),
  );

describe.each([
  ['without a cache', false],
  ['with a cache', true],
])('a language model %s', (_, cache) => {
  it('goes on with the most probable token, each told with its probability', async () => {
    const study = await generated(placed(causalGraph(SMALL, { cache })), 'gradient', 5);
    expect(study).toMatchObject({ kind: 'generation', given: 4, cached: cache });
    const ids = idsOf(study);
    expect(ids).toHaveLength(9);
    for (const [step, row] of study.rows.entries()) {
      const scores = scoresOf(ids.slice(0, 4 + step));
      const best = scores.indexOf(Math.max(...scores));
      const total = scores.reduce((sum, score) => sum + Math.exp(score - scores[best]), 0);
      expect(row).toMatchObject({ at: 4 + step, target: { index: best, label: ` t${best}` } });
      expect(row.target.score).toBeCloseTo(scores[best], 4);
      expect(row.target.probability).toBeCloseTo(1 / total, 4);
      expect(row.relevance).toHaveLength(4 + step);
    }
    expect(study.text).toBe(
      `t3 t11 t25 t8${ids
        .slice(4)
        .map((id) => ` t${id}`)
        .join('')}`,
    );
    expect(study.tokens.map(({ start, end }) => study.text.slice(start, end).trim())).toEqual(
      ids.map((id) => `t${id}`),
    );
  });

  it('draws every new token on all before it: x·∂score/∂x, by central differences', async () => {
    const study = await generated(placed(causalGraph(SMALL, { cache })), 'gradient-x-input', 3);
    const ids = idsOf(study);
    for (const [step, { relevance, target }] of study.rows.entries()) {
      const vectors = ids.slice(0, 4 + step).map((id) => embedded(weights, id));
      // d/ds of the score at s·x of one token alone, at s = 1, is Σ x·∂score/∂x over that token.
      const slope = (token: number): number => {
        const at = (factor: number): number =>
          causalScores(
            SMALL,
            weights,
            vectors.map((vector, other) => (other === token ? vector.map((v) => v * factor) : vector)),
          )[target.index];
        return (at(1 + 1e-4) - at(1 - 1e-4)) / 2e-4;
      };
      const expected = vectors.map((_vector, token) => slope(token));
      expect(relativeError(relevance, expected)).toBeLessThan(2e-3);
      expect(Math.min(...expected.map(Math.abs))).toBeGreaterThan(0);
    }
  });
});

describe('a cache of keys and values', () => {
  it.each(['gradient-x-input', 'attn-lrp', 'backtrace', 'feature-ablation'])(
    'changes neither tokens nor maps by %s',
    async (method) => {
      const plain = await generated(placed(causalGraph(SMALL, { cache: false })), method, 4);
      const cached = await generated(placed(causalGraph(SMALL, { cache: true })), method, 4);
      expect(idsOf(cached)).toEqual(idsOf(plain));
      expect(relativeError(mapOfRows(cached).data, mapOfRows(plain).data)).toBeLessThan(1e-4);
      // What a token is read from lies before it: all of that gets relevance.
      for (const { relevance } of cached.rows) expect(relevance.every((share) => share !== 0)).toBe(true);
    },
  );

  it('is that of the token alone: the same as explaining the text so far', async () => {
    const model = placed(causalGraph(SMALL, { cache: true }));
    const study = await generated(model, 'attn-lrp', 3);
    const before = study.tokens.slice(0, 6).map(({ id }) => `t${id}`);
    const { report } = await engine.attribute(model, 'attn-lrp', { text: before.join(' ') });
    expect(report.target.index).toBe(study.tokens[6].id);
    const expected = report.tokens?.map(({ relevance }) => relevance) ?? [];
    expect(relativeError(study.rows[2].relevance, expected)).toBeLessThan(1e-4);
  });

  it('that does not grow is refused', async () => {
    const graph = causalGraph(SMALL, { cache: true });
    const inputs = graph.inputs.map((input) =>
      input.name.startsWith('past')
        ? { ...input, shape: input.shape?.map((dim) => (dim === 'past' ? 8 : dim)) }
        : input,
    );
    const model = placed({ ...graph, inputs });
    await expect(studies.open({ model, method: 'gradient', text: 't1 t2' })).rejects.toEqual(
      failure('CACHE_UNSUPPORTED', 'past_key_values.0.key'),
    );
  });
});

it('goes on with the tokens of an exported Llama, and explains them', async () => {
  const golden = loadCase('A-llama_tiny');
  const size = golden.expect
    .find(({ what }) => what === 'forward')
    ?.array()
    .shape.at(-1) as number;
  const text = [...golden.inputs().input_ids.data].map((id) => `t${id}`).join(' ');
  const study = await generated(placed(golden.bytes(), size), 'gradient-x-input', 1, text);
  const logits = golden.expect.find(({ what }) => what === 'forward')?.array();
  const last = [...(logits?.data ?? [])].slice(-size).map(Number);
  expect(study.rows[0].target.index).toBe(last.indexOf(Math.max(...last)));
  const expected = golden.expect.find(({ what }) => what === 'gradxinput.token');
  if (expected?.target !== study.rows[0].target.index) return;
  expect(relativeError(study.rows[0].relevance, expected.array().data)).toBeLessThan(1e-4);
});

describe('a text that is gone on with', () => {
  it('ends on the token that ends texts', async () => {
    const first = await generated(placed(causalGraph()), 'gradient', 1);
    workspace.write('config.json', JSON.stringify({ eos_token_id: first.tokens[4].id }));
    const study = await generated(placed(causalGraph()), 'gradient', 10);
    expect(study.ended).toBe('end');
    expect(study.tokens.at(-1)).toMatchObject({ id: first.tokens[4].id, kind: 'special' });
    expect(idsOf(study)).toEqual(idsOf(first).slice(0, 5));
  });

  it('ends where the model has no more places', async () => {
    const shape = { ...SMALL, positions: 6 };
    const study = await generated(placed(causalGraph(shape)), 'gradient', 10);
    // Six are read; the seventh is the last that can be told.
    expect([study.ended, study.tokens.length, study.rows.length]).toEqual(['full', 7, 3]);
  });

  it('is as it was when the next token is given up', async () => {
    const model = placed(causalGraph(SMALL, { cache: true }));
    const whole = await generated(model, 'occlusion', 3);
    const { id } = await studies.open({ model, method: 'occlusion', text: 't3 t11 t25 t8' });
    await studies.next(id);
    const controller = new AbortController();
    const progress = ({ message }: { message: string }): void => {
      if (message.startsWith('explaining')) controller.abort();
    };
    await expect(studies.next(id, { signal: controller.signal, progress })).rejects.toThrow();
    await studies.next(id);
    const study = await studies.next(id);
    expect(idsOf(study)).toEqual(idsOf(whole));
    expect(study.rows.map(({ relevance }) => [...relevance])).toEqual(
      whole.rows.map(({ relevance }) => [...relevance]),
    );
  });

  it('is read token by token by a model that looks ahead as well', async () => {
    const graph = causalGraph();
    // Nothing is before itself, so nothing is hidden.
    const nodes = graph.nodes.map((node) =>
      node.op === 'Less' ? { ...node, inputs: [node.inputs[1], node.inputs[1]] } : node,
    );
    const model = placed({ ...graph, nodes });
    const study = await generated(model, 'attn-lrp', 1);
    const { report } = await engine.attribute(model, 'attn-lrp', { text: 't3 t11 t25 t8' });
    expect(relativeError(study.rows[0].relevance, report.tokens?.map(({ relevance }) => relevance) ?? [])).toBeLessThan(
      1e-5,
    );
  });

  it.each([
    ['an empty text', { text: '' }, 'TEXT_EMPTY'],
    ['an unknown word', { text: 't1 t100' }, 'TOKEN_UNKNOWN'],
    ['a text longer than the positions', { text: Array(60).fill('t1').join(' ') }, 'TEXT_TOO_LONG'],
    ['no text', {}, 'INPUT_MISSING'],
  ])('cannot be %s', async (_name, given, code) => {
    const model = placed(causalGraph());
    await expect(studies.open({ model, method: 'gradient', ...given })).rejects.toEqual(failure(code));
  });

  it('cannot be of another vocabulary', async () => {
    const model = placed(causalGraph(), 5000);
    await expect(studies.open({ model, method: 'gradient', text: 't1' })).rejects.toEqual(
      failure('VOCABULARY_MISMATCH'),
    );
  });

  it('needs a model that tells something of tokens', async () => {
    const model = placed(causalGraph(), SMALL.vocabulary, { task: 'text-classification' });
    await expect(studies.open({ model, method: 'gradient', text: 't1' })).rejects.toEqual(
      failure('NO_TOKEN_OUTPUT', 'text-classification'),
    );
  });

  it('is gone when it was let go of', async () => {
    const { id } = await studies.open({ model: placed(causalGraph()), method: 'gradient', text: 't1' });
    studies.release(id);
    await expect(studies.next(id)).rejects.toEqual(failure('TOKENS_GONE'));
  });
});

describe('a model that labels tokens', () => {
  const labels = Array.from({ length: SMALL.vocabulary }, (_, id) => `L${id}`);
  const ids = [3, 11, 25, 8];
  const text = ids.map((id) => `t${id}`).join(' ');
  const model = (): string => placed(causalGraph(), SMALL.vocabulary, { task: 'token-classification', labels });

  it('is explained label by label', async () => {
    const study = await generated(model(), 'gradient-x-input', 10, text);
    expect(study).toMatchObject({ kind: 'labels', ended: 'all', given: 4 });
    study.rows.forEach(({ at, target, relevance }, place) => {
      const scores = scoresOf(ids.slice(0, place + 1));
      expect([at, target.label]).toEqual([place, `L${scores.indexOf(Math.max(...scores))}`]);
      // A causal model labels a token by those before it, and by itself.
      expect([...relevance].map((share) => share !== 0)).toEqual(ids.map((_, token) => token <= place));
    });
  });

  it('is explained at one token', async () => {
    const path = model();
    const study = await generated(path, 'attn-lrp', 10, text);
    for (const token of [0, 2]) {
      const { report } = await engine.attribute(path, 'attn-lrp', { text, token });
      expect(report.target.label).toBe(study.rows[token].target.label);
      const found = report.tokens?.map(({ relevance }) => relevance) ?? [];
      expect(relativeError(found, study.rows[token].relevance)).toBeLessThan(1e-5);
    }
    await expect(engine.attribute(path, 'gradient', { text, token: 4 })).rejects.toEqual(failure('TOKEN_OUT_OF_RANGE'));
  });

  it('is guessed where there are as many labels as scores', async () => {
    const path = placed(causalGraph(), SMALL.vocabulary, {});
    workspace.write('model.prism.json', '{}');
    workspace.write('labels.txt', labels.join('\n'));
    expect((await engine.model({ path })).task).toBe('token-classification');
  });
});
