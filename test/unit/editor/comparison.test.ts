import { describe, expect, it } from 'vitest';
import { Comparison } from '../../../src/editor/comparison';
import { keptQuestion } from '../../../src/editor/kept-question';
import { PrismError } from '../../../src/graph/errors';
import type { ExplainParams, Explanation, OptionValues } from '../../../src/protocol';
import type { PanelQuestion } from '../../../src/protocol/panel';
import type { EngineApi } from '../../../src/protocol/service';
import { type Client, cancelled } from '../../../src/rpc';

const labels = ['cat', 'dog', 'fox'];
const base = { model: '/m.onnx', image: '/a.png', method: 'srd' } as const;
const silent = { info: () => {}, error: () => {} };

/** An engine that knows three classes, sees a cat, and cannot explain a fox by Grad-CAM. */
function engine() {
  const asked: ExplainParams[] = [];
  const explain = async (params: ExplainParams): Promise<Explanation> => {
    asked.push(params);
    const { target = 0, method, options } = params;
    const index = typeof target === 'number' ? target : labels.indexOf(target);
    if (method === 'grad-cam' && index === 2) throw new PrismError('METHOD_DOES_NOT_FIT', 'no');
    return {
      id: `${method}-${index}-${asked.length}`,
      model: { path: params.model },
      method: { id: method, title: method.toUpperCase(), signed: true, options: [{ key: 'steps', default: 8 }] },
      options: { steps: 8, ...options },
      target: { index, label: labels[index], score: 1, probability: 1 },
      top: labels.map((label, i) => ({ index: i, label, score: 1, probability: 1 })),
      map: { width: 1, height: 1, data: Float32Array.of(index) },
      ms: {},
      provider: 'cpu',
    } as unknown as Explanation;
  };
  return { asked, api: () => ({ explain }) as unknown as Client<EngineApi> };
}

type Engine = ReturnType<typeof engine>;

const run = (comparison: Comparison, { api }: Engine, found: (one: Explanation, column: number) => void = () => {}) =>
  comparison.run(api, new AbortController().signal, silent, { changed: () => {}, progress: () => {}, found });

const make = (question: Omit<PanelQuestion, 'compare'>, before?: Comparison, options: OptionValues = {}): Comparison =>
  new Comparison(question, ['srd', 'grad-cam'], () => options, before);

const table = ({ state }: Comparison): unknown[] =>
  state.methods.map(({ method, column, status }) => [method, state.columns[column]?.label, status]);

async function finished(question: Omit<PanelQuestion, 'compare'>, of: Engine): Promise<Comparison> {
  const comparison = make(question);
  await run(comparison, of);
  return comparison;
}

describe('one class', () => {
  it('is the one that the model chose, of every method', async () => {
    const { asked, api } = engine();
    const comparison = await finished(base, { asked, api });
    expect(asked.map(({ method, target }) => [method, target])).toEqual([
      ['srd', undefined],
      ['grad-cam', 0],
    ]);
    expect(comparison.state.columns).toEqual([{ label: 'cat', index: 0 }]);
    expect(comparison.sheet()).toMatchObject({ target: 'cat (0), score 1', cells: [{ title: 'SRD' }, {}] });
    expect(comparison.sheet()).not.toHaveProperty('columns');
    expect(comparison.answers({ ...base, target: 0, compare: ['grad-cam', 'srd'] })).toBe(true);
    expect(comparison.answers({ ...base, target: 0, classes: [0, 1], compare: ['grad-cam', 'srd'] })).toBe(false);
  });
});

describe('another class', () => {
  it('stands beside the first, whose maps are not made again', async () => {
    const known = engine();
    const one = await finished(base, known);
    const question = one.withClass('dog');
    expect(question).toEqual({ ...base, target: 0, classes: [0, 'dog'] });
    known.asked.length = 0;
    const two = make(question!, one);
    expect(two.first).toBe(one.first);
    const columns: number[] = [];
    await run(two, known, (_, column) => columns.push(column));
    expect(columns).toEqual([1, 1]);
    expect(known.asked.map(({ method, target }) => [method, target])).toEqual([
      ['srd', 'dog'],
      ['grad-cam', 'dog'],
    ]);
    // The engine is told nothing of what only the panel knows.
    for (const params of known.asked) expect(params).not.toHaveProperty('classes');
    expect(table(two)).toEqual([
      ['srd', 'cat', 'ready'],
      ['grad-cam', 'cat', 'ready'],
      ['srd', 'dog', 'ready'],
      ['grad-cam', 'dog', 'ready'],
    ]);
    expect(two.get('srd', 1)?.target.label).toBe('dog');
  });

  it('is none that is there already, by index or by name, and none beside a class that is not known', async () => {
    const known = engine();
    const one = await finished(base, known);
    expect(one.withClass(0)).toBeUndefined();
    expect(one.withClass('cat')).toBeUndefined();
    expect(make(base).withClass(1)).toBeUndefined();
    const part = await finished({ ...base, score: 'out[0,1]' }, known);
    expect(part.withClass(1)).toBeUndefined();
  });

  it('is made again where options, the part of the output or the files are others', async () => {
    const known = engine();
    const one = await finished(base, known);
    const question = one.withClass(1)!;
    const ready = (comparison: Comparison): number =>
      comparison.state.methods.filter(({ status }) => status === 'ready').length;
    expect(ready(make(question, one))).toBe(2);
    // What is usual, said aloud.
    expect(ready(make(question, one, { steps: 8 }))).toBe(2);
    expect(ready(make(question, one, { steps: 9 }))).toBe(0);
    expect(ready(make({ ...question, where: 'predicted' }, one))).toBe(0);
    expect(ready(make({ ...question, image: '/b.png' }, one))).toBe(0);
    one.expire();
    expect(ready(make(question, one))).toBe(0);
  });

  it('that one method cannot explain leaves a gap, and is tried again with the next', async () => {
    const known = engine();
    const comparison = await finished({ ...base, classes: [0, 2] }, known);
    expect(table(comparison).at(-1)).toEqual(['grad-cam', 'fox', 'failed']);
    const sheet = comparison.sheet();
    expect(sheet).toMatchObject({ columns: 2, target: 'cat, fox' });
    // Method by method: the rows of the picture.
    expect(sheet?.cells.map(({ title, note, map }) => [title, note, map?.data[0]])).toEqual([
      ['SRD: cat', '', 0],
      ['SRD: fox', '', 2],
      ['GRAD-CAM: cat', '', 0],
      ['grad-cam: fox', 'METHOD_DOES_NOT_FIT', undefined],
    ]);
    known.asked.length = 0;
    await run(make(comparison.withClass(1)!, comparison), known);
    expect(known.asked.map(({ method, target }) => [method, target])).toEqual([
      ['grad-cam', 2],
      ['srd', 1],
      ['grad-cam', 1],
    ]);
  });

  it('takes the place of the first, and is not there twice', async () => {
    const comparison = await finished({ ...base, classes: [0, 1] }, engine());
    expect(comparison.withFirst(2)?.classes).toEqual([2, 1]);
    expect(comparison.withFirst(1)).toEqual({ ...base, target: 1 });
    expect(make({ ...base, target: 0 }).withFirst(1)).toBeUndefined();
  });

  it('goes away; the last one is an ordinary comparison', async () => {
    const comparison = await finished({ ...base, classes: [0, 1, 2] }, engine());
    expect(comparison.withoutClass(1)).toEqual({ ...base, target: 0, classes: [0, 2] });
    const two = await finished({ ...base, classes: [0, 1] }, engine());
    expect(two.withoutClass(0)).toEqual({ ...base, target: 1 });
    expect(two.withoutClass(2)).toBeUndefined();
  });
});

it('what was cancelled waits, and the next comparison goes on from there', async () => {
  const known = engine();
  const run = new AbortController();
  const comparison = make({ ...base, classes: [0, 1] });
  await comparison.run(known.api, run.signal, silent, {
    changed: () => {},
    progress: () => {},
    found: () => run.abort(cancelled()),
  });
  expect(comparison.state.methods.map(({ status }) => status)).toEqual(['ready', 'waiting', 'waiting', 'waiting']);
  known.asked.length = 0;
  const next = make(comparison.withClass(2)!, comparison);
  expect(next.state.methods.filter(({ status }) => status === 'ready')).toHaveLength(1);
});

describe('the question that is kept over a reload', () => {
  it('has the classes, whichever of them is open', () => {
    const question = { ...base, target: 1, compare: ['srd'], classes: [0, 'dog'] };
    expect(keptQuestion({ question })).toEqual(question);
    expect(make(keptQuestion({ question })!).state.columns.map(({ label }) => label)).toEqual(['0', 'dog']);
  });

  it('has none that make no sense, or nothing to compare', () => {
    const { compare: _, ...single } = { ...base, compare: ['srd'] };
    expect(keptQuestion({ question: { ...single, classes: [0, 1] } })).toEqual(single);
    expect(keptQuestion({ question: { ...single, compare: ['srd'], classes: [0, null, {}] } })).toEqual({
      ...single,
      compare: ['srd'],
    });
  });
});

describe('a text', () => {
  it('has a value a token in every cell, and its words in the picture', async () => {
    const tokens = [2, -1].map((relevance, id) => ({ text: `w${id}`, id, start: 3 * id, end: 3 * id + 2, relevance }));
    const known = engine();
    const api = () =>
      ({
        explain: async (params: ExplainParams) => ({
          ...(await (known.api().explain(params) as Promise<Explanation>)),
          text: { text: 'w0 w1', tokens },
          // Of every channel of every token, which is not what is shown.
          map: { width: 4, height: 1, data: Float32Array.of(9, 9, 9, 9) },
        }),
      }) as unknown as Client<EngineApi>;
    const comparison = make({ model: '/m.onnx', text: 'w0 w1', method: 'srd' });
    await run(comparison, { ...known, api });
    const { id } = comparison.first!;
    expect([...comparison.maps([id])[0]!.data]).toEqual([2, -1]);
    expect(comparison.sheet()?.cells[0]).toMatchObject({ text: { text: 'w0 w1', tokens } });
  });

  it('is compared again for the label of another token', async () => {
    const known = engine();
    const question = { model: '/m.onnx', text: 'w0 w1', method: 'srd', token: 0, target: 0 };
    const one = await finished(question, known);
    known.asked.length = 0;
    await run(make({ ...question, token: 1 }, one), known);
    expect(known.asked.map(({ token }) => token)).toEqual([1, 1]);
  });
});
