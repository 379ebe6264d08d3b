import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Runs } from '../../../src/editor/runs';

describe('pieces of work of which the latest counts', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  const told = (first: number, every: number): { readonly runs: Runs; readonly messages: string[] } => {
    const messages: string[] = [];
    return { runs: new Runs(({ message }) => messages.push(message), { first, every }), messages };
  };

  test('one that begins cancels the one before, of which no progress is told any more', () => {
    const { runs, messages } = told(0, 0);
    const before = runs.begin();
    const now = runs.begin();
    expect([before.cancel.aborted, now.cancel.aborted]).toEqual([true, false]);
    expect(before.cancel.reason).toMatchObject({ code: 'CANCELLED' });
    before.onProgress({ message: 'before' });
    now.onProgress({ message: 'now' });
    expect(messages).toEqual(['now']);
  });

  test('only the latest one can end the work', () => {
    const { runs } = told(0, 0);
    expect(runs.working).toBe(false);
    const before = runs.begin();
    const now = runs.begin();
    runs.end(before);
    expect([runs.working, runs.isLatest(before), runs.isLatest(now)]).toEqual([true, false, true]);
    runs.end(now);
    expect([runs.working, runs.isLatest(now)]).toEqual([false, false]);
  });

  test('progress is told after a while, and then now and then', () => {
    const { runs, messages } = told(150, 200);
    const { onProgress } = runs.begin();
    for (let ms = 0; ms <= 600; ms += 50) {
      onProgress({ message: `${ms}` });
      vi.advanceTimersByTime(50);
    }
    expect(messages).toEqual(['150', '350', '550']);
  });

  test('nothing is told of what was cancelled', () => {
    const { runs, messages } = told(0, 0);
    const run = runs.begin();
    runs.cancel();
    run.onProgress({ message: 'late' });
    expect([run.cancel.aborted, runs.isLatest(run), messages]).toEqual([true, true, []]);
  });
});
