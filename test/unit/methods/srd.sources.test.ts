import { describe, expect, it } from 'vitest';
import { int } from '../../../src/graph/attributes';
import { Builder, blankGraph } from '../../../src/graph/builder';
import type { Graph } from '../../../src/graph/ir';
import type { NdArray } from '../../../src/graph/ndarray';
import type { PfvSources } from '../../../src/methods/method';
import { openSharing } from '../../../src/methods/sharing-ratio/explanation';
import { type Draw, property } from '../../support/property';
import { testRuntime } from '../../support/runtime';
import {
  addConv,
  addPool,
  at,
  type Conv,
  convPaths,
  count,
  dot,
  drawConv,
  drawPool,
  type Map3,
  type Pool,
  relu,
  share,
  sums,
} from '../../support/sharing-definition';

/**
 * What a PFV is made of, by the definition of the sharing ratio in float64, for drawn networks
 * image → conv → ReLU → [pool] → conv → ReLU = B, M = ReLU(conv(B)), and then ReLU(conv(M) + B) or ReLU(conv([B, M])).
 */

type Join = 'residual' | 'concat';

interface Net {
  readonly size: readonly [number, number];
  readonly image: Float64Array;
  readonly first: Conv;
  readonly pool: Pool | null;
  readonly second: Conv;
  readonly third: Conv;
  readonly fourth: Conv;
  readonly join: Join;
}

/** What is known of a layer by definition: of one of its PFVs, the shares of those before, by layer. */
interface Layer {
  readonly map: Map3;
  readonly sources: (j: number) => ReadonlyMap<string, readonly number[]>;
}

const size = ({ h, w }: Map3): number => h * w;
const vector = (m: Map3, j: number): Float64Array => at(m, Math.floor(j / m.w), j % m.w);

/** The layers by the names that {@link asGraph} gives them. */
function byDefinition(net: Net): Record<'a' | 'b' | 'm' | 'cat' | 'c', Layer | undefined> {
  const [h, w] = net.size;
  const image: Map3 = { c: 3, h, w, data: net.image };
  const step = (from: string, x: Map3, pool: Pool | null, conv: Conv): Layer => {
    const { h: height, w: width, paths } = convPaths(x, pool, conv);
    const z = sums(paths, conv.bias);
    const map = relu(z, height, width);
    return { map, sources: (j) => new Map([[from, ratios(paths, z, conv.bias, size(x), j)]]) };
  };
  /** Only target j has relevance, and it is 1. */
  const ratios = (
    paths: ReturnType<typeof convPaths>['paths'],
    z: Float64Array[],
    bias: Float64Array,
    sources: number,
    j: number,
  ): number[] =>
    share(
      paths,
      z,
      bias,
      z.map((_, target) => Number(target === j)),
      sources,
    );
  const a = step('image', image, null, net.first);
  const b = step('a', a.map, net.pool, net.second);
  const m = step('b', b.map, null, net.third);
  if (net.join === 'concat') {
    const data = Float64Array.from([...b.map.data, ...m.map.data]);
    const map: Map3 = { ...b.map, c: b.map.c + m.map.c, data };
    const only = (j: number, value: number): number[] =>
      Array.from({ length: size(map) }, (_, i) => (i === j ? value : 0));
    const cat: Layer = {
      map,
      sources: (j) => {
        const [ofB, ofM] = [b, m].map((part) => dot(vector(part.map, j), vector(part.map, j)));
        const all = ofB + ofM;
        return new Map(
          all === 0
            ? []
            : [
                ['b', only(j, ofB / all)],
                ['m', only(j, ofM / all)],
              ],
        );
      },
    };
    return { a, b, m, cat, c: step('cat', map, null, net.fourth) };
  }
  const { h: height, w: width, paths } = convPaths(m.map, null, net.fourth);
  const z = sums(paths, net.fourth.bias).map((branch, j) => branch.map((v, c) => v + vector(b.map, j)[c]));
  const c: Layer = {
    map: relu(z, height, width),
    sources: (j) => {
      const squared = dot(z[j], z[j]);
      const skip = Array.from({ length: size(b.map) }, (_, i) =>
        i === j && squared > 0 ? dot(vector(b.map, j), z[j]) / squared : 0,
      );
      return new Map([
        ['m', ratios(paths, z, net.fourth.bias, size(m.map), j)],
        ['b', skip],
      ]);
    },
  };
  return { a, b, m, cat: undefined, c };
}

const same = (conv: Conv): Conv => ({ ...conv, pad: (conv.dilation * (conv.kernel - 1)) / 2 });

function drawNet(draw: Draw): Net | undefined {
  const values = draw.values();
  const size = [draw.integer(9, 13), draw.integer(9, 13)] as const;
  const channels = draw.pick([2, 4, 6]);
  const first = drawConv(draw, values, 3, channels, [1, 3, 4], [1, 2]);
  const pool = drawPool(draw);
  const second = drawConv(draw, values, channels, 4, [3], [1, 2]);
  const third = same(drawConv(draw, values, 4, 4, [1, 3], [1]));
  const join: Join = draw.pick(['residual', 'concat'] as const);
  const fourth = same(drawConv(draw, values, join === 'concat' ? 8 : 4, 4, [3], [1]));
  const shrink = (dim: number): number => {
    const hidden = count(dim, first.kernel, first.stride, first.pad, first.dilation);
    const pooled = pool ? count(hidden, pool.kernel, pool.stride, pool.pad) : hidden;
    return count(pooled, second.kernel, second.stride, second.pad, second.dilation);
  };
  if (size.some((dim) => shrink(dim) < 2)) return undefined;
  const image = Float64Array.from(values.distinct([3, ...size], -1, 1).data);
  return { size, image, first, pool, second, third, fourth, join };
}

/** The network as a graph, and the names of its layers' values. */
function asGraph(net: Net): { readonly graph: Graph; readonly names: ReadonlyMap<string, string> } {
  const b = new Builder(blankGraph('drawn'));
  const image = b.input('image', 'float32', [1, 3, ...net.size]);
  const act = (x: string): string => b.op('Relu', [x]);
  const first = act(addConv(b, image, net.first));
  const second = act(addConv(b, addPool(b, first, net.pool), net.second));
  const third = act(addConv(b, second, net.third));
  const cat = net.join === 'concat' ? b.op('Concat', [second, third], { axis: int(1) }) : undefined;
  const last = act(cat ? addConv(b, cat, net.fourth) : b.add(addConv(b, third, net.fourth), second));
  const names = [
    ['image', image],
    ['a', first],
    ['b', second],
    ['m', third],
    ['c', last],
    ...(cat ? [['cat', cat]] : []),
  ];
  b.setOutputs([b.reshape(b.op('GlobalAveragePool', [last]), [1, 4])]);
  return { graph: b.graph(), names: new Map(names as [string, string][]) };
}

const options = { head: 'auto', classToken: 'directed', official: false } as const;

function open(graph: Graph, image: Float64Array, size: readonly [number, number]) {
  const feeds = new Map<string, NdArray>([
    ['image', { dtype: 'float32', shape: [1, 3, ...size], data: Float32Array.from(image) }],
  ]);
  return openSharing({ graph, feeds, input: 'image' }, graph.outputs[0].name, options, testRuntime({ keep: true }));
}

const total = ({ shares }: PfvSources): number =>
  [...shares.values()].reduce((sum, { data }) => sum + data.reduce((part, x) => part + x, 0), 0);

describe('what a PFV is made of, in drawn networks', () => {
  const check = async (net: Net): Promise<void> => {
    const { graph, names } = asGraph(net);
    const explanation = await open(graph, net.image, net.size);
    const layers = byDefinition(net);
    for (const [name, layer] of Object.entries(layers)) {
      if (!layer) continue;
      const { map, sources } = layer;
      for (const j of new Set([0, size(map) >> 1, size(map) - 1])) {
        const expected = sources(j);
        const found = await explanation.sources(names.get(name) as string, [Math.floor(j / map.w), j % map.w]);
        const present = [...expected]
          .filter(([, shares]) => shares.some((x) => x !== 0))
          .map(([from]) => names.get(from));
        expect([...found.shares.keys()].sort()).toEqual(present.sort());
        const all = [...expected.values()].flat();
        const largest = Math.max(...all.map(Math.abs));
        for (const [from, shares] of expected) {
          const data = found.shares.get(names.get(from) as string)?.data ?? [];
          for (const [i, x] of data.entries()) expect(Math.abs(x - shares[i])).toBeLessThanOrEqual(1e-4 * largest);
        }
        const kept = 1 - all.reduce((sum, x) => sum + x, 0);
        expect(found.kept).toBeCloseTo(kept, 4);
        expect(total(found) + found.kept).toBeCloseTo(1, 4);
      }
    }
  };
  property('are the shares of the definition, layer by layer', drawNet, check, 12);
});

describe('a PFV whose sources are all zero', () => {
  it('keeps all of itself: the bias made it', async () => {
    const b = new Builder(blankGraph('dark'));
    const image = b.input('image', 'float32', [1, 3, 4, 4]);
    const weight = b.floats(new Float32Array(2 * 3 * 9).fill(0.5), [2, 3, 3, 3]);
    const lit = b.op('Relu', [b.op('Conv', [image, weight, b.floats([1, 2])])]);
    b.setOutputs([b.reshape(b.op('GlobalAveragePool', [lit]), [1, 2])]);
    const explanation = await open(b.graph(), new Float64Array(48), [4, 4]);
    const { shares, kept } = await explanation.sources(lit, [0, 1]);
    expect(shares.size).toBe(0);
    expect(kept).toBe(1);
  });
});
