import { describe, expect, test } from 'vitest';
import { keptHistory, PanelHistory } from '../../../src/editor/history';
import type { PanelQuestion } from '../../../src/protocol/panel';

const question = (name: string, change: Partial<PanelQuestion> = {}): PanelQuestion => ({
  model: '/ws/m.onnx',
  image: `/ws/${name}.png`,
  method: 'srd',
  target: 1,
  ...change,
});

const visited = (...names: readonly string[]): PanelHistory => {
  const history = new PanelHistory();
  for (const name of names) history.visit(question(name), question(name), name);
  return history;
};

describe('what a panel has shown', () => {
  test('begins with nothing to go to', () => {
    const history = new PanelHistory();
    expect([history.at(-1), history.at(1), history.go(-1)]).toEqual([undefined, undefined, undefined]);
    expect(history.kept).toEqual({ entries: [], index: 0 });
  });

  test('is gone through back and forward', () => {
    const history = visited('a', 'b', 'c');
    expect([history.go(-1)?.title, history.go(-1)?.title, history.go(-1)?.title]).toEqual(['b', 'a', undefined]);
    expect([history.at(0)?.title, history.at(1)?.title]).toEqual(['a', 'b']);
    expect(history.go(1)?.title).toBe('b');
  });

  test('what could be gone forward to is given up by another question', () => {
    const history = visited('a', 'b', 'c');
    history.go(-1);
    history.visit(question('d'), question('d'), 'd');
    expect(history.kept.entries.map(({ title }) => title)).toEqual(['a', 'b', 'd']);
    expect(history.at(1)).toBeUndefined();
  });

  test('the same question again is no further entry, nor is one that is answered the same', () => {
    const history = visited('a', 'b');
    history.go(-1);
    const { target: _, ...open } = question('a');
    history.visit(open, question('a'), 'a');
    expect(history.at(1)?.title).toBe('b');
    // Gone back to, it is answered otherwise by now: the entry is that of the answer.
    history.visit(question('a'), question('a', { options: { contrastive: true } }), 'A');
    expect(history.kept.entries.map(({ title }) => title)).toEqual(['A', 'b']);
  });

  test('another method, class, option, part or comparison is another entry', () => {
    const history = visited('a');
    const changes: readonly Partial<PanelQuestion>[] = [
      { method: 'gradient' },
      { target: 2 },
      { options: { contrastive: true } },
      { where: 'predicted' },
      { score: 'out[0,1]' },
      { compare: ['srd', 'gradient'] },
    ];
    for (const change of changes) history.visit(question('a', change), question('a', change), 'a');
    expect(history.kept.entries).toHaveLength(1 + changes.length);
  });

  test('is bounded, the oldest going first', () => {
    const history = visited(...Array.from({ length: 100 }, (_, i) => String(i)));
    expect(history.kept.entries).toHaveLength(40);
    expect(history.kept.entries[0]?.title).toBe('60');
    expect(history.at(0)?.title).toBe('99');
  });
});

describe('what was shown of the same picture before', () => {
  test('is the last that was by itself', () => {
    const history = visited('a');
    for (const change of [{ target: 2 }, { compare: ['srd'] }, { target: 3 }]) {
      history.visit(question('a', change), question('a', change), JSON.stringify(change));
    }
    expect(history.before()?.question.target).toBe(2);
    history.visit(question('b'), question('b'), 'b');
    expect(history.before()).toBeUndefined();
  });
});

describe('the history that a webview kept', () => {
  test('comes back at its place', () => {
    const before = visited('a', 'b', 'c');
    before.go(-1);
    const history = new PanelHistory(keptHistory({ opacity: 1, history: structuredClone(before.kept) }));
    expect([history.at(-1)?.title, history.at(0)?.title, history.at(1)?.title]).toEqual(['a', 'b', 'c']);
  });

  test('leaves out what makes no sense, and keeps its place', () => {
    const { entries } = visited('a', 'b', 'c').kept;
    const broken = [null, { title: 'x' }, ...entries.slice(0, 2), { title: 7, question: question('x') }, entries[2]];
    const history = new PanelHistory(keptHistory({ history: { entries: broken, index: 5 } }));
    expect([history.at(-1)?.title, history.at(0)?.title, history.at(1)]).toEqual(['b', 'c', undefined]);
  });

  test('does not carry long texts', () => {
    const history = visited('a');
    const { image: _, ...rest } = question('long');
    const long = { ...rest, text: 'x'.repeat(5000) };
    history.visit(long, long, 'long');
    expect(history.kept).toEqual({ entries: [{ question: question('a'), title: 'a' }], index: 0 });
  });

  test.each([undefined, null, 'text', {}, { history: null }, { history: { entries: 'x', index: 0 } }])(
    'nothing from %j',
    (state) => expect(keptHistory(state)).toBeUndefined(),
  );

  test.each([-5, 99])('an index of %i is brought to an entry', (index) => {
    const { entries } = visited('a', 'b').kept;
    expect(new PanelHistory(keptHistory({ history: { entries, index } })).at(0)).toBeDefined();
  });
});
