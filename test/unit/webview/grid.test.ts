import { describe, expect, test } from 'vitest';
import { contentOf, gridArea, once } from '../../../webview/logic/content';
import { arrange, cellAt, gridSize, neighbour, pfvAt, pfvGrid, placeName } from '../../../webview/logic/pfv-grid';
import { defaultView, restoreView } from '../../../webview/logic/view';

describe('the grid of a layer', () => {
  test('of images is the layer’s own', () => {
    const grid = pfvGrid({ width: 14, height: 7 });
    expect(grid).toMatchObject({ width: 14, height: 7, spatial: true });
    const map = { width: 14, height: 7, data: new Float32Array(98) };
    expect(arrange(map, grid)).toBe(map);
    expect(pfvAt(grid, { x: 3, y: 2 })).toEqual({ x: 3, y: 2 });
  });

  test('of tokens is wrapped into a nearly square block', () => {
    // 197 tokens: 15 columns, 14 rows, the last with two cells.
    const grid = pfvGrid({ width: 197, height: 1 });
    expect(grid).toMatchObject({ width: 15, height: 14, spatial: false });
    const map = { width: 197, height: 1, data: Float32Array.from({ length: 197 }, (_, i) => i) };
    const cells = arrange(map, grid);
    expect(cells.data[2 * 15 + 4]).toBe(34);
    expect(cells.data[13 * 15 + 1]).toBe(196);
    expect(cells.data.subarray(197).every(Number.isNaN)).toBe(true);
    for (const index of [0, 14, 15, 196]) {
      expect(pfvAt(grid, cellAt(grid, { x: index, y: 0 }))).toEqual({ x: index, y: 0 });
    }
    expect(pfvAt(grid, { x: 2, y: 13 })).toBeUndefined();
  });

  test('is walked by cells, and not left', () => {
    const grid = pfvGrid({ width: 10, height: 1 });
    expect(neighbour(grid, { x: 1, y: 0 }, { x: 0, y: 1 })).toEqual({ x: 5, y: 0 });
    expect(neighbour(grid, { x: 9, y: 0 }, { x: 1, y: 0 })).toEqual({ x: 9, y: 0 });
    expect(neighbour(pfvGrid({ width: 7, height: 7 }), { x: 6, y: 6 }, { x: 1, y: -2 })).toEqual({ x: 6, y: 4 });
  });

  test('is named by columns and rows, or by one number where there is one row', () => {
    expect([gridSize({ width: 14, height: 7 }), placeName({ width: 14, height: 7 }, { x: 3, y: 5 })]).toEqual([
      '14 × 7',
      '3, 5',
    ]);
    expect([gridSize({ width: 197, height: 1 }), placeName({ width: 197, height: 1 }, { x: 66, y: 0 })]).toEqual([
      '197',
      '66',
    ]);
  });

  test('of a single value is one cell on the photograph', () => {
    expect(pfvGrid({ width: 1, height: 1 })).toMatchObject({ width: 1, height: 1, spatial: true });
  });
});

test('a pane shows photograph and viewport; a wrapped grid has a sheet of its own', () => {
  const photograph = {
    path: 'a.png',
    width: 100,
    height: 50,
    encoded: new Uint8Array(),
    mime: 'image/png',
    viewport: { x: 0, y: -25, width: 100, height: 100 },
  };
  expect(contentOf(photograph)).toEqual(photograph.viewport);
  expect(gridArea(pfvGrid({ width: 4, height: 4 }), photograph)).toBe(photograph.viewport);
  expect(gridArea(pfvGrid({ width: 5, height: 1 }), photograph)).toEqual({ x: 0, y: 0, width: 3, height: 2 });
});

test('what is made once a key is made once', () => {
  const known = new WeakMap<object, number>();
  const key = {};
  let made = 0;
  expect([1, 2].map(() => once(known, key, () => ++made))).toEqual([1, 1]);
});

describe('the kept view', () => {
  test('comes back as it was', () => {
    const view = {
      ...defaultView,
      question: { model: 'm.onnx', image: 'i.png', method: 'srd' },
      layer: 'a',
      pinned: { layer: 'a', x: 3, y: 0 },
      smoothing: 4,
      opacity: 0.2,
      layout: 'side-by-side',
      scale: 'percentile',
    } as const;
    expect(restoreView(JSON.parse(JSON.stringify(view)))).toEqual(view);
  });

  test.each([
    [undefined],
    [null],
    ['text'],
    [42],
    [{}],
    [{ opacity: 'much', layout: 7, pinned: { layer: 'a', x: -1, y: 0.5 } }],
  ])('of an unknown kind (%j) becomes the default', (kept) => {
    expect(restoreView(kept)).toEqual(defaultView);
  });

  test('takes what can be understood', () => {
    expect(restoreView({ layer: 'b', opacity: 7, smoothing: 99, scale: 'other' })).toEqual({
      ...defaultView,
      layer: 'b',
    });
  });
});
