import { describe, expect } from 'vitest';
import { Builder, blankGraph } from '../../../src/graph/builder';
import type { Graph } from '../../../src/graph/ir';
import type { NdArray } from '../../../src/graph/ndarray';
import { srd } from '../../../src/methods/srd';
import { type Draw, property } from '../../support/property';
import { testRuntime } from '../../support/runtime';
import { classScore, relativeToMaximum, SRD_DEFAULTS } from '../../support/sharing';
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
  poolParts,
  relu,
  share,
  sums,
} from '../../support/sharing-definition';

/**
 * Sharing ratios by their definition, path by path in float64, for drawn networks
 * conv → ReLU → [pool] → conv [+ skip] → ReLU → mean → linear.
 */

interface Net {
  readonly size: readonly [number, number];
  readonly image: Float64Array;
  readonly first: Conv;
  readonly pool: Pool | null;
  readonly second: Conv;
  readonly skip: boolean;
  readonly head: Float64Array;
  readonly headBias: number;
}

/** The class map and the map of the first ReLU, by definition. */
function byDefinition(net: Net): { readonly image: number[]; readonly hidden: number[] } {
  const [h, w] = net.size;
  const x: Map3 = { c: 3, h, w, data: net.image };
  const one = convPaths(x, null, net.first);
  const z1 = sums(one.paths, net.first.bias);
  const hidden = relu(z1, one.h, one.w);
  const two = convPaths(hidden, net.pool, net.second);
  const branch = sums(two.paths, net.second.bias);
  const pooled = poolParts(hidden, net.pool);
  const z2 = branch.map((vector, j) => {
    if (!net.skip) return vector;
    const parts = pooled.parts(Math.floor(j / two.w), j % two.w);
    return vector.map((v, c) => parts.reduce((sum, part) => sum + part.vector[c], v));
  });
  const last = relu(z2, two.h, two.w);
  const n = two.h * two.w;
  const start = Array.from(
    { length: n },
    (_, j) => (dot(net.head, at(last, Math.floor(j / two.w), j % two.w)) + net.headBias) / n,
  );
  const main = share(two.paths, z2, net.second.bias, start, hidden.h * hidden.w);
  if (net.skip) {
    z2.forEach((z, j) => {
      for (const { source, vector } of pooled.parts(Math.floor(j / two.w), j % two.w)) {
        const squared = dot(z, z);
        if (squared > 0) main[source] += (dot(vector, z) / squared) * start[j];
      }
    });
  }
  return { image: share(one.paths, z1, net.first.bias, main, h * w), hidden: main };
}

/** A network whose maps are not empty; undefined otherwise. */
function drawNet(draw: Draw): Net | undefined {
  const values = draw.values();
  const size = [draw.integer(9, 14), draw.integer(9, 14)] as const;
  const channels = draw.pick([2, 4, 6]);
  const first = drawConv(draw, values, 3, channels, [1, 3, 4], [1, 2]);
  const pool = drawPool(draw);
  const skip = draw.flag(3);
  const plain = drawConv(draw, values, channels, skip ? channels : draw.pick([2, 4]), [1, 3], skip ? [1] : [1, 2]);
  const second = skip ? { ...plain, pad: (plain.dilation * (plain.kernel - 1)) / 2 } : plain;
  const shrink = (dim: number): number => {
    const hidden = count(dim, first.kernel, first.stride, first.pad, first.dilation);
    const pooled = pool ? count(hidden, pool.kernel, pool.stride, pool.pad) : hidden;
    return count(pooled, second.kernel, second.stride, second.pad, second.dilation);
  };
  if (size.some((dim) => shrink(dim) < 1)) return undefined;
  return {
    size,
    image: Float64Array.from(values.distinct([3, ...size], -1, 1).data),
    first,
    pool,
    second,
    skip,
    head: Float64Array.from(values.array([second.out]).data),
    headBias: values.uniform(-1, 1),
  };
}

function asGraph(net: Net): { readonly graph: Graph; readonly hidden: string } {
  const b = new Builder(blankGraph('drawn'));
  const image = b.input('image', 'float32', [1, 3, ...net.size]);
  const hidden = b.op('Relu', [addConv(b, image, net.first)]);
  const pooled = addPool(b, hidden, net.pool);
  const main = addConv(b, pooled, net.second);
  const last = b.op('Relu', [net.skip ? b.add(main, pooled) : main]);
  const mean = b.reshape(b.op('GlobalAveragePool', [last]), [1, net.second.out]);
  const logits = b.op('Gemm', [
    mean,
    b.floats(Float32Array.from(net.head), [net.second.out, 1]),
    b.floats([net.headBias]),
  ]);
  b.setOutputs([logits]);
  return { graph: b.graph(), hidden };
}

describe('sharing ratios of drawn networks', () => {
  const check = async (net: Net): Promise<void> => {
    const { graph, hidden } = asGraph(net);
    const output = graph.outputs[0].name;
    const feeds = new Map<string, NdArray>([
      ['image', { dtype: 'float32', shape: [1, 3, ...net.size], data: Float32Array.from(net.image) }],
    ]);
    const subject = { graph, feeds, input: 'image', output, score: classScore(graph, output, 0) };
    const runtime = testRuntime();
    const expected = byDefinition(net);
    const image = await srd.explain(subject, SRD_DEFAULTS, runtime);
    expect(relativeToMaximum(image.map.data, expected.image)).toBeLessThanOrEqual(1e-4);
    const inner = await srd.explain({ ...subject, at: hidden }, SRD_DEFAULTS, runtime);
    expect(relativeToMaximum(inner.map.data, expected.hidden)).toBeLessThanOrEqual(1e-4);
  };
  property('agree with their definition', drawNet, check, 40);
});
