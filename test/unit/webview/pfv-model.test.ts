import { describe, expect, test } from 'vitest';
import type { PfvHostApi, PfvPlace, PfvSources } from '../../../src/protocol/pfv';
import type { Client } from '../../../src/rpc';
import { PfvModel } from '../../../webview/logic/pfv-model';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const sourcesOf = (place: PfvPlace): PfvSources => ({
  ...place,
  sources: [
    { layer: 'near', x: 1, y: 1, share: 0.5 },
    { layer: 'far', x: 2, y: 0, share: 0.3 },
    { layer: 'near', x: 0, y: 1, share: 0.1 },
  ],
  rest: { share: 0.05, count: 4 },
  kept: 0.05,
  sum: 1,
  layers: [
    { layer: 'near', share: 0.65, count: 6 },
    { layer: 'far', share: 0.3, count: 1 },
  ],
});

function setUp() {
  const asked: string[] = [];
  const failures: unknown[] = [];
  const host = {
    pfvSources: async ({ layer, x, y }) => {
      asked.push(`sources ${layer} ${x} ${y}`);
      if (x > 90) throw new Error('beyond');
      return sourcesOf({ layer, x, y });
    },
    pfvChannels: async ({ count: _, ...place }) => ({ ...place, count: 8, norm: 1, largest: [] }),
    channelMap: async ({ layer, channel }) => {
      asked.push(`channel ${layer} ${channel}`);
      return { width: 1, height: 1, data: Float32Array.of(channel) };
    },
  } satisfies Partial<Client<PfvHostApi>>;
  let changes = 0;
  const model = new PfvModel(
    host as unknown as Client<PfvHostApi>,
    () => {
      changes++;
    },
    (reason) => failures.push(reason),
  );
  return { model, asked, failures, changes: () => changes };
}

const place = { layer: 'last', x: 3, y: 4 };

describe('the pinned PFV', () => {
  test('is asked about once, and the layer that gives most is drawn', async () => {
    const { model, asked } = setUp();
    model.follow(place, true);
    model.follow({ ...place }, true);
    await settle();
    expect(asked).toEqual(['sources last 3 4']);
    expect(model.from).toBe('near');
    expect(model.drawn.map(({ share }) => share)).toEqual([0.5, 0.1]);
    expect(model.channels?.count).toBe(8);
    model.chooseLayer('far');
    expect(model.drawn.map(({ layer }) => layer)).toEqual(['far']);
  });

  test('is walked through by the keyboard from the strongest source to the weakest', async () => {
    const { model } = setUp();
    expect(model.markNext(1)).toBeUndefined();
    model.follow(place, true);
    await settle();
    expect(model.markNext(1)?.share).toBe(0.5);
    expect(model.markNext(1)?.share).toBe(0.1);
    expect(model.markNext(1)?.share).toBe(0.1);
    expect(model.markNext(-1)?.share).toBe(0.5);
  });

  test('takes what was of it along when it goes, but stays in its layer while it moves', async () => {
    const { model } = setUp();
    model.follow(place, true);
    model.showChannel(5);
    await settle();
    expect(model.activation).toMatchObject({ layer: 'last', channel: 5 });
    model.follow({ ...place, x: 2 }, true);
    expect(model.sources?.x).toBe(3);
    expect(model.activation?.channel).toBe(5);
    await settle();
    expect(model.sources?.x).toBe(2);
    model.follow({ layer: 'near', x: 0, y: 0 }, true);
    expect([model.sources, model.channels, model.activation]).toEqual([undefined, undefined, undefined]);
    model.follow(undefined, false);
    await settle();
    expect(model.sources).toBeUndefined();
  });

  test('draws lines for one that is only pointed at, and asks no more of it', async () => {
    const { model } = setUp();
    model.follow(place, false);
    await settle();
    expect(model.drawn).toHaveLength(2);
    expect(model.channels).toBeUndefined();
    model.follow(place, true);
    await settle();
    expect(model.channels?.count).toBe(8);
    model.follow(undefined, false);
    expect(model.drawn).toEqual([]);
    expect(model.from).toBe('near');
  });

  test('hides a channel that is chosen again', async () => {
    const { model, asked, changes } = setUp();
    model.follow(place, true);
    model.showChannel(5);
    await settle();
    const before = changes();
    model.showChannel(5);
    expect(model.activation).toBeUndefined();
    expect(changes()).toBe(before + 1);
    expect(asked.filter((what) => what.startsWith('channel'))).toEqual(['channel last 5']);
  });

  test('tells when there is no answer', async () => {
    const { model, failures } = setUp();
    model.follow({ ...place, x: 91 }, true);
    await settle();
    expect(failures).toHaveLength(1);
  });
});
