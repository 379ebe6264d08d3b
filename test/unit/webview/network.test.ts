import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Network } from '../../../src/protocol/flow';
import { NetworkTree } from '../../../webview/network/drawn';
import { streamsSeen } from '../../../webview/network/streams';

const groups = [
  { title: '', parent: -1 },
  { title: 'encoder', parent: 0, className: 'Encoder' },
  { title: 'encoder.0', parent: 1 },
  { title: 'encoder.1', parent: 1 },
];
const node = (id: string, group: number, sink = 0, lost = 0) => ({
  id,
  title: id,
  op: id.toUpperCase(),
  shape: [1, 4],
  group,
  sink,
  lost,
});

/** in → a, b (encoder.0) → c, d (encoder.1) → out, with a way past encoder.1; 10 sets out. */
const network: Network = {
  nodes: [
    { ...node('in', 0), kind: 'input' },
    node('a', 2, 0.5),
    node('b', 2),
    node('c', 3, 1),
    node('d', 3, 0, 0.25),
    node('e', 0),
    { ...node('out', 0), kind: 'output' },
  ],
  groups,
  edges: [
    { from: 5, to: 6, relevance: 10 },
    { from: 4, to: 5, relevance: 7 },
    { from: 2, to: 5, relevance: 3 },
    { from: 3, to: 4, relevance: 6.75 },
    { from: 2, to: 3, relevance: 5.75 },
    { from: 1, to: 2, relevance: 8.75 },
    { from: 0, to: 1, relevance: 8.25 },
  ],
  widths: 'relevance',
  total: 10,
};

const tree = new NetworkTree(network);
const ribbonsOf = (open: readonly string[]): Record<string, number> =>
  Object.fromEntries(tree.draw(new Set(open)).ribbons.map(({ from, to, relevance }) => [`${from}-${to}`, relevance]));

describe('a network', () => {
  test('shows a closed module as one box that joins what crosses its border', () => {
    const { boxes } = tree.draw(new Set());
    expect(boxes.map(({ id }) => id)).toEqual(['n0', 'g1', 'n5', 'n6']);
    expect(ribbonsOf([])).toEqual({ 'n5-n6': 10, 'g1-n5': 10, 'n0-g1': 8.25 });
    expect(boxes[1]).toMatchObject({ count: 4, about: 'Encoder', open: false, level: 1, node: { id: 'd' } });
    expect(boxes[1]!.balance).toEqual({ out: 10, in: 8.25, sink: 1.5, lost: 0.25 });
  });

  test('shows what is in an open module', () => {
    const { boxes } = tree.draw(new Set(['g1', 'g3']));
    expect(boxes.map(({ id, level, parent }) => [id, level, parent])).toEqual([
      ['n0', 1, undefined],
      ['g1', 1, undefined],
      ['g2', 2, 'g1'],
      ['g3', 2, 'g1'],
      ['n3', 3, 'g3'],
      ['n4', 3, 'g3'],
      ['n5', 1, undefined],
      ['n6', 1, undefined],
    ]);
    expect(ribbonsOf(['g1', 'g3'])).toEqual({
      'n5-n6': 10,
      'n4-n5': 7,
      'g2-n5': 3,
      'n3-n4': 6.75,
      'g2-n3': 5.75,
      'n0-g2': 8.25,
    });
  });

  test('opens whole levels at first, as long as few boxes are seen', () => {
    expect([...tree.firstOpen()]).toEqual(['g1', 'g2', 'g3']);
    expect([...tree.firstOpen(5)]).toEqual(['g1']);
    expect([...tree.firstOpen(4)]).toEqual([]);
    expect(tree.around('n4')).toEqual(['g1', 'g3']);
    expect(tree.around('g1')).toEqual([]);
  });

  test('is searched by names, operators and classes', () => {
    expect(tree.find('encoder 1')).toEqual(['g3']);
    expect(tree.find('Encoder')).toEqual(['g1', 'g2', 'g3']);
    expect(tree.find('c')).toEqual(['g1', 'g2', 'g3', 'n3']);
    expect(tree.find('  ')).toEqual([]);
  });

  test('of two streams is seen whole, one alone, or by their difference', () => {
    const streams: Network = {
      nodes: [
        { ...node('in', 0), kind: 'input', against: { sink: 0, lost: 0 } },
        { ...node('a', 1, 3, 1), against: { sink: 1, lost: 0.5 } },
        node('b', 1),
        { ...node('out', 0), kind: 'output', against: { sink: 0, lost: 0 } },
      ],
      groups: groups.slice(0, 2),
      edges: [
        { from: 2, to: 3, relevance: 10, against: 4 },
        { from: 1, to: 2, relevance: 10, against: 4 },
        { from: 0, to: 1, relevance: 6, against: 2.5 },
      ],
      widths: 'relevance',
      total: 10,
      totalAgainst: 4,
    };
    const { boxes, ribbons } = new NetworkTree(streams).draw(new Set());
    expect(ribbons).toContainEqual({ from: 'n0', to: 'g1', relevance: 6, against: 2.5 });
    const { balance } = boxes.find(({ id }) => id === 'g1')!;
    expect(balance).toEqual({ out: 10, in: 6, sink: 3, lost: 1, against: { out: 4, in: 2.5, sink: 1, lost: 0.5 } });
    const sinks = (look: 'for' | 'against' | 'difference') => {
      const seen = streamsSeen(streams, look);
      expect(seen.totalAgainst).toBeUndefined();
      return [seen.total, ...seen.edges.map(({ relevance }) => relevance), seen.nodes[1]!.sink, seen.nodes[1]!.lost];
    };
    expect(sinks('for')).toEqual([6, 6, 6, 3.5, 2, 0.5]);
    expect(sinks('against')).toEqual([4, 4, 4, 2.5, 1, 0.5]);
    expect(sinks('difference')).toEqual([2, 2, 2, 1, 1, 0]);
    expect(streamsSeen(streams, 'apart')).toBe(streams);
    expect(streamsSeen(network, 'against')).toBe(network);
  });

  test('gives on at every place what came, whatever is open and however modules lie in each other', () => {
    const drawing = fc.record({
      count: fc.integer({ min: 2, max: 25 }),
      parents: fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
      seed: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(drawing, ({ count, parents, seed }) => {
        const stream = seed[Symbol.iterator]();
        const draw = (below: number): number => (stream.next().value as number) % below;
        const drawnGroups = [
          { title: '', parent: -1 },
          ...parents.map((parent, index) => ({ title: `m${index}`, parent: parent % (index + 1) })),
        ];
        const edges = Array.from({ length: 2 * count }, () => {
          const from = draw(count - 1);
          return { from, to: from + 1 + draw(count - from - 1), relevance: draw(21) - 10 };
        });
        const sum = (index: number, side: 'from' | 'to'): number =>
          edges.reduce((total, edge) => (edge[side] === index ? total + edge.relevance : total), 0);
        const nodes = Array.from({ length: count }, (_, index) => {
          const rest = sum(index, 'from') - sum(index, 'to');
          const lost = draw(3);
          return node(`v${index}`, draw(drawnGroups.length), rest - lost, lost);
        });
        // Modules without nodes are none.
        const used = new Set(nodes.map(({ group }) => group));
        fc.pre(drawnGroups.every((_, index) => index === 0 || used.has(index)));
        const whole = new NetworkTree({ nodes, groups: drawnGroups, edges, widths: 'relevance', total: 1 });
        const open = new Set(drawnGroups.flatMap((_, index) => (draw(2) ? [`g${index}`] : [])));
        const { boxes, ribbons } = whole.draw(open);
        for (const { id, balance, open: isOpen } of boxes) {
          expect(balance.in + balance.sink + balance.lost).toBeCloseTo(balance.out, 9);
          if (isOpen) continue;
          const along = (side: 'from' | 'to'): number =>
            ribbons.reduce((total, ribbon) => (ribbon[side] === id ? total + ribbon.relevance : total), 0);
          expect(along('from')).toBeCloseTo(balance.out, 9);
          expect(along('to')).toBeCloseTo(balance.in, 9);
        }
        const seen = boxes.filter((box) => !box.open).reduce((total, { count: inside }) => total + inside, 0);
        expect(seen).toBe(count);
      }),
      { numRuns: 150 },
    );
  });
});
