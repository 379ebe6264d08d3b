import { getInts, int } from '../../graph/attributes';
import type { Builder } from '../../graph/builder';
import type { Node } from '../../graph/ir';
import { contributionsOf, type Sources, withRow } from './contributions';
import { complement, type Flow, type Ledger, own } from './flow';
import {
  fold,
  gatherRows,
  groupsOf,
  hasSingleSources,
  isPointwise,
  offsetCount,
  sourceCount,
  targetCount,
  transposedWindowsOf,
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

/** Source vectors of a convolution, and the pool that they come through. */
interface PooledSources extends Sources {
  readonly pool?: { readonly windows: Windows; readonly input: string };
}

const isPool = (node: Node | undefined): node is Node => node?.op === 'MaxPool' || node?.op === 'AveragePool';

/** [1, C, ...spatial] → [positions, C]. The transposition as a whole is what onnxruntime joins with its own reordering. */
function rowsOf(b: Builder, value: string): string {
  const [, channels, ...spatial] = b.shape(value);
  const last = b.transpose(value, [0, ...spatial.map((_, axis) => axis + 2), 1]);
  return b.reshape(last, [spatial.reduce((total, dim) => total * dim, 1), channels]);
}

/** [positions, C] → [1, C, ...spatial]. */
function mapOf(b: Builder, rows: string, [, channels, ...spatial]: readonly number[]): string {
  const last = b.reshape(rows, [1, ...spatial, channels]);
  return b.transpose(last, [0, spatial.length + 1, ...spatial.map((_, axis) => axis + 1)]);
}

function poolWindows(b: Builder, node: Node): Windows {
  const kernel = getInts(node, 'kernel_shape') as readonly number[];
  return windowsOf(node, b.shape(node.inputs[0]).slice(2), b.shape(node.outputs[0]).slice(2), kernel);
}

/** What each offset of a pool's window contributes to the pooled vectors: [offsets, positions, C]. */
function poolPlanes(b: Builder, node: Node, windows: Windows): string {
  const offsets = offsetCount(windows);
  const targets = targetCount(windows);
  const index = windows.sources();
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
function paddedCounts(node: Node, { input, output, kernel, strides, dilations, head }: Windows): number[] {
  const pads = getInts(node, 'pads');
  const perAxis = kernel.map((k, axis) => {
    const limit = input[axis] + (pads?.[kernel.length + axis] ?? Number.POSITIVE_INFINITY);
    return Array.from({ length: output[axis] }, (_, target) => {
      const start = target * strides[axis] - head[axis];
      return Array.from({ length: k }, (_, o) => start + o * dilations[axis]).filter((at) => at < limit).length;
    });
  });
  return perAxis.reduce<number[]>((counts, axis) => counts.flatMap((count) => axis.map((more) => count * more)), [1]);
}

/** The planes of a pool, made once however many layers read it. */
function planesOf(ledger: Ledger, pool: Node): { readonly windows: Windows; readonly rows: string } {
  return ledger.once(pool, () => {
    const windows = poolWindows(ledger.b, pool);
    return { windows, rows: poolPlanes(ledger.b, pool, windows) };
  });
}

function sourcesOf(ledger: Ledger, value: string): PooledSources {
  const { b } = ledger;
  const pool = ledger.producer.get(value);
  if (isPool(pool) && ledger.onPath(pool.inputs[0])) {
    const { windows, rows } = planesOf(ledger, pool);
    return { rows, planes: offsetCount(windows), pool: { windows, input: pool.inputs[0] } };
  }
  const rows = rowsOf(b, value);
  return { rows: b.reshape(rows, [1, ...b.shape(rows)]), planes: 1, value };
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

/** The weight of a ConvTranspose in the order of Conv: [C_in, C_out/groups, …] → [C_out, C_in/groups, …]. */
function asConvWeight(b: Builder, weight: string, groups: number): string {
  const [inputs, perGroup, ...kernel] = b.shape(weight);
  const split = b.reshape(weight, [groups, inputs / groups, perGroup, ...kernel]);
  const swapped = b.transpose(split, [0, 2, 1, ...kernel.map((_, axis) => axis + 3)]);
  return b.reshape(swapped, [groups * perGroup, inputs / groups, ...kernel]);
}

/** Conv and ConvTranspose over any number of spatial axes. */
export function shareConv(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const [x, filter, bias] = node.inputs;
  const y = node.outputs[0];
  const target = measure(ledger, y, flow);
  if (!target) return null;
  const transposed = node.op === 'ConvTranspose';
  const weight = transposed ? asConvWeight(b, filter, groupsOf(node)) : filter;
  const [from, to, kernel] = [x, y, filter].map((value) => b.shape(value).slice(2));
  const windows = transposed ? transposedWindowsOf(b, node) : windowsOf(node, from, to, kernel);
  const pooled = isPool(ledger.producer.get(x));

  if (hasSingleSources(windows) && !pooled) {
    const alive = ledger.nonZero(x);
    const seen = isPointwise(windows) ? alive : atSources(b, alive, windows);
    const reached = target.share ? b.mul(target.relevance, target.share) : target.relevance;
    ledger.lose(reached, complement(b, seen));
    return own(fold(b, b.mul(reached, seen), windows));
  }

  const sources = sourcesOf(ledger, x);
  const { size, along, sum } = contributionsOf(b, node, weight, sources, windows);
  const outputs = b.shape(weight)[0];
  const targets = targetCount(windows);
  const value = sum && bias ? b.add(sum, b.reshape(bias, [1, outputs])) : sum;
  if (value) ledger.replacements.set(y, mapOf(b, value, b.shape(y)));
  const z = value && target.against === y ? value : rowsOf(b, target.against);

  const total = b.sum(size, [0, 1], false);
  const squared = b.sum(b.mul(z, z), [1], false);
  const ofBias = bias
    ? ledger.safeDivide(b.reshape(b.matmul(z, b.reshape(bias, [outputs, 1])), [targets]), total)
    : null;
  const shared = ofBias ? b.add(along(z), b.mul(size, ofBias)) : along(z);
  const ratios = ledger.safeDivide(shared, squared);
  const map = b.reshape(ratios, [sources.planes, offsetCount(windows), ...windows.output]);
  if (target.against === y) ledger.ratios.push({ target: y, ratios: map });

  const dead = b.op('LessOrEqual', [b.mul(total, squared), b.float(0)]);
  const reached = target.share ? b.mul(target.relevance, target.share) : target.relevance;
  ledger.lose(reached, b.reshape(b.cast(dead, 'float32'), [1, 1, ...windows.output]));

  const folded = fold(b, b.mul(map, target.relevance), windows);
  if (!sources.pool) return own(folded);
  const { windows: pool, input } = sources.pool;
  const planes = b.reshape(folded, [1, sources.planes, ...pool.output]);
  notePassing(ledger, x, b.sum(planes, [1]));
  return { own: null, demands: [], passed: [{ value: input, relevance: fold(b, planes, pool) }] };
}

/** Reads a map over the sources at the one source of every target: [1, 1, ...input] → [1, 1, ...output]. */
function atSources(b: Builder, map: string, windows: Windows): string {
  const flat = b.reshape(map, [sourceCount(windows)]);
  const index = b.indices(windows.sources(), [1, 1, ...windows.output]);
  return b.op('Gather', [flat, index], { axis: int(0) });
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
    const { windows, rows: planes } = planesOf(ledger, node);
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
