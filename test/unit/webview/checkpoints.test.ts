import { expect, it, describe as suite } from 'vitest';
import type { ScalarMap } from '../../../src/protocol';
import type { CheckpointCell, CheckpointState } from '../../../src/protocol/checkpoints';
import { CheckpointModel, describe } from '../../../webview/logic/checkpoints';
import { difference } from '../../../webview/logic/difference';
import { english } from '../../../webview/logic/l10n';

const map = (...data: number[]): ScalarMap => ({ width: data.length, height: 1, data: Float32Array.from(data) });
const ready: CheckpointCell = { status: 'ready', target: { index: 1, label: 'cat', score: 2, probability: 1 } };

const state = (...ids: string[]): CheckpointState => ({
  images: [{ path: 'x', name: 'x', source: '' }],
  steps: ids.map((id) => ({ id, path: id, name: id, time: 0, cells: { x: ready } })),
  watched: '*.onnx',
  method: 'SRD',
  signed: true,
  l10n: {},
});

function model(maps: Readonly<Record<string, ScalarMap>> = {}) {
  const asked: string[] = [];
  const host = {
    ready: async () => state(),
    map: async ({ step }: { step: string }) => {
      asked.push(step);
      const found = maps[step];
      if (!found) throw new Error('gone');
      return found;
    },
    change: async ({ from, to }: { from: string; to: string }) => ({
      maps: { correlation: from === 'a' && to === 'c' ? 0.125 : 1, overlap: 1 },
      samePrediction: true,
      otherReason: false,
    }),
    open: async () => {},
    pin: async () => {},
    unpin: async () => {},
  };
  return { asked, model: new CheckpointModel(host, () => {}) };
}

suite('the view of checkpoints', () => {
  it('takes differences of shares, so that the size of the scores does not count', () => {
    expect([...difference(map(1, 3), map(20, 60))!.data]).toEqual([0, 0]);
    expect([...difference(map(1, -3), map(3, 1))!.data]).toEqual([0.5, 1]);
    expect(difference(map(1), map(1, 2))).toBeUndefined();
  });

  it('asks for each map once', async () => {
    const { asked, model: view } = model({ a: map(1) });
    view.update(state('a'));
    const place = { step: 'a', image: 'x' };
    expect(view.map(place)).toBeUndefined();
    expect(view.map(place)).toBeUndefined();
    await Promise.resolve();
    expect(view.map(place)).toEqual(map(1));
    expect(asked).toEqual(['a']);
  });

  it('holds a checkpoint against the one before, or the one that was chosen', () => {
    const { model: view } = model();
    view.update(state('a', 'b', 'c'));
    view.select({ step: 'c', image: 'x' }, false);
    expect(view.reference?.step).toBe('b');
    view.select({ step: 'a', image: 'x' }, true);
    expect([view.selected?.step, view.reference?.step]).toEqual(['c', 'a']);
    view.select({ step: 'a', image: 'x' }, false);
    expect(view.reference).toBeUndefined();
  });

  it('tells what changed since the one that was chosen', async () => {
    const { model: view } = model();
    view.update(state('a', 'b', 'c'));
    view.select({ step: 'c', image: 'x' }, false);
    expect(view.compared).toEqual(ready);
    view.select({ step: 'a', image: 'x' }, true);
    expect(view.compared?.change).toBeUndefined();
    await Promise.resolve();
    expect(view.compared?.change?.maps?.correlation).toBe(0.125);
  });

  it('forgets what the host no longer keeps', () => {
    const { model: view } = model();
    view.update(state('a', 'b'));
    view.select({ step: 'a', image: 'x' }, false);
    view.update(state('b'));
    expect(view.selected).toBeUndefined();
  });

  it('tells a cell in one line', () => {
    const maps = { correlation: 0.25, overlap: 0.5 };
    const change = { maps, samePrediction: true, otherReason: true };
    expect(describe({ ...ready, change }, english)).toBe(
      'cat, score 2.00 · rank correlation 0.25, 50 % of the strongest places kept · same prediction, other reason',
    );
    expect(describe({ status: 'failed', error: { code: 'X', message: 'broken' } }, english)).toBe('broken');
  });
});
