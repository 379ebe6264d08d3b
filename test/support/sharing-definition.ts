import { int, ints } from '../../src/graph/attributes';
import type { Builder } from '../../src/graph/builder';
import { float32 } from '../../src/graph/tensor';
import type { Draw } from './property';
import type { Random } from './random';

/** Sharing ratios by their definition, path by path in float64. */

export type Map3 = { readonly c: number; readonly h: number; readonly w: number; readonly data: Float64Array };
export interface Conv {
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
  readonly groups: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}
export interface Pool {
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

export const at = (m: Map3, y: number, x: number): Float64Array =>
  Float64Array.from({ length: m.c }, (_, c) => m.data[(c * m.h + y) * m.w + x]);
export const count = (size: number, kernel: number, stride: number, pad: number, dilation = 1): number =>
  Math.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;

/** The pooled vectors, each as the parts that its window's positions contribute. */
export function poolParts(
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
export function convPaths(
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

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

/** Σ_j μ_{i→j} R_j for one branch, z given: bias shared by the norms of the paths. */
export function share(
  paths: Path[][],
  z: Float64Array[],
  bias: Float64Array,
  relevance: number[],
  sources: number,
): number[] {
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

export const sums = (paths: Path[][], bias: Float64Array): Float64Array[] =>
  paths.map((list) => bias.map((b, o) => list.reduce((sum, { vector }) => sum + vector[o], b)));

export const relu = (vectors: Float64Array[], h: number, w: number): Map3 => {
  const c = vectors[0].length;
  const data = new Float64Array(c * h * w);
  vectors.forEach((vector, j) => {
    for (let k = 0; k < c; k++) data[k * h * w + j] = Math.max(0, vector[k]);
  });
  return { c, h, w, data };
};

export function drawConv(
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

/** The convolution as a node behind `x`. */
export function addConv(b: Builder, x: string, c: Conv): string {
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
}

/** The pool as a node behind `x`; x itself without one. */
export function addPool(b: Builder, x: string, pool: Pool | null): string {
  if (!pool) return x;
  return b.op(pool.kind, [x], {
    kernel_shape: ints([pool.kernel, pool.kernel]),
    strides: ints([pool.stride, pool.stride]),
    pads: ints([pool.pad, pool.pad, pool.pad, pool.pad]),
  });
}

const POOLS = [
  { kernel: 2, stride: 2, pad: 0 },
  { kernel: 3, stride: 2, pad: 1 },
  { kernel: 3, stride: 1, pad: 1 },
] as const;

export const drawPool = (draw: Draw): Pool | null =>
  draw.flag() ? { kind: draw.pick(['MaxPool', 'AveragePool'] as const), ...draw.pick(POOLS) } : null;
