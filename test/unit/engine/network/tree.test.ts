import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Member, type Tree, treeOf } from '../../../../src/engine/network/tree';

const chain = (length: number): number[][] =>
  Array.from({ length }, (_, index) => (index + 1 < length ? [index + 1] : []));

const named = (...paths: readonly string[]): Member[] =>
  paths.map((path) => ({ path: path.split('/').slice(0, -1), title: path.split('/').at(-1) as string }));

/** Modules and members as indented lines. */
function outline({ groups, places }: Tree, group = 0, indent = ''): string[] {
  const inside = groups.flatMap(({ title, parent }, index) =>
    parent === group ? [`${indent}${title}`, ...outline({ groups, places }, index, `${indent}  `)] : [],
  );
  return [...inside, ...places.filter((place) => place.group === group).map(({ title }) => `${indent}${title}`)];
}

/** How many parts each module has. */
const sizes = ({ groups, places }: Tree): number[] =>
  groups.map(
    (_, index) =>
      groups.filter(({ parent }) => parent === index).length + places.filter(({ group }) => group === index).length,
  );

/** True if the parts of some module follow each other in a circle. */
function goesInCircles({ groups, places }: Tree, next: readonly (readonly number[])[]): boolean {
  const chainOf = (member: number): string[] => {
    const ids = [`n${member}`];
    for (let group = places[member].group; group >= 0; group = groups[group].parent) ids.unshift(`g${group}`);
    return ids;
  };
  const links = new Map<string, Set<string>>();
  next.forEach((followers, member) => {
    for (const follower of followers) {
      const [a, b] = [chainOf(member), chainOf(follower)];
      const parted = a.findIndex((id, index) => id !== b[index]);
      links.set(a[parted], (links.get(a[parted]) ?? new Set()).add(b[parted]));
    }
  });
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string): boolean => {
    if (state.has(id)) return state.get(id) === 'open';
    state.set(id, 'open');
    const found = [...(links.get(id) ?? [])].some(visit);
    state.set(id, 'done');
    return found;
  };
  return [...links.keys()].some(visit);
}

describe('the modules of a network', () => {
  it('are those that names tell; one with a single member is that member', () => {
    const members = named(
      'stem/conv/Conv',
      'layer1/0/conv/Conv',
      'layer1/0/relu/Relu',
      'layer1/1/conv/Conv',
      'fc/Gemm',
    );
    expect(outline(treeOf(members, chain(5)))).toEqual([
      'layer1',
      '  layer1.0',
      '    conv',
      '    relu',
      '  layer1.1',
      'stem',
      'fc',
    ]);
  });

  it('join where nothing else is in one than the other, and a name around everything is left out', () => {
    const members = named('model/encoder/layers/0/a/A', 'model/encoder/layers/0/b/B', 'model/encoder/layers/1/a/A');
    expect(outline(treeOf(members, chain(3)))).toEqual(['layers.0', '  a', '  b', 'layers.1']);
    const two = named('model/encoder/layers/0/a/A', 'model/encoder/layers/0/b/B', 'model/head/A', 'model/head/B');
    expect(outline(treeOf(two, chain(4)))).toEqual(['encoder.layers.0', '  a', '  b', 'head', '  A', '  B']);
  });

  it('carry the class of the module', () => {
    const members = named('a/x/X', 'a/y/Y', 'b/z/Z').map((member) => ({
      ...member,
      classes: ['Net', 'Block', 'Conv'],
    }));
    expect(treeOf(members, chain(3)).groups[1]).toEqual({ title: 'a', parent: 0, className: 'Block' });
  });

  it('that are used in several places are drawn at each, as far as the model would go in circles otherwise', () => {
    const members = named('one/conv/C', 'one/norm/N', 'pool/P', 'two/conv/C', 'two/norm/N', 'pool/P', 'three/C');
    const tree = treeOf(members, chain(7));
    expect(outline(tree)).toEqual([
      'one',
      '  conv',
      '  norm',
      'two',
      '  conv',
      '  norm',
      'pool · 1',
      'pool · 2',
      'three',
    ]);
    expect(goesInCircles(tree, chain(7))).toBe(false);
    // Two towers of one encoder are no circle.
    const towers = named('encoder/a/A', 'encoder/b/B', 'encoder/a/A', 'encoder/b/B', 'join/J');
    expect(outline(treeOf(towers, [[1], [4], [3], [4], []]))).toContain('encoder');
  });

  it('may be called alike, and after each other', () => {
    const members = named('a/b/a/b/X', 'a/b/a/b/Y', 'a/b/X', 'b/a/X', 'b/a/Y');
    const tree = treeOf(members, chain(5));
    expect(sizes(tree).reduce((sum, size) => sum + size, 0)).toBe(tree.groups.length - 1 + members.length);
  });

  it('shows where relevance sets out and ends by itself, whatever is between in stretches', () => {
    const between = Array.from({ length: 80 }, (_, index): Member => ({ path: [], title: `op ${index}` }));
    const members: Member[] = [
      { path: [], title: 'tokens', outside: true },
      ...between,
      { path: [], title: 'praise', outside: true },
    ];
    const { groups, places } = treeOf(members, chain(members.length));
    expect(places[0]).toEqual({ group: 0, title: 'tokens' });
    expect(places.at(-1)).toEqual({ group: 0, title: 'praise' });
    expect(groups.length).toBeGreaterThan(2);
    expect(places.slice(1, -1).every(({ group }) => group > 0)).toBe(true);
  });

  it('of 10 000 nodes without names show no more than 30 parts at once, and go in no circles', () => {
    const count = 10_000;
    const next = chain(count).map((followers, index) => (index % 7 === 0 ? [...followers, index + 5] : followers));
    const bounded = next.map((followers) => followers.filter((follower) => follower < count));
    const tree = treeOf(
      bounded.map((_, index) => ({ path: [], title: `op ${index}` })),
      bounded,
    );
    expect(tree.places.filter(Boolean)).toHaveLength(count);
    const parts = tree.groups.map(() => 0);
    for (const { parent } of tree.groups) if (parent >= 0) parts[parent]++;
    for (const { group } of tree.places) parts[group]++;
    expect(Math.max(...parts)).toBeLessThanOrEqual(30);
    // Every third cut and its neighbours have a connection less across them.
    const first = tree.groups.findIndex(({ parent }) => parent === 0);
    expect(tree.groups[first].title).toMatch(/^op 0 … op \d+$/);
  });

  it('of 10 000 nodes in deep or single-file folders are found in bounded work', () => {
    const deep = Array.from({ length: 10_000 }, (_, index) => ({
      path: Array.from({ length: 400 }, (_, depth) => `${depth % 3}${depth > 6 ? index : ''}`),
      title: 'x',
    }));
    const tree = treeOf(deep, chain(deep.length));
    expect(tree.places.filter(Boolean)).toHaveLength(deep.length);
  });

  it('cut a long list where few connections cross', () => {
    // Blocks of 10 with a connection past each of their members.
    const next = Array.from({ length: 60 }, (_, index) => {
      const end = Math.floor(index / 10) * 10 + 9;
      return [...(index + 1 < 60 ? [index + 1] : []), ...(index + 1 < end ? [end] : [])];
    });
    const tree = treeOf(
      next.map((_, index) => ({ path: [], title: `${index}` })),
      next,
    );
    for (const { title, parent } of tree.groups.slice(1)) {
      if (parent !== 0) continue;
      const [from, to] = title.split(' … ').map(Number);
      expect(from % 10).toBe(0);
      expect(to % 10).toBe(9);
    }
  });

  it('hold every node once, whatever the names and connections', () => {
    const member = fc.record({
      path: fc.array(fc.constantFrom('a', 'b', '0', '1', 'a.b'), { maxLength: 4 }),
      title: fc.constant('x'),
    });
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 60 }), fc.infiniteStream(fc.nat()), (members, stream) => {
        const draw = stream[Symbol.iterator]();
        const next = members.map((_, index) =>
          [...new Set([1, 2, 3].map(() => index + 1 + ((draw.next().value as number) % 9)))].filter(
            (follower) => follower < members.length,
          ),
        );
        const tree = treeOf(members, next);
        expect(tree.places.filter(Boolean)).toHaveLength(members.length);
        tree.groups.slice(1).forEach(({ parent }, index) => {
          expect(parent).toBeLessThanOrEqual(index);
        });
        expect(Math.max(...sizes(tree))).toBeLessThanOrEqual(30);
        if (members.every(({ path }) => path.length === 0)) expect(goesInCircles(tree, next)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
