import { int, ints } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';
import { type AxisDraw, drawAxis, windowAttributes } from './conv';

/** Whether every window of the axis sees the input: one in the padding alone has no maximum. */
const seesInput = ({ size, kernel, stride, dilation, before, after }: AxisDraw): boolean => {
  const count = Math.ceil((size + before + after - (dilation * (kernel - 1) + 1)) / stride) + 1;
  return Array.from({ length: count }, (_, window) => window * stride - before).every((start) =>
    Array.from({ length: kernel }, (_, tap) => start + tap * dilation).some((cell) => cell >= 0 && cell < size),
  );
};

function drawWindow(draw: Draw): { shape: number[]; attributes: Attributes } | undefined {
  const rank = draw.integer(1, 3);
  const axes = Array.from({ length: rank }, () => drawAxis(draw, rank === 3 ? 4 : 7)).filter(seesInput);
  if (axes.length === 0) return undefined;
  const attributes = { ...windowAttributes(draw, axes), kernel_shape: ints(axes.map(({ kernel }) => kernel)) };
  const explicit = !('auto_pad' in attributes);
  return {
    shape: [draw.integer(1, 2), draw.integer(1, 2), ...axes.map(({ size }) => size)],
    attributes: explicit && draw.flag() ? { ...attributes, ceil_mode: int(1) } : attributes,
  };
}

export function maxPool(draw: Draw): Trial | undefined {
  const window = drawWindow(draw);
  if (!window) return undefined;
  const { shape, attributes } = window;
  const outputs = draw.integer(1, 2);
  return single('MaxPool', [draw.values().distinct(shape)], attributes, outputs);
}

export function averagePool(draw: Draw): Trial | undefined {
  const window = drawWindow(draw);
  if (!window) return undefined;
  const { shape, attributes } = window;
  const include: Attributes = draw.flag() ? { count_include_pad: int(1) } : {};
  return single('AveragePool', [draw.values().array(shape)], { ...attributes, ...include });
}

export function lpPool(draw: Draw): Trial | undefined {
  const window = drawWindow(draw);
  if (!window) return undefined;
  const { shape, attributes } = window;
  const p: Attributes = draw.flag() ? { p: int(draw.integer(1, 3)) } : {};
  return single('LpPool', [draw.values().distinct(shape)], { ...attributes, ...p });
}

export function globalPool(op: 'GlobalAveragePool' | 'GlobalMaxPool'): (draw: Draw) => Trial {
  return (draw) => single(op, [draw.values().distinct([draw.integer(1, 2), draw.integer(1, 3), ...draw.shape(1, 3)])]);
}
