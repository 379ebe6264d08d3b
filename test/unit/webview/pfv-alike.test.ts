import { describe, expect, test } from 'vitest';
import { PrismError } from '../../../src/graph/errors';
import type { AlikePfv } from '../../../src/protocol/pfv';
import { AlikeSearch } from '../../../webview/logic/pfv-alike';

const pfv = (x: number, cosine: number): AlikePfv => ({
  x,
  y: 0,
  cosine,
  seen: { x: 0, y: 0, width: 1, height: 1 },
  encoded: new Uint8Array(),
  mime: 'image/jpeg',
});
const place = { layer: 'relu', x: 1, y: 2 };

function setUp(answers: Readonly<Record<string, readonly AlikePfv[] | Error>>) {
  const floors: number[] = [];
  const seen: number[] = [];
  const search: AlikeSearch = new AlikeSearch(
    {
      alikeImages: async () => ({ folder: 'f', images: Object.keys(answers) }),
      alikeIn: async ({ image, floor }) => {
        floors.push(floor);
        const answer = answers[image];
        if (answer instanceof Error) throw answer;
        return answer ?? [];
      },
    },
    () => seen.push(search.now?.found.length ?? -1),
  );
  return { search, floors, seen };
}

describe('a search in other images', () => {
  test('shows what is found after every image, the likest first', async () => {
    const { search, seen } = setUp({ a: [pfv(1, 0.4)], b: [pfv(2, 0.9), pfv(3, 0.1)] });
    await search.start(place, 'own');
    expect(seen).toEqual([0, 1, 3, 3]);
    expect(search.now).toMatchObject({ folder: 'f', total: 2, done: 2, running: false, failed: 0, place });
    expect(search.now?.found.map(({ image, x }) => `${image}${x}`)).toEqual(['b2', 'a1', 'b3']);
  });

  test('asks only for what is better than the twelfth, and keeps twelve', async () => {
    const many = Array.from({ length: 12 }, (_, i) => pfv(i, 0.5 + i / 100));
    const { search, floors } = setUp({ a: many, b: [pfv(0, 0.99)], c: [] });
    await search.start(place, 'own');
    expect(floors).toEqual([0, 0.5, 0.51]);
    expect(search.now?.found).toHaveLength(12);
    expect(search.now?.found[0]).toMatchObject({ image: 'b' });
  });

  test('goes on after an image that cannot be read', async () => {
    const { search } = setUp({ a: new PrismError('IMAGE_DECODE', 'no picture'), b: [pfv(1, 0.2)] });
    await search.start(place, 'own');
    expect(search.now).toMatchObject({ done: 2, failed: 1, reason: { code: 'IMAGE_DECODE' } });
    expect(search.now?.found).toHaveLength(1);
  });

  test('stops where it is told to, and keeps what it has; another PFV begins anew', async () => {
    const { search } = setUp({ a: [pfv(1, 0.4)], b: [pfv(2, 0.9)] });
    const running = search.start(place, 'own');
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    search.stop();
    await running;
    expect(search.now?.running).toBe(false);
    expect(search.now?.done).toBeLessThan(2);
    search.clear();
    expect(search.now).toBeUndefined();
  });
});
