import { describe, expect, test } from 'vitest';
import type { ScalarMap } from '../../../src/protocol';
import { LayerMaps } from '../../../webview/logic/layer-maps';
import { MapCache } from '../../../webview/logic/map-cache';

const mapOf = (value: number): ScalarMap => ({ width: 1, height: 1, data: Float32Array.of(value) });
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function setUp() {
  const requests: { readonly layers: readonly string[]; readonly answer: () => void; readonly refuse: () => void }[] =
    [];
  let changes = 0;
  const maps = new LayerMaps(
    (layers) =>
      new Promise((resolve, reject) => {
        requests.push({
          layers,
          answer: () => resolve(layers.map((layer) => mapOf(Number(layer)))),
          refuse: () => reject(new Error('gone')),
        });
      }),
    () => changes++,
  );
  return { maps, requests, changes: () => changes };
}

const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

describe('maps of layers', () => {
  test('that are wanted together are fetched together, once', async () => {
    const { maps, requests, changes } = setUp();
    for (const layer of ['1', '2', '3', '2']) maps.want(layer);
    await settle();
    expect(requests.map(({ layers }) => [...layers].sort())).toEqual([['1', '2', '3']]);
    requests[0]!.answer();
    await settle();
    expect(['1', '2', '3'].map((layer) => maps.get(layer)?.data[0])).toEqual([1, 2, 3]);
    expect(changes()).toBe(1);
    maps.want('2');
    await settle();
    expect(requests).toHaveLength(1);
  });

  test('that are on their way are not asked for again', async () => {
    const { maps, requests } = setUp();
    maps.want('1');
    await settle();
    maps.want('1');
    maps.want('2');
    requests[0]!.answer();
    await settle();
    expect(requests.map(({ layers }) => layers)).toEqual([['1'], ['2']]);
  });

  test('come in batches, what was wanted last first', async () => {
    const { maps, requests } = setUp();
    for (const layer of names(0, 30)) maps.want(layer);
    await settle();
    expect(requests[0]!.layers).toEqual(names(18, 30).reverse());
    maps.want('99');
    requests[0]!.answer();
    await settle();
    expect(requests[1]!.layers).toEqual(['99', ...names(7, 18).reverse()]);
  });

  test('that scroll out of sight before their turn are not fetched', async () => {
    const { maps, requests } = setUp();
    for (const layer of names(0, 30)) maps.want(layer);
    await settle();
    for (const layer of names(0, 18)) maps.unwant(layer);
    requests[0]!.answer();
    await settle();
    expect(requests).toHaveLength(1);
  });

  test('of an earlier explanation are thrown away', async () => {
    const { maps, requests } = setUp();
    maps.want('1');
    await settle();
    maps.clear();
    requests[0]!.answer();
    await settle();
    expect(maps.get('1')).toBeUndefined();
  });

  test('that failed say why, and are asked for again only on purpose', async () => {
    const { maps, requests } = setUp();
    maps.want('1');
    await settle();
    requests[0]!.refuse();
    await settle();
    expect(maps.failure('1')).toEqual(new Error('gone'));
    maps.want('1');
    await settle();
    expect(requests).toHaveLength(1);
    maps.want('1', true);
    await settle();
    requests[1]!.answer();
    await settle();
    expect(maps.get('1')?.data[0]).toBe(1);
    expect(maps.failure('1')).toBeUndefined();
  });
});

describe('the cache of maps', () => {
  test('gives up what was not used for longest', () => {
    const cache = new MapCache(2);
    cache.set('a', mapOf(1));
    cache.set('b', mapOf(2));
    cache.get('a');
    cache.set('c', mapOf(3));
    expect(['a', 'b', 'c'].map((key) => cache.has(key))).toEqual([true, false, true]);
  });

  test('keeps what was set last, however large', () => {
    const cache = new MapCache(2);
    cache.set('a', mapOf(1));
    cache.set('large', { width: 3, height: 1, data: new Float32Array(3) });
    expect(['a', 'large'].map((key) => cache.has(key))).toEqual([false, true]);
    cache.set('b', mapOf(2));
    expect(['large', 'b'].map((key) => cache.has(key))).toEqual([false, true]);
  });

  test('counts a replaced map once', () => {
    const cache = new MapCache(2);
    for (let i = 0; i < 5; i++) cache.set('a', mapOf(i));
    cache.set('b', mapOf(9));
    expect(cache.get('a')?.data[0]).toBe(4);
    cache.clear();
    expect(cache.has('a')).toBe(false);
  });
});
