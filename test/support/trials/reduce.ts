import { int } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { int64 } from '../../../src/graph/tensor';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';

export const REDUCTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ReduceSum: [-2, 2],
  ReduceMean: [-2, 2],
  ReduceMax: [-2, 2],
  ReduceMin: [-2, 2],
  ReduceProd: [-2, 2],
  ReduceSumSquare: [-2, 2],
  ReduceL1: [-2, 2],
  ReduceL2: [-2, 2],
  ReduceLogSum: [0.2, 2],
  ReduceLogSumExp: [-2, 2],
};

/** Axes in any order, counted from either end. */
function drawAxes(draw: Draw, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => draw.flag());
  return draw
    .values()
    .shuffle(axes)
    .map((axis) => (draw.flag() ? axis - rank : axis));
}

/** Reductions over any axes, all, or none. */
export function reduce(op: string): (draw: Draw) => Trial {
  const [low, high] = REDUCTIONS[op];
  return (draw) => {
    const shape = draw.shape(0, 4, 3);
    const attributes: Record<string, Attributes[string]> = {};
    if (draw.flag()) attributes.keepdims = int(draw.integer(0, 1));
    // What an elementwise part (square, abs) does without axes is read differently by its readers.
    const plain = !['ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSum', 'ReduceLogSumExp'].includes(op);
    if (plain && draw.flag(3)) attributes.noop_with_empty_axes = int(1);
    const axes = draw.flag(4) ? undefined : drawAxes(draw, shape.length);
    const input = draw.values().distinct(shape, low, high);
    return single(op, axes ? [input, int64(axes)] : [input], attributes);
  };
}

export function arg(op: 'ArgMax' | 'ArgMin'): (draw: Draw) => Trial {
  return (draw) => {
    const shape = draw.shape(1, 4);
    const attributes: Record<string, Attributes[string]> = {
      axis: int(draw.integer(-shape.length, shape.length - 1)),
      keepdims: int(draw.integer(0, 1)),
      select_last_index: int(draw.integer(0, 1)),
    };
    return single(op, [{ ...draw.values().ints(shape, -2, 2), dtype: 'float32' }], attributes);
  };
}

export function cumSum(draw: Draw): Trial {
  const shape = draw.shape(1, 3);
  const attributes = { exclusive: int(draw.integer(0, 1)), reverse: int(draw.integer(0, 1)) };
  const axis = draw.integer(-shape.length, shape.length - 1);
  return single('CumSum', [draw.values().array(shape), int64([axis], [])], attributes);
}

export function topK(draw: Draw): Trial {
  const shape = draw.shape(1, 3);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const attributes: Record<string, Attributes[string]> = { axis: int(axis) };
  if (draw.flag()) attributes.largest = int(0);
  const k = draw.integer(1, shape.at(axis) as number);
  return single('TopK', [draw.values().distinct(shape), int64([k])], attributes, 2);
}

export function softmax(op: string): (draw: Draw) => Trial {
  return (draw) => {
    const shape = draw.shape(1, 4);
    const axis = draw.integer(-shape.length, shape.length - 1);
    return single(op, [draw.values().distinct(shape, -3, 3)], axis === -1 && draw.flag() ? {} : { axis: int(axis) });
  };
}
