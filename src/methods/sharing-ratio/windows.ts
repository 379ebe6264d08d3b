import { getInts, int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { complement, type Flow, type Ledger, own } from './flow';
import {
  fold,
  gatherRows,
  groupsOf,
  isPointwise,
  offsetCount,
  pathSources,
  sourceCount,
  targetCount,
  type Windows,
  windowsOf,
} from './paths';

/**
 * Sharing through convolutions and pools. Vectors stand as rows (channels last) so that one matrix product gives what
 * every source contributes to every target:
 *
 *   u = W·v per path     D = ⟨u, z⟩     n = ‖u‖     μ = (D + n·⟨b, z⟩/Σn) / ‖z‖²
 *
 * A pool is no stop: its windows compose with those of the convolution behind it (Han et al., ICLR 2024).
 */

/** Source vectors of a convolution: one plane [A, positions, channels] per offset of the pool in front, A = 1 without. */
interface Sources {
  readonly rows: string;
  readonly planes: number;
  readonly pool?: { readonly windows: Windows; readonly input: string };
}

const isPool = (node: Node | undefined): node is Node => node?.op === 'MaxPool' || node?.op === 'AveragePool';

/** [1, C, ...spatial] → [positions, C]. */
function rowsOf(b: Builder, value: string): string {
  const [, channels, ...spatial] = b.shape(value);
  const flat = b.reshape(value, [channels, spatial.reduce((total, dim) => total * dim, 1)]);
  return b.transpose(flat, [1, 0]);
}

/** [positions, C] → [1, C, ...spatial]. */
function mapOf(b: Builder, rows: string, shape: readonly number[]): string {
  return b.reshape(b.transpose(rows, [1, 0]), shape);
}

function withRow(b: Builder, rows: string, filler: number): string {
  const rank = b.rank(rows);
  const row = b.shape(rows).map((dim, axis) => (axis === rank - 2 ? 1 : dim));
  return b.op('Concat', [rows, b.expand(b.float(filler), row)], { axis: int(rank - 2) });
}

export function poolWindows(b: Builder, node: Node): Windows {
  const kernel = getInts(node, 'kernel_shape') as readonly number[];
  return windowsOf(node, b.shape(node.inputs[0]).slice(2), b.shape(node.outputs[0]).slice(2), kernel);
}

/** What each offset of a pool's window contributes to the pooled vectors: [offsets, positions, C]. */
function poolPlanes(b: Builder, node: Node, windows: Windows): string {
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const index = pathSources(windows);
  const rows = rowsOf(b, node.inputs[0]);
  if (node.op === 'AveragePool') {
    const gathered = gatherRows(b, withRow(b, rows, 0), index, [offsets, targets]);
    return b.mul(gathered, b.floats(averageWeights(node, windows, index), [1, targets, 1]));
  }
  const gathered = gatherRows(b, withRow(b, rows, -3.4e38), index, [offsets, targets]);
  // The first maximum of the window wins, as in the forward pass.
  const winner = b.op('ArgMax', [gathered], { axis: int(0), keepdims: int(1) });
  const offset = b.ints(
    Array.from({ length: offsets }, (_, o) => o),
    [offsets, 1, 1],
  );
  return b.op('Where', [b.op('Equal', [winner, offset]), gathered, b.float(0)]);
}

/** One over the number of values averaged, per target. */
function averageWeights(node: Node, windows: Windows, index: Int32Array): Float32Array {
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const outside = sourceCount(windows);
  const weights = new Float32Array(targets);
  const whole = node.attributes.count_include_pad?.value === 1;
  const padded = whole ? paddedCounts(node, windows) : undefined;
  for (let j = 0; j < targets; j++) {
    let inside = 0;
    for (let o = 0; o < offsets; o++) if (index[o * targets + j] < outside) inside++;
    weights[j] = 1 / (padded?.[j] ?? inside);
  }
  return weights;
}

/** Positions of each window inside the padded input: what count_include_pad divides by (less behind ceil_mode's edge). */
function paddedCounts(node: Node, { input, output, kernel, strides, dilations, begin }: Windows): number[] {
  const pads = getInts(node, 'pads');
  const perAxis = kernel.map((k, axis) => {
    const limit = input[axis] + (pads?.[kernel.length + axis] ?? Number.POSITIVE_INFINITY);
    return Array.from({ length: output[axis] }, (_, target) => {
      const start = target * strides[axis] - begin[axis];
      return Array.from({ length: k }, (_, o) => start + o * dilations[axis]).filter((at) => at < limit).length;
    });
  });
  return perAxis.reduce<number[]>((counts, axis) => counts.flatMap((count) => axis.map((more) => count * more)), [1]);
}

function sourcesOf(ledger: Ledger, value: string): Sources {
  const { b } = ledger;
  const pool = ledger.producer.get(value);
  if (isPool(pool) && ledger.onPath(pool.inputs[0])) {
    const windows = poolWindows(b, pool);
    return {
      rows: poolPlanes(b, pool, windows),
      planes: offsetCount(windows),
      pool: { windows, input: pool.inputs[0] },
    };
  }
  const rows = rowsOf(b, value);
  return { rows: b.reshape(rows, [1, ...b.shape(rows)]), planes: 1 };
}

/** u of every path: [planes, offsets, targets, C_out]. */
function contributions(b: Builder, node: Node, sources: Sources, windows: Windows): string {
  const weight = node.inputs[1];
  const [outputs, perGroup] = b.shape(weight);
  const groups = groupsOf(node);
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const positions = sourceCount(windows);
  const { planes } = sources;
  const byOffset = b.reshape(weight, [outputs, perGroup, offsets]);
  const index = pathSources(windows);
  const strided = windows.strides.some((stride) => stride > 1);

  if (isPointwise(windows) && groups === 1) {
    const matrix = b.transpose(b.reshape(weight, [outputs, perGroup]), [1, 0]);
    return b.reshape(b.matmul(sources.rows, matrix), [planes, 1, targets, outputs]);
  }
  if (groups === 1 && planes === 1 && !strided) {
    // Every source meets every offset: multiply first, then bring the products to their targets.
    const matrix = b.reshape(b.transpose(byOffset, [1, 2, 0]), [perGroup, offsets * outputs]);
    const rows = b.reshape(sources.rows, [positions, perGroup]);
    const products = b.reshape(b.matmul(withRow(b, rows, 0), matrix), [(positions + 1) * offsets, outputs]);
    const flat = index.map((source, path) => source * offsets + Math.floor(path / targets));
    return b.reshape(gatherRows(b, products, flat, [offsets, targets]), [1, offsets, targets, outputs]);
  }
  const channels = perGroup * groups;
  const gathered = b.op('Gather', [withRow(b, sources.rows, 0), b.ints(Array.from(index), [offsets, targets])], {
    axis: int(1),
  });
  if (groups === 1) return b.matmul(gathered, b.transpose(byOffset, [2, 1, 0]));
  if (perGroup === 1 && outputs === channels) {
    return b.mul(
      gathered,
      b.reshape(b.transpose(b.reshape(weight, [outputs, offsets]), [1, 0]), [1, offsets, 1, outputs]),
    );
  }
  const grouped = b.transpose(b.reshape(gathered, [planes, offsets, targets, groups, perGroup]), [0, 1, 3, 2, 4]);
  const matrices = b.transpose(b.reshape(weight, [groups, outputs / groups, perGroup, offsets]), [3, 0, 2, 1]);
  const product = b.transpose(b.matmul(grouped, matrices), [0, 1, 3, 2, 4]);
  return b.reshape(product, [planes, offsets, targets, outputs]);
}

/** What a convolution is measured against: its relevance at the targets and the vectors z. */
function measure(
  ledger: Ledger,
  value: string,
  flow: Flow,
): { relevance: string; against: string; share: string | null } | null {
  // A branch of one Add is measured against that sum; anything else against its own value.
  if (flow.own === null && flow.demands.length === 1) return flow.demands[0];
  const relevance = ledger.resolve(value, flow);
  return relevance === null ? null : { relevance, against: value, share: null };
}

/** Conv over any number of spatial axes. */
export function shareConv(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const [x, weight, bias] = node.inputs;
  const y = node.outputs[0];
  const target = measure(ledger, y, flow);
  if (!target) return null;
  const kernel = b.shape(weight).slice(2);
  const windows = windowsOf(node, b.shape(x).slice(2), b.shape(y).slice(2), kernel);
  const pooled = isPool(ledger.producer.get(x));

  if (isPointwise(windows) && !pooled) {
    const alive = ledger.nonZero(x);
    const share = target.share ? b.mul(target.share, alive) : alive;
    ledger.lose(target.share ? b.mul(target.relevance, target.share) : target.relevance, complement(b, alive));
    return own(b.mul(target.relevance, share));
  }

  const sources = sourcesOf(ledger, x);
  const u = contributions(b, node, sources, windows);
  const outputs = b.shape(weight)[0];
  const sum = b.sum(u, [0, 1], false);
  const value = bias ? b.add(sum, b.reshape(bias, [1, outputs])) : sum;
  ledger.replacements.set(y, mapOf(b, value, b.shape(y)));
  const z = target.against === y ? value : rowsOf(b, target.against);

  const size = b.op('Sqrt', [b.sum(b.mul(u, u), [3])]);
  const total = b.sum(size, [0, 1]);
  const squared = b.sum(b.mul(z, z), [1]);
  const along = b.sum(b.mul(u, z), [3]);
  const ofBias = bias ? ledger.safeDivide(b.matmul(z, b.reshape(bias, [outputs, 1])), total) : null;
  const ratios = ledger.safeDivide(ofBias ? b.add(along, b.mul(size, ofBias)) : along, squared);
  const map = b.reshape(ratios, [sources.planes, offsetCount(windows), ...windows.output]);
  if (target.against === y) ledger.ratios.push({ target: y, ratios: map });

  const dead = b.op('LessOrEqual', [b.mul(b.reshape(total, [targetCount(windows), 1]), squared), b.float(0)]);
  const reached = target.share ? b.mul(target.relevance, target.share) : target.relevance;
  ledger.lose(reached, b.reshape(b.cast(dead, 'float32'), [1, 1, ...windows.output]));

  const folded = fold(b, b.mul(map, target.relevance), windows);
  if (!sources.pool) return own(folded);
  const { windows: pool, input } = sources.pool;
  const planes = b.reshape(folded, [1, sources.planes, ...pool.output]);
  notePassing(ledger, x, b.sum(planes, [1]));
  return { own: null, demands: [], passed: [{ value: input, relevance: fold(b, planes, pool) }] };
}

/** Relevance of a pooled PFV, for display: it is handed to the pool's input at once. */
function notePassing(ledger: Ledger, value: string, relevance: string): void {
  const before = ledger.relevance.get(value);
  ledger.relevance.set(value, before ? ledger.b.add(before, relevance) : relevance);
}

/** MaxPool and AveragePool, for whatever follows that is not a convolution. */
export function sharePool(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const y = node.outputs[0];
  const asked = [...flow.demands.map(({ relevance, against }) => ({ relevance, against }))];
  if (flow.own) asked.push({ relevance: flow.own, against: y });
  const parts = flow.passed.filter(({ value }) => value === node.inputs[0]).map(({ relevance }) => relevance);
  if (asked.length) {
    const windows = poolWindows(b, node);
    const planes = poolPlanes(b, node, windows);
    for (const { relevance, against } of asked) {
      const z = rowsOf(b, against);
      const ratios = ledger.safeDivide(b.sum(b.mul(planes, z), [2]), b.sum(b.mul(z, z), [1]));
      const map = b.reshape(ratios, [1, offsetCount(windows), ...windows.output]);
      if (against === y) ledger.ratios.push({ target: y, ratios: map });
      const shared = b.mul(map, relevance);
      notePassing(ledger, y, b.sum(shared, [1]));
      parts.push(fold(b, shared, windows));
    }
  }
  return parts.length ? own(parts.reduce((sum, part) => b.add(sum, part))) : null;
}
