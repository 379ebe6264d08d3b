import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cellOf,
  centreOf,
  clampCamera,
  locationAt,
  pan,
  pinch,
  place,
  reveal,
  stacked,
  step,
  toCanvas,
  toContent,
  union,
  wholeContent,
  zoomAt,
} from '../../../webview/logic/geometry';

const size = fc.record({
  width: fc.integer({ min: 20, max: 3000 }),
  height: fc.integer({ min: 20, max: 3000 }),
});
const rect = fc
  .tuple(size, fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }))
  .map(([box, x, y]) => ({ ...box, x, y }));
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('placing content on a canvas', () => {
  test('a photograph fits and is centred, by hand', () => {
    // 400 × 200 on 300 × 300 with a margin of 10: scale 280/400 = 0.7, so 280 × 140 at (10, 80).
    const placement = place(wholeContent, { x: 0, y: 0, width: 400, height: 200 }, { width: 300, height: 300 }, 10);
    expect(placement.scale).toBeCloseTo(0.7, 12);
    expect(placement.left).toBeCloseTo(10, 12);
    expect(placement.top).toBeCloseTo(80, 12);
  });

  test('from the canvas to the content and back is where it began', () => {
    fc.assert(
      fc.property(rect, size, share, share, (content, canvas, x, y) => {
        const placement = place({ x, y, zoom: 3 }, content, canvas);
        const point = { x: content.x + x * content.width, y: content.y + y * content.height };
        const back = toContent(placement, toCanvas(placement, point));
        expect(back.x).toBeCloseTo(point.x, 6);
        expect(back.y).toBeCloseTo(point.y, 6);
      }),
    );
  });

  test('all of the content is on the canvas when nothing is magnified', () => {
    fc.assert(
      fc.property(rect, size, (content, canvas) => {
        const placement = place(wholeContent, content, canvas);
        const first = toCanvas(placement, content);
        const last = toCanvas(placement, { x: content.x + content.width, y: content.y + content.height });
        expect(Math.min(first.x, first.y)).toBeGreaterThanOrEqual(-1e-6);
        expect(last.x).toBeLessThanOrEqual(canvas.width + 1e-6);
        expect(last.y).toBeLessThanOrEqual(canvas.height + 1e-6);
      }),
    );
  });
});

describe('under any magnification', () => {
  test('a pointer over a cell finds that cell, wherever the camera is', () => {
    const zoom = fc.double({ min: 1, max: 64, noNaN: true });
    const map = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });
    fc.assert(
      fc.property(rect, size, zoom, share, share, map, share, share, (content, canvas, magnified, x, y, grid, u, v) => {
        const camera = clampCamera({ x, y, zoom: magnified }, content, canvas, 6);
        const placement = place(camera, content, canvas, 6);
        const cell = {
          x: Math.min(grid.width - 1, Math.floor(u * grid.width)),
          y: Math.min(grid.height - 1, Math.floor(v * grid.height)),
        };
        // By the definition: cells share the content's width and height evenly.
        const centre = {
          x: content.x + ((cell.x + 0.5) * content.width) / grid.width,
          y: content.y + ((cell.y + 0.5) * content.height) / grid.height,
        };
        const onCanvas = {
          x: placement.left + placement.scale * centre.x,
          y: placement.top + placement.scale * centre.y,
        };
        expect(locationAt(grid, content, toContent(placement, onCanvas))).toEqual(cell);
      }),
    );
  });

  test('two fingers keep what is under them', () => {
    const content = { x: 0, y: 0, width: 100, height: 100 };
    const canvas = { width: 200, height: 200 };
    const camera = { x: 0.5, y: 0.5, zoom: 4 };
    const before = place(camera, content, canvas);
    const fingers = [
      { x: 80, y: 100 },
      { x: 120, y: 100 },
    ] as const;
    const moved = [
      { x: 75, y: 110 },
      { x: 135, y: 110 },
    ] as const;
    const after = place(pinch(camera, fingers, moved, content, canvas), content, canvas);
    expect(after.scale).toBeCloseTo(1.5 * before.scale, 9);
    for (const i of [0, 1] as const) {
      const under = toContent(before, fingers[i]);
      const now = toContent(after, moved[i]);
      expect(now.x).toBeCloseTo(under.x, 9);
      expect(now.y).toBeCloseTo(under.y, 9);
    }
  });
});

describe('the camera', () => {
  const content = { x: 0, y: 0, width: 100, height: 100 };
  const canvas = { width: 200, height: 200 };

  test('keeps what is under the pointer where it is while zooming', () => {
    const at = { x: 120, y: 90 };
    const before = toContent(place(wholeContent, content, canvas), at);
    const camera = zoomAt(wholeContent, 4, at, content, canvas);
    const after = toContent(place(camera, content, canvas), at);
    expect(camera.zoom).toBe(4);
    expect(after.x).toBeCloseTo(before.x, 9);
    expect(after.y).toBeCloseTo(before.y, 9);
  });

  test('zooms neither out of "fit" nor without end', () => {
    expect(zoomAt(wholeContent, 0.1, { x: 10, y: 10 }, content, canvas)).toEqual(wholeContent);
    expect(zoomAt(wholeContent, 1e9, { x: 10, y: 10 }, content, canvas).zoom).toBe(64);
  });

  test('never shows emptiness beside magnified content', () => {
    fc.assert(
      fc.property(rect, size, share, share, fc.double({ min: 1, max: 40, noNaN: true }), (area, room, x, y, zoom) => {
        const camera = clampCamera({ x, y, zoom }, area, room);
        const placement = place(camera, area, room);
        const left = toCanvas(placement, area).x;
        const right = left + placement.scale * area.width;
        if (placement.scale * area.width >= room.width) {
          expect(left).toBeLessThanOrEqual(1e-6);
          expect(right).toBeGreaterThanOrEqual(room.width - 1e-6);
        } else {
          expect(left).toBeCloseTo(room.width - right, 5);
        }
      }),
    );
  });

  test('pans by canvas pixels', () => {
    const camera = { x: 0.5, y: 0.5, zoom: 4 };
    const moved = pan(camera, { x: 40, y: -16 }, content, canvas);
    // Scale 8: 40 px are 5 content pixels, a twentieth of the width.
    expect(moved.x).toBeCloseTo(0.45, 12);
    expect(moved.y).toBeCloseTo(0.52, 12);
  });

  test('moves to show a point, and only when it has to', () => {
    const camera = { x: 0.25, y: 0.25, zoom: 4 };
    expect(reveal(camera, { x: 20, y: 30 }, content, canvas)).toBe(camera);
    const moved = reveal(camera, { x: 60, y: 20 }, content, canvas);
    const shown = toCanvas(place(moved, content, canvas), { x: 60, y: 20 });
    expect(shown.x).toBeCloseTo(200, 6);
    expect(moved.y).toBeCloseTo(camera.y, 12);
  });
});

describe('locations', () => {
  // The centre square of 0.875 of the shorter side of a 451 × 300 photograph.
  const viewport = { x: 94.25, y: 18.75, width: 262.5, height: 262.5 };
  const map = { width: 14, height: 14 };

  test('lie under the photograph, by hand', () => {
    // (200 − 94.25) / 18.75 = 5.64, (40 − 18.75) / 18.75 = 1.13
    expect(locationAt(map, viewport, { x: 200, y: 40 })).toEqual({ x: 5, y: 1 });
    expect(locationAt(map, viewport, { x: 94, y: 40 })).toBeUndefined();
    expect(locationAt(map, viewport, { x: 356.8, y: 40 })).toBeUndefined();
  });

  test('the middle of a cell lies in the cell', () => {
    for (let x = 0; x < 14; x++) {
      const pfv = { x, y: (x * 5) % 14 };
      expect(locationAt(map, viewport, centreOf(cellOf(map, viewport, pfv)))).toEqual(pfv);
    }
  });

  test('steps stop at the border', () => {
    expect(step(map, { x: 13, y: 0 }, { x: 10, y: -1 })).toEqual({ x: 13, y: 0 });
    expect(step(map, { x: 3, y: 4 }, { x: -1, y: 2 })).toEqual({ x: 2, y: 6 });
  });
});

test('photograph and viewport together, also when the viewport reaches outside', () => {
  const photograph = { x: 0, y: 0, width: 100, height: 50 };
  expect(union(photograph, { x: 25, y: 0, width: 50, height: 50 })).toEqual(photograph);
  expect(union(photograph, { x: 0, y: -25, width: 100, height: 100 })).toEqual({
    x: 0,
    y: -25,
    width: 100,
    height: 100,
  });
});

test('panes are stacked where that shows more', () => {
  const wide = { width: 300, height: 200 };
  expect(stacked(2, wide, { width: 1000, height: 300 })).toBe(false);
  expect(stacked(2, wide, { width: 400, height: 900 })).toBe(true);
  // 500 × 333 each beside the other, 450 × 300 below each other
  expect(stacked(2, wide, { width: 1000, height: 600 })).toBe(false);
});
