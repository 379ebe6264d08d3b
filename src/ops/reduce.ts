import { getInt, int, omit } from '../graph/attributes';
import type { Builder } from '../graph/builder';
import type { Node } from '../graph/ir';
import { castTo, constantInput, fromFront, none } from './common';
import type { VjpRule, VjpRules } from './rule';

/** One reduction as a rule sees it; `y` and `dy` have the reduced axes kept as 1, so that they broadcast against x. */
interface Reduction {
  readonly b: Builder;
  readonly x: string;
  readonly y: string;
  readonly dy: string;
  readonly axes: readonly number[];
  readonly count: number;
}

/** The axes that a node reduces: constant, counted from the front. */
function reducedAxes(node: Node, b: Builder): readonly number[] {
  const rank = b.rank(node.inputs[0]);
  const axes = constantInput(node, b, 1, 'axes') ?? [];
  if (axes.length > 0) return axes.map((axis) => fromFront(axis, rank));
  return getInt(node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const reduction =
  (dx: (reduction: Reduction) => string): VjpRule =>
  ({ node, b, cotangents, needs }) => {
    if (!needs(0)) return [];
    const x = node.inputs[0];
    const shape = b.shape(x);
    const axes = reducedAxes(node, b);
    const kept = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const count = axes.reduce((product, axis) => product * shape[axis], 1);
    const y = b.reshape(node.outputs[0], kept);
    const dy = b.reshape(cotangents[0] as string, kept);
    return [b.expand(dx({ b, x, y, dy, axes, count }), shape)];
  };

/** Equal extremes share the gradient evenly. */
const extreme = reduction(({ b, x, y, dy, axes }) => {
  const hit = castTo(b, b.op('Equal', [x, y]), b.dtype(x));
  return b.mul(hit, b.div(dy, b.sum(hit, axes)));
});

/** The product of the others, which is y/x only where nothing is 0. (Its own derivative takes zeros as constants.) */
const product = reduction(({ b, x, dy, axes }) => {
  const dtype = b.dtype(x);
  const zero = b.float(0, dtype);
  const isZero = b.op('Equal', [x, zero]);
  const safe = b.op('Where', [isZero, b.float(1, dtype), x]);
  const zeros = castTo(b, isZero, dtype);
  const others = b.op('Equal', [b.sub(b.sum(zeros, axes), zeros), zero]);
  const all = axes.length === 0 ? safe : b.op('ReduceProd', [safe, b.ints(axes)]);
  return b.op('Where', [others, b.mul(dy, b.div(all, safe)), zero]);
});

/** x/‖x‖, and 0 where the norm is 0. */
const l2 = reduction(({ b, x, y, dy }) => {
  const dtype = b.dtype(x);
  const norm = b.op('Where', [b.op('Equal', [y, b.float(0, dtype)]), b.float(1, dtype), y]);
  return b.mul(x, b.div(dy, norm));
});

/** The sum from the other end. */
const cumSum: VjpRule = ({ node, b, cotangents: [dy] }) => [
  b.op('CumSum', [dy as string, node.inputs[1]], {
    ...omit(node.attributes, 'reverse'),
    reverse: int(1 - getInt(node, 'reverse', 0)),
  }),
];

const topK: VjpRule = ({ node, b, cotangents: [dy] }) => {
  const [x] = node.inputs;
  const axis = int(fromFront(getInt(node, 'axis', -1), b.rank(x)));
  return [dy ? b.op('ScatterElements', [b.zerosLike(x), node.outputs[1], dy], { axis }) : null];
};

/** Reductions, running sums and selection by size. */
export const reduce: VjpRules = [
  ['ReduceSum', reduction(({ dy }) => dy)],
  ['ReduceMean', reduction(({ b, dy, count }) => b.scale(dy, 1 / count))],
  ['ReduceMax', extreme],
  ['ReduceMin', extreme],
  ['ReduceProd', product],
  ['ReduceSumSquare', reduction(({ b, x, dy }) => b.mul(x, b.scale(dy, 2)))],
  ['ReduceL1', reduction(({ b, x, dy }) => b.mul(b.op('Sign', [x]), dy))],
  ['ReduceL2', l2],
  ['ReduceLogSum', reduction(({ b, x, dy, axes }) => b.div(dy, b.sum(x, axes)))],
  ['ReduceLogSumExp', reduction(({ b, x, y, dy }) => b.mul(b.op('Exp', [b.sub(x, y)]), dy))],
  ['CumSum', cumSum],
  ['TopK', topK],
  ['ArgMax', none],
  ['ArgMin', none],
];
