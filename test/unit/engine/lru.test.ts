import { describe, expect, it } from 'vitest';
import { Lru } from '../../../src/engine/lru';

function lru(maxSize: number, maxCount?: number): { cache: Lru<number>; gone: number[] } {
  const gone: number[] = [];
  const cache = new Lru<number>({
    maxSize,
    ...(maxCount !== undefined && { maxCount }),
    sizeOf: (value) => value,
    dispose: (value) => gone.push(value),
  });
  return { cache, gone };
}

describe('Lru', () => {
  it('drops the least recently used when the sizes exceed the bound', () => {
    const { cache, gone } = lru(10);
    cache.set('a', 4);
    cache.set('b', 5);
    cache.get('a');
    cache.set('c', 6);
    expect(gone).toEqual([5]);
    expect(cache.size).toBe(10);
    expect(cache.get('a')).toBe(4);
  });

  it('keeps the newest even when it alone exceeds the bound', () => {
    const { cache, gone } = lru(10);
    cache.set('a', 4);
    cache.set('b', 50);
    expect(gone).toEqual([4]);
    expect(cache.get('b')).toBe(50);
  });

  it('bounds the count', () => {
    const { cache, gone } = lru(100, 2);
    for (const value of [1, 2, 3]) cache.set(String(value), value);
    expect(gone).toEqual([1]);
    expect(cache.count).toBe(2);
  });

  it('disposes of what is replaced, deleted and cleared, each once', () => {
    const { cache, gone } = lru(100);
    cache.set('a', 1);
    cache.set('a', 2);
    cache.set('b', 3);
    cache.set('c', 4);
    cache.delete('b');
    cache.delete('b');
    cache.clear((key) => key === 'c');
    expect(gone).toEqual([1, 3, 4]);
    cache.clear();
    expect(gone).toEqual([1, 3, 4, 2]);
    expect(cache.size).toBe(0);
  });

  it('keeps what is in use, and drops it afterwards', async () => {
    const { cache, gone } = lru(10);
    cache.set('a', 9);
    await cache.pinned('a', async () => {
      cache.set('b', 8);
      expect(gone).toEqual([]);
    });
    expect(gone).toEqual([9]);
  });

  it('disposes of what is deleted in use when its last user is done, also when that fails', async () => {
    const { cache, gone } = lru(10);
    cache.set('a', 1);
    const work = cache.pinned('a', async () => {
      await cache.pinned('a', async () => cache.delete('a'));
      expect(gone).toEqual([]);
      throw new Error('failed');
    });
    await expect(work).rejects.toThrow('failed');
    expect(gone).toEqual([1]);
  });
});
