import { describe, expect, test, vi } from 'vitest';
import type { Explanation, MethodSummary } from '../../../src/protocol';
import type { OtherMap, PanelState } from '../../../src/protocol/panel';
import { Alternating } from '../../../webview/logic/alternating';
import { Flicker, type Repeat } from '../../../webview/logic/flicker';
import { english } from '../../../webview/logic/l10n';
import { LayerMaps } from '../../../webview/logic/layer-maps';

/** A clock that ticks when the test says so. */
function clock() {
  const running = new Map<number, { callback: () => void; ms: number }>();
  let next = 0;
  const repeat: Repeat = (callback, ms) => {
    const id = next++;
    running.set(id, { callback, ms });
    return () => void running.delete(id);
  };
  const tick = (): void => {
    for (const { callback } of running.values()) callback();
  };
  return { repeat, tick, waits: () => [...running.values()].map(({ ms }) => ms) };
}

describe('two pictures in turns', () => {
  test('begin with the one that is there, and change by hand', () => {
    const changed = vi.fn();
    const flicker = new Flicker(changed, clock().repeat);
    flicker.flip();
    expect([flicker.with, flicker.other]).toEqual([undefined, false]);
    flicker.begin('photograph');
    expect(flicker.other).toBe(false);
    flicker.flip();
    expect(flicker.other).toBe(true);
    flicker.flip();
    expect(flicker.other).toBe(false);
    expect(changed).toHaveBeenCalledTimes(3);
  });

  test('change by the clock, at most four times a second', () => {
    const { repeat, tick, waits } = clock();
    const flicker = new Flicker(() => {}, repeat);
    flicker.play(2);
    expect(waits()).toEqual([]);
    flicker.begin('photograph');
    flicker.play(2);
    expect(waits()).toEqual([500]);
    tick();
    expect(flicker.other).toBe(true);
    flicker.play(50);
    expect(waits()).toEqual([250]);
    flicker.pause();
    expect([waits(), flicker.plays, flicker.with]).toEqual([[], false, 'photograph']);
  });

  test('stop for good when they end', () => {
    const { repeat, waits } = clock();
    const flicker = new Flicker(() => {}, repeat);
    flicker.begin('photograph');
    flicker.play(1);
    flicker.end();
    expect([waits(), flicker.with, flicker.other]).toEqual([[], undefined, false]);
  });
});

describe('what alternates with the picture', () => {
  const viewport = { x: 0, y: 0, width: 8, height: 8 };
  const map = { width: 1, height: 1, data: Float32Array.of(1) };
  const question = { model: '/m.onnx', image: '/cat.png', method: 'srd' };
  const other: OtherMap = { title: 'cat.png · Gradient · cat', map, signed: true, viewport };

  const setUp = (change: Partial<PanelState> = {}, answer: () => Promise<OtherMap | null> = async () => other) => {
    const failed = vi.fn();
    const method = { id: 'grad-cam', title: 'Grad-CAM', signed: false } as MethodSummary;
    const explanation = { id: 'now', photograph: { viewport } } as unknown as Explanation;
    const state: PanelState = { status: 'ready', explanation, methods: [method], l10n: {}, ...change };
    const maps = new LayerMaps(
      async (ids) => ids.map(() => map),
      () => {},
    );
    const known = { state, comparedMaps: maps, t: english };
    const before = vi.fn(answer);
    const alternating = new Alternating({ before }, known, () => {}, failed, clock().repeat);
    return { alternating, before, failed };
  };

  const entry = (part: object, title: string) => ({ question: { ...question, ...part }, title });

  test('is the photograph, or what was said of the same picture before', () => {
    const entries = [
      entry({}, 'first'),
      entry({ target: 2 }, 'second'),
      entry({ image: '/dog.png' }, 'dog'),
      entry({ compare: ['srd'] }, 'comparison'),
      entry({ target: 3 }, 'now'),
    ];
    const { alternating } = setUp({ history: { entries, index: 4, steps: 0 } });
    expect(alternating.alternatives).toEqual([
      { id: 'photograph', title: 'Photograph' },
      { id: 'before', title: 'second' },
    ]);
    expect(setUp({ history: { entries, index: 2, steps: 0 } }).alternating.alternatives).toHaveLength(1);
  });

  test('is asked for once, and shown when it is there', async () => {
    const { alternating, before } = setUp();
    const coming = alternating.begin('before');
    alternating.flicker.flip();
    expect(alternating.shown).toBeUndefined();
    await coming;
    expect(alternating.shown).toEqual({ kind: 'map', ...other });
    await alternating.begin('photograph');
    await alternating.begin('before');
    expect(before).toHaveBeenCalledTimes(1);
    alternating.forget();
    expect([alternating.shown, alternating.flicker.with]).toEqual([undefined, undefined]);
  });

  test('that cannot be had is reported, and nothing alternates', async () => {
    const { alternating, failed } = setUp({}, async () => {
      throw new Error('no');
    });
    await alternating.begin('before');
    expect(failed).toHaveBeenCalledTimes(1);
    expect(alternating.flicker.with).toBeUndefined();
  });

  test('is a compared method, in its own colours', async () => {
    const result = { id: 'cam' } as Explanation;
    const methods = [
      { method: 'grad-cam', column: 0, status: 'ready', result },
      { method: 'srd', column: 0, status: 'ready', result: { id: 'now' } as Explanation },
      { method: 'lime', column: 0, status: 'failed' },
    ] as const;
    const { alternating } = setUp({ comparison: { id: 'c', methods, columns: [{ label: 'cat' }] } });
    expect(alternating.alternatives.map(({ title }) => title)).toEqual(['Photograph', 'Grad-CAM']);
    await alternating.begin('method:0:grad-cam');
    alternating.flicker.flip();
    expect(alternating.shown).toBeUndefined();
    await vi.waitFor(() => expect(alternating.shown).toMatchObject({ kind: 'map', signed: false, map, viewport }));
  });
});
