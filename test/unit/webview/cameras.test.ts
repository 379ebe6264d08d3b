import { describe, expect, test, vi } from 'vitest';
import { Cameras } from '../../../webview/logic/cameras';
import { type Camera, wholeContent } from '../../../webview/logic/geometry';
import { Hand } from '../../../webview/logic/hand';

const near: Camera = { x: 0.3, y: 0.4, zoom: 5 };
const far: Camera = { x: 0.6, y: 0.5, zoom: 2 };

describe('pictures beside each other', () => {
  test('look at the same when they are linked', () => {
    const changed = vi.fn();
    const cameras = new Cameras(true, changed);
    cameras.aim('map', near);
    expect([cameras.of('map'), cameras.of('photograph')]).toEqual([near, near]);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  test('what shows something else is never linked', () => {
    const cameras = new Cameras(true, () => {});
    cameras.aim('grid', near, true);
    expect([cameras.of('map'), cameras.of('grid', true), cameras.of('grid')]).toEqual([
      wholeContent,
      near,
      wholeContent,
    ]);
    cameras.aim('map', far);
    expect(cameras.of('grid', true)).toEqual(near);
  });

  test('unlinked, each stays where it is and goes its way', () => {
    const cameras = new Cameras(true, () => {});
    cameras.aim('map', near);
    cameras.link(false);
    expect(cameras.of('photograph')).toEqual(near);
    cameras.aim('photograph', far);
    expect([cameras.of('map'), cameras.of('photograph')]).toEqual([near, far]);
  });

  test('linked again, all look at what the one moved last does', () => {
    const cameras = new Cameras(false, () => {});
    cameras.aim('map', near);
    cameras.aim('photograph', far);
    cameras.aim('map', { ...near, zoom: 3 });
    cameras.link(true);
    expect(cameras.of('photograph')).toEqual({ ...near, zoom: 3 });
  });

  test('can all be shown whole', () => {
    const cameras = new Cameras(false, () => {});
    cameras.aim('map', near);
    cameras.fit();
    expect(cameras.of('map')).toEqual(wholeContent);
  });
});

describe('a hand on a picture', () => {
  const setUp = () => {
    let camera: Camera = { x: 0.5, y: 0.5, zoom: 4 };
    const content = { x: 0, y: 0, width: 100, height: 100 };
    const canvas = { width: 200, height: 200 };
    const hand = new Hand(
      () => ({ camera, content, canvas, margin: 0 }),
      (next) => {
        camera = next;
      },
      () => 4,
    );
    return { hand, now: () => camera };
  };

  test('that hardly moves clicks', () => {
    const { hand, now } = setUp();
    hand.down(1, { x: 100, y: 100 });
    expect(hand.move(1, { x: 102, y: 101 })).toBe(false);
    hand.up(1);
    expect([hand.moved, hand.holds, now().x]).toEqual([false, false, 0.5]);
  });

  test('drags the picture along: 80 of 800 pixels are a tenth of it', () => {
    const { hand, now } = setUp();
    hand.down(1, { x: 100, y: 100 });
    expect(hand.move(1, { x: 180, y: 100 })).toBe(true);
    expect(now()).toEqual({ x: 0.4, y: 0.5, zoom: 4 });
  });

  test('with two fingers magnifies, and goes on with the one that stays', () => {
    const { hand, now } = setUp();
    hand.down(1, { x: 90, y: 100 });
    hand.down(2, { x: 110, y: 100 });
    hand.move(2, { x: 130, y: 100 });
    expect(now().zoom).toBeCloseTo(8, 9);
    hand.up(1);
    const { x } = now();
    hand.move(2, { x: 130 + 160, y: 100 });
    expect(now().x).toBeCloseTo(x - 0.1, 9);
  });

  test('what is not held does not move it', () => {
    const { hand, now } = setUp();
    expect(hand.move(1, { x: 180, y: 100 })).toBe(false);
    expect(now().x).toBe(0.5);
  });

  test.each([
    ['+', 6],
    ['=', 6],
    ['-', 4 / 1.5],
  ])('the key %s zooms', (key, zoom) => {
    const { hand, now } = setUp();
    expect(hand.key(key)).toBe(true);
    expect(now().zoom).toBeCloseTo(zoom, 9);
  });

  test('the wheel doubles every 200 pixels', () => {
    const { hand, now } = setUp();
    hand.wheel(-200, 0, { x: 100, y: 100 });
    expect(now().zoom).toBeCloseTo(8, 9);
    hand.wheel(4, 1, { x: 100, y: 100 });
    expect(now().zoom).toBeCloseTo(4, 9);
  });
});
