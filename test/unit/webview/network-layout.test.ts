import ELK from 'elkjs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Network } from '../../../src/protocol/flow';
import { NetworkTree } from '../../../webview/network/drawn';
import { type Area, layoutOf, pathBeside, pathOf, scaleOf, thickness } from '../../../webview/network/layout';

const elk = new ELK();
const measure = (): number => 140;

const node = (group: number, index: number) => ({
  id: `v${index}`,
  title: `node ${index}`,
  op: 'Op',
  shape: [],
  group,
  sink: 0,
  lost: 0,
});

/** Encoder and decoder of three levels with connections across. */
function unet(): Network {
  const groups = [
    { title: '', parent: -1 },
    ...['down1', 'down2', 'bottom', 'up2', 'up1'].map((title) => ({ title, parent: 0 })),
  ];
  const nodes = groups.slice(1).flatMap((_, index) => [node(index + 1, 2 * index), node(index + 1, 2 * index + 1)]);
  const edge = (from: number, to: number, relevance: number) => ({ from, to, relevance });
  const along = nodes.slice(1).map((_, index) => edge(index, index + 1, index + 1));
  return { nodes, groups, edges: [...along, edge(1, 8, -4), edge(3, 6, 3)], widths: 'relevance', total: 9 };
}

const overlap = (a: Area, b: Area): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** @param upward whether boxes may follow each other in circles, which are drawn upward somewhere */
async function check(network: Network, open: ReadonlySet<string>, upward = false): Promise<void> {
  const drawn = new NetworkTree(network).draw(open);
  const layout = await layoutOf(drawn, measure, elk);
  const boxes = new Map(drawn.boxes.map((box) => [box.id, box]));
  const areaOf = (id: string): Area => layout.areas.get(id)!;
  const isAround = (outer: string, inner: string): boolean => {
    for (let up = boxes.get(inner)!.parent; up; up = boxes.get(up)!.parent) if (up === outer) return true;
    return false;
  };
  for (const { id, parent } of drawn.boxes) {
    for (const other of boxes.keys())
      if (other > id && !isAround(id, other) && !isAround(other, id))
        expect(overlap(areaOf(id), areaOf(other)), `${id} and ${other}`).toBe(false);
    if (!parent) continue;
    const [inner, outer] = [areaOf(id), areaOf(parent)];
    expect(inner.x).toBeGreaterThanOrEqual(outer.x);
    expect(inner.y).toBeGreaterThanOrEqual(outer.y);
    expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width);
    expect(inner.y + inner.height).toBeLessThanOrEqual(outer.y + outer.height);
  }
  expect(layout.ribbons).toHaveLength(drawn.ribbons.length);
  for (const { from, to, points, relevance, width } of layout.ribbons) {
    const [start, end] = [points[0]!, points.at(-1)!];
    const [above, below] = [areaOf(from), areaOf(to)];
    const edges = ({ y, height }: Area): number[] => [y, y + height].map(Math.round);
    expect(edges(above).slice(upward ? 0 : 1)).toContain(Math.round(start.y));
    expect(edges(below).slice(0, upward ? 2 : 1)).toContain(Math.round(end.y));
    for (const [{ x }, area] of [
      [start, above],
      [end, below],
    ] as const) {
      expect(x - width / 2).toBeGreaterThanOrEqual(area.x - 0.01);
      expect(x + width / 2).toBeLessThanOrEqual(area.x + area.width + 0.01);
    }
    expect(width).toBeCloseTo(Math.max(1.25, Math.abs(relevance) * layout.scale), 6);
  }
}

describe('the layout of a network', () => {
  test('keeps boxes apart and joins the right ones, closed and open', async () => {
    const network = unet();
    await check(network, new Set());
    await check(network, new Set(['g1', 'g2', 'g3', 'g4', 'g5']));
    await check(network, new Set(['g2', 'g5']));
  });

  test('keeps boxes apart in any network', async () => {
    const drawing = fc.record({
      count: fc.integer({ min: 2, max: 16 }),
      parents: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      numbers: fc.array(fc.nat(), { minLength: 120, maxLength: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(drawing, async ({ count, parents, numbers }) => {
        let at = 0;
        const draw = (below: number): number => numbers[at++ % numbers.length]! % below;
        const groups = [
          { title: '', parent: -1 },
          ...parents.map((parent, index) => ({ title: `m${index}`, parent: parent % (index + 1) })),
        ];
        const nodes = Array.from({ length: count }, (_, index) =>
          node(index > 0 && index <= parents.length ? index : draw(groups.length), index),
        );
        fc.pre(count > parents.length);
        const edges = Array.from({ length: count + 4 }, () => {
          const from = draw(count - 1);
          return { from, to: from + 1 + draw(count - from - 1), relevance: draw(9) - 4 };
        });
        const open = new Set(groups.flatMap((_, index) => (draw(2) ? [`g${index}`] : [])));
        await check({ nodes, groups, edges, widths: 'relevance', total: 1 }, open, true);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 60_000);

  test('of 40 boxes of a model of 10 000 nodes is found', async () => {
    const groups = [{ title: '', parent: -1 }, ...Array.from({ length: 30 }, (_, i) => ({ title: `${i}`, parent: 0 }))];
    const nodes = Array.from({ length: 10_000 }, (_, index) => node(1 + Math.floor((index * 30) / 10_000), index));
    const edges = nodes.slice(1).map((_, index) => ({ from: index, to: index + 1, relevance: 1 }));
    const tree = new NetworkTree({ nodes, groups, edges, widths: 'relevance', total: 1 });
    const layout = await layoutOf(tree.draw(tree.firstOpen()), measure, elk);
    expect(layout.areas.size).toBe(30);
  });
});

describe('a ribbon', () => {
  test('is as wide as the relevance it carries, by one measure for all', () => {
    const tree = new NetworkTree(unet());
    const drawn = tree.draw(new Set());
    const scale = scaleOf(drawn);
    // Most goes through the upper end of up1: 8 from up2 and 4 across.
    expect(12 * scale).toBeCloseTo(40, 6);
    expect(thickness(-4, scale)).toBeCloseTo(thickness(4, scale), 9);
    expect(thickness(8, scale) / thickness(4, scale)).toBeCloseTo(2, 6);
    expect(thickness(0, scale)).toBeGreaterThan(0);
    expect(thickness(Number.NaN, scale)).toBeGreaterThan(0);
    expect(scaleOf({ boxes: [], ribbons: [] })).toBe(0);
  });

  test('leaves and enters upright', () => {
    expect(
      pathOf([
        { x: 0, y: 0 },
        { x: 10, y: 20 },
        { x: 10, y: 40 },
      ]),
    ).toBe('M0,0C0,10 10,10 10,20L10,40');
  });

  test('of two streams has two bands that lie beside each other all the way', async () => {
    const network = unet();
    const edges = network.edges.map((edge) => ({ ...edge, relevance: 8, against: 2 }));
    const { ribbons, scale } = await layoutOf(
      new NetworkTree({ ...network, edges, totalAgainst: 2 }).draw(new Set()),
      measure,
      elk,
    );
    for (const { width, bands } of ribbons) {
      expect(bands![0]).toBeCloseTo(6 * scale, 6);
      expect(bands![1]).toBeCloseTo(2 * scale, 6);
      expect(bands![0] + bands![1]).toBeCloseTo(width, 6);
    }
    // Points of a way and of one beside it are as far apart as asked for, on the sides asked for.
    const points = [
      { x: 0, y: 0 },
      { x: 40, y: 60 },
      { x: 40, y: 90 },
    ];
    const at = (aside: number) =>
      pathBeside(points, aside)
        .slice(1)
        .split('L')
        .map((point) => point.split(',').map(Number) as [number, number]);
    const [middle, left, right] = [at(0), at(5), at(-5)];
    middle.forEach(([x, y], index) => {
      for (const side of [left, right]) {
        expect(Math.hypot(side[index]![0] - x, side[index]![1] - y)).toBeCloseTo(5, 0);
      }
      expect(left[index]![0]).toBeLessThan(right[index]![0]);
    });
    expect([middle[0], middle.at(-1)]).toEqual([
      [0, 0],
      [40, 90],
    ]);
    expect([left[0], left.at(-1)]).toEqual([
      [-5, 0],
      [35, 90],
    ]);
  });
});
