import { describe, expect, it } from 'vitest';
import { alignLayers } from '../../../../src/engine/divergence/align';
import type { LayerInfo } from '../../../../src/protocol';

const layer = (id: string, shape: readonly number[] = [1, 4, 8, 8], op = 'Relu'): LayerInfo => ({
  id,
  title: id,
  op,
  shape,
  width: 8,
  height: 8,
});
const layers = (names: string): LayerInfo[] => names.split(' ').map((name) => layer(name));

describe('layers of two models', () => {
  it.each([
    ['of one architecture pair by name', 'a b c', 'a b c', ['a a', 'b b', 'c c']],
    ['that only one has stand alone', 'a b c d', 'a c d', ['a a', 'c c', 'd d']],
    ['that are named otherwise pair by their order', 'a x c', 'a y c', ['a a', 'x y', 'c c']],
  ])('%s', (_what, first, second, expected) => {
    const [a, b] = [layers(first), layers(second)];
    const found = alignLayers(a, b).map(([i, j]) => `${a[i].id} ${b[j].id}`);
    expect(found).toEqual(expected);
  });

  it('do not cross', () => {
    const a = layers('a b');
    expect(alignLayers(a, [...a].reverse())).toHaveLength(1);
  });

  it('of other shapes never pair, whatever their names', () => {
    const [a, b] = [
      [layer('a'), layer('b')],
      [layer('a', [1, 4, 4, 4]), layer('b')],
    ];
    expect(alignLayers(a, b)).toEqual([[1, 1]]);
  });

  it('prefer the same operator where names say nothing', () => {
    const a = [layer('x', undefined, 'Conv')];
    const b = [layer('p', undefined, 'Relu'), layer('q', undefined, 'Conv'), layer('r', undefined, 'Relu')];
    expect(alignLayers(a, b)).toEqual([[0, 1]]);
  });
});
