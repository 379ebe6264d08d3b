import { getInt } from '../../graph/attributes';
import type { Node } from '../../graph/ir';
import { toNumbers } from '../../graph/tensor';
import { vjp } from '../../ops/vjp';
import { ruleFor } from '../../reverse/driver';
import { type Flow, type Ledger, own } from './flow';
import { channelAxisList, reducedAxes } from './locations';

/** Sharing through operators that move, repeat or join locations without weights. */

/**
 * Slice, Pad, Gather, Tile, Expand: the relevance map is moved back as the gradient of the same operator on a map of
 * one channel; what the operator does to the channel axes does not concern it.
 */
export function shareMovement(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const [x] = node.inputs;
  const relevance = ledger.resolve(node.outputs[0], flow);
  if (!relevance || !ledger.onPath(x)) return null;
  const shape = ledger.relevanceShape(x);
  const proxy = b.expand(b.float(0), shape);
  const inputs = movementInputs(ledger, node, proxy);
  if (inputs === null) return own(b.reshape(relevance, shape));
  const moved = b.op(node.op, inputs, node.attributes);
  const forward: Node = { ...node, inputs, outputs: [moved] };
  const cotangent = b.reshape(relevance, b.shape(moved));
  const [back] = ruleFor(vjp, forward, b)({ node: forward, b, cotangents: [cotangent], needs: (input) => input === 0 });
  return back ? own(b.sumTo(back, shape)) : null;
}

/** The operator's inputs for a map of one channel; null when nothing but channels changes. */
function movementInputs(ledger: Ledger, node: Node, proxy: string): string[] | null {
  const { b } = ledger;
  const [x, ...rest] = node.inputs;
  const channels = ledger.channels(x);
  const rank = channels.length;
  const constant = (input: number): number[] | undefined => {
    const tensor = node.inputs[input] ? b.initializer(node.inputs[input]) : undefined;
    return tensor && Array.from(toNumbers(tensor));
  };
  const fromFront = (axis: number): number => (axis < 0 ? axis + rank : axis);
  switch (node.op) {
    case 'Slice': {
      const starts = constant(1) as number[];
      const ends = constant(2) as number[];
      const axes = (constant(3) ?? starts.map((_, i) => i)).map(fromFront);
      const steps = constant(4) ?? starts.map(() => 1);
      const kept = axes.flatMap((axis, i) => (channels[axis] ? [] : [i]));
      if (kept.length === 0) return null;
      const pick = (list: readonly number[]): string => b.ints(kept.map((i) => list[i]));
      return [proxy, pick(starts), pick(ends), pick(axes), pick(steps)];
    }
    case 'Pad': {
      const pads = constant(1) as number[];
      const axes = (constant(3) ?? channels.map((_, axis) => axis)).map(fromFront);
      const kept = axes.flatMap((axis, i) => (channels[axis] ? [] : [i]));
      if (kept.length === 0) return null;
      const sides = [...kept.map((i) => pads[i]), ...kept.map((i) => pads[i + axes.length])];
      return [proxy, b.ints(sides), rest[1] ?? '', b.ints(kept.map((i) => axes[i]))];
    }
    case 'Gather':
      return channels[fromFront(getInt(node, 'axis', 0))] ? null : [proxy, ...rest];
    case 'Tile':
      return [proxy, b.ints((constant(1) as number[]).map((count, axis) => (channels[axis] ? 1 : count)))];
    default:
      return [proxy, b.ints(ledger.relevanceShape(node.outputs[0]))];
  }
}

/**
 * Resize and whatever else joins locations linearly without weights: with G = y·R/‖y‖² a source has ⟨v, LᵀG⟩, which
 * is Σ_j ⟨L_ij v, y_j⟩ R_j/‖y_j‖².
 */
export function shareInterpolation(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const [x] = node.inputs;
  const y = node.outputs[0];
  const relevance = ledger.resolve(y, flow);
  if (!relevance || !ledger.onPath(x)) return null;
  const squared = ledger.dot(y, y);
  ledger.lose(relevance, b.cast(b.op('LessOrEqual', [squared, b.float(0)]), 'float32'));
  const cotangent = b.mul(y, ledger.safeDivide(relevance, squared));
  const [back] = ruleFor(vjp, node, b)({ node, b, cotangents: [cotangent], needs: (input) => input === 0 });
  return back ? own(ledger.dot(b.sumTo(back, b.shape(x)), x)) : null;
}

/** GlobalAveragePool, means and sums over locations: every location's part of the vector, against the whole. */
export function shareMean(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const [x] = node.inputs;
  const y = node.outputs[0];
  const relevance = ledger.resolve(y, flow);
  if (!relevance) return null;
  const rank = b.rank(x);
  const axes = node.op.startsWith('Global')
    ? Array.from({ length: rank - 2 }, (_, axis) => axis + 2)
    : reducedAxes(node, b);
  const kept = b.shape(x).map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const channels = ledger.channels(x);
  const target = b.reshape(
    relevance,
    kept.map((dim, axis) => (channels[axis] ? 1 : dim)),
  );
  const spread = axes.filter((axis) => !channels[axis]);
  if (spread.length === 0) return own(b.expand(target, ledger.relevanceShape(x)));
  const count = spread.reduce((total, axis) => total * b.shape(x)[axis], 1);
  const z = b.reshape(y, kept);
  const over = channelAxisList(channels);
  const squared = b.sum(b.mul(z, z), over);
  const part = node.op === 'ReduceSum' ? 1 : 1 / count;
  const ratios = b.scale(ledger.safeDivide(b.sum(b.mul(x, z), over), squared), part);
  ledger.lose(target, b.cast(b.op('LessOrEqual', [squared, b.float(0)]), 'float32'));
  return own(b.mul(ratios, target));
}

/** Channels spread over a block of locations: each has one source. */
export function shareDepthToSpace(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const relevance = ledger.resolve(node.outputs[0], flow);
  if (!relevance) return null;
  const size = getInt(node, 'blocksize', 1);
  const [n, , h, w] = b.shape(node.inputs[0]);
  const blocks = b.reshape(relevance, [n, 1, h, size, w, size]);
  return own(b.sum(blocks, [3, 5], false));
}

/** A block of locations becomes channels of one: their squares are their shares, as for a concatenation. */
export function shareSpaceToDepth(ledger: Ledger, node: Node, flow: Flow): Flow | null {
  const { b } = ledger;
  const z = node.outputs[0];
  const relevance = ledger.resolve(z, flow);
  if (!relevance) return null;
  const size = getInt(node, 'blocksize', 1);
  const [n, channels, h, w] = b.shape(z);
  const blocks = size * size;
  const parts = b.sum(b.reshape(b.mul(z, z), [n, blocks, channels / blocks, h, w]), [2], false);
  const squared = b.sum(parts, [1]);
  const shared = b.mul(ledger.safeDivide(parts, squared), relevance);
  const spread = b.reshape(b.transpose(b.reshape(shared, [n, size, size, h, w]), [0, 3, 1, 4, 2]), [
    n,
    1,
    h * size,
    w * size,
  ]);
  return own(spread);
}
