import { describe, expect } from 'vitest';
import { int, ints } from '../../../src/graph/attributes';
import { Builder } from '../../../src/graph/builder';
import { type Graph, TARGET_OPSET } from '../../../src/graph/ir';
import type { NdArray } from '../../../src/graph/ndarray';
import { float32 } from '../../../src/graph/tensor';
import { srd } from '../../../src/methods/srd';
import { type Draw, property } from '../../support/property';
import type { Random } from '../../support/random';
import { testRuntime } from '../../support/runtime';
import { classScore, relativeToMaximum, SRD_DEFAULTS } from '../../support/sharing';

/**
 * Sharing ratios by their definition, path by path in float64, for drawn networks
 * conv → ReLU → [pool] → conv [+ skip] → ReLU → mean → linear.
 */

type Map3 = { readonly c: number; readonly h: number; readonly w: number; readonly data: Float64Array };
interface Conv {
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
  readonly groups: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}
interface Pool {
  readonly kind: 'MaxPool' | 'AveragePool';
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}
/** What one source hands to one target along one path. */
interface Path {
  readonly source: number;
  readonly vector: Float64Array;
}

const at = (m: Map3, y: number, x: number): Float64Array =>
  Float64Array.from({ length: m.c }, (_, c) => m.data[(c * m.h + y) * m.w + x]);
const count = (size: number, kernel: number, stride: number, pad: number, dilation = 1): number =>
  Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;

/** The pooled vectors, each as the parts that its window's positions contribute. */
function poolParts(
  m: Map3,
  pool: Pool | null,
): { readonly h: number; readonly w: number; readonly parts: (y: number, x: number) => Path[] } {
  if (!pool) return { h: m.h, w: m.w, parts: (y, x) => [{ source: y * m.w + x, vector: at(m, y, x) }] };
  const h = count(m.h, pool.kernel, pool.stride, pool.pad);
  const w = count(m.w, pool.kernel, pool.stride, pool.pad);
  const parts = (py: number, px: number): Path[] => {
    const inside: Path[] = [];
    for (let a = 0; a < pool.kernel; a++) {
      for (let b = 0; b < pool.kernel; b++) {
        const y = py * pool.stride - pool.pad + a;
        const x = px * pool.stride - pool.pad + b;
        if (y >= 0 && x >= 0 && y < m.h && x < m.w) inside.push({ source: y * m.w + x, vector: at(m, y, x) });
      }
    }
    if (pool.kind === 'AveragePool')
      return inside.map(({ source, vector }) => ({ source, vector: vector.map((v) => v / inside.length) }));
    const winner = Array.from({ length: m.c }, (_, c) => {
      const best = Math.max(...inside.map(({ vector }) => vector[c]));
      return inside.findIndex(({ vector }) => vector[c] === best);
    });
    return inside.map(({ source, vector }, i) => ({ source, vector: vector.map((v, c) => (winner[c] === i ? v : 0)) }));
  };
  return { h, w, parts };
}

/** Every path into every target of a convolution behind an optional pool, with what arrives along it. */
function convPaths(
  m: Map3,
  pool: Pool | null,
  conv: Conv,
): { readonly h: number; readonly w: number; readonly paths: Path[][] } {
  const pooled = poolParts(m, pool);
  const h = count(pooled.h, conv.kernel, conv.stride, conv.pad, conv.dilation);
  const w = count(pooled.w, conv.kernel, conv.stride, conv.pad, conv.dilation);
  const inGroup = m.c / conv.groups;
  const outGroup = conv.out / conv.groups;
  const paths: Path[][] = [];
  for (let j = 0; j < h * w; j++) {
    const list: Path[] = [];
    for (let ky = 0; ky < conv.kernel; ky++) {
      for (let kx = 0; kx < conv.kernel; kx++) {
        const y = Math.floor(j / w) * conv.stride - conv.pad + ky * conv.dilation;
        const x = (j % w) * conv.stride - conv.pad + kx * conv.dilation;
        if (y < 0 || x < 0 || y >= pooled.h || x >= pooled.w) continue;
        for (const { source, vector } of pooled.parts(y, x)) {
          const u = new Float64Array(conv.out);
          for (let o = 0; o < conv.out; o++) {
            for (let i = 0; i < inGroup; i++) {
              const weight = conv.weight[((o * inGroup + i) * conv.kernel + ky) * conv.kernel + kx];
              u[o] += weight * vector[Math.floor(o / outGroup) * inGroup + i];
            }
          }
          list.push({ source, vector: u });
        }
      }
    }
    paths.push(list);
  }
  return { h, w, paths };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

/** Σ_j μ_{i→j} R_j for one branch, z given: bias shared by the norms of the paths. */
function share(paths: Path[][], z: Float64Array[], bias: Float64Array, relevance: number[], sources: number): number[] {
  const out = new Array<number>(sources).fill(0);
  paths.forEach((list, j) => {
    const norms = list.map(({ vector }) => Math.sqrt(dot(vector, vector)));
    const total = norms.reduce((sum, n) => sum + n, 0);
    const squared = dot(z[j], z[j]);
    if (total === 0 || squared === 0) return;
    list.forEach(({ source, vector }, i) => {
      out[source] += ((dot(vector, z[j]) + (norms[i] / total) * dot(bias, z[j])) / squared) * relevance[j];
    });
  });
  return out;
}

const sums = (paths: Path[][], bias: Float64Array): Float64Array[] =>
  paths.map((list) => bias.map((b, o) => list.reduce((sum, { vector }) => sum + vector[o], b)));

const relu = (vectors: Float64Array[], h: number, w: number): Map3 => {
  const c = vectors[0].length;
  const data = new Float64Array(c * h * w);
  vectors.forEach((vector, j) => {
    for (let k = 0; k < c; k++) data[k * h * w + j] = Math.max(0, vector[k]);
  });
  return { c, h, w, data };
};

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

function drawConv(
  draw: Draw,
  values: Random,
  inputs: number,
  out: number,
  kernels: readonly number[],
  strides: readonly number[],
): Conv {
  const kernel = draw.pick(kernels);
  const groups = inputs % 2 === 0 && out % 2 === 0 && draw.flag(3) ? draw.pick([2, inputs === out ? inputs : 2]) : 1;
  const dilation = kernel > 1 && draw.flag(4) ? 2 : 1;
  return {
    out,
    kernel,
    stride: draw.pick(strides),
    pad: draw.integer(0, Math.floor((dilation * (kernel - 1)) / 2)),
    dilation,
    groups,
    weight: Float64Array.from(values.array([out * (inputs / groups) * kernel * kernel]).data),
    bias: Float64Array.from(values.array([out], -0.5, 0.5).data),
  };
}

/** A network whose maps are not empty; undefined otherwise. */
function drawNet(draw: Draw): Net | undefined {
  const values = draw.values();
  const size = [draw.integer(9, 14), draw.integer(9, 14)] as const;
  const channels = draw.pick([2, 4, 6]);
  const first = drawConv(draw, values, 3, channels, [1, 3, 4], [1, 2]);
  const pool: Pool | null = draw.flag()
    ? {
        kind: draw.pick(['MaxPool', 'AveragePool'] as const),
        ...draw.pick([
          { kernel: 2, stride: 2, pad: 0 },
          { kernel: 3, stride: 2, pad: 1 },
          { kernel: 3, stride: 1, pad: 1 },
        ]),
      }
    : null;
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
  const empty: Graph = {
    name: 'drawn',
    opsets: { '': TARGET_OPSET },
    inputs: [],
    outputs: [],
    initializers: new Map(),
    nodes: [],
    types: new Map(),
    metadata: {},
  };
  const b = new Builder(empty);
  const image = b.input('image', 'float32', [1, 3, ...net.size]);
  const conv = (x: string, c: Conv): string => {
    const weight = b.constant(
      float32(Float32Array.from(c.weight), [c.out, b.shape(x)[1] / c.groups, c.kernel, c.kernel]),
    );
    const attributes = {
      strides: ints([c.stride, c.stride]),
      dilations: ints([c.dilation, c.dilation]),
      pads: ints([c.pad, c.pad, c.pad, c.pad]),
      group: int(c.groups),
    };
    return b.op('Conv', [x, weight, b.floats(Float32Array.from(c.bias))], attributes);
  };
  const hidden = b.op('Relu', [conv(image, net.first)]);
  const { pool } = net;
  const pooled = pool
    ? b.op(pool.kind, [hidden], {
        kernel_shape: ints([pool.kernel, pool.kernel]),
        strides: ints([pool.stride, pool.stride]),
        pads: ints([pool.pad, pool.pad, pool.pad, pool.pad]),
      })
    : hidden;
  const main = conv(pooled, net.second);
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
