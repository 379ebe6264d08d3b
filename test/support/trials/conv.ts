import { int, ints, string } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { single, type Trial } from '../derivatives';
import type { Draw } from '../property';

/** One axis of a sliding window. */
export interface AxisDraw {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** A window that fits at least once, with strides beyond the kernel, dilations and uneven padding among what is drawn. */
export function drawAxis(draw: Draw, most: number): AxisDraw {
  const kernel = draw.integer(1, 3);
  const stride = draw.integer(1, 4);
  const dilation = kernel === 1 ? 1 : draw.integer(1, 2);
  const extent = dilation * (kernel - 1) + 1;
  const before = draw.integer(0, kernel - 1);
  const after = draw.integer(0, kernel - 1);
  const size = draw.integer(Math.max(1, extent - before - after), Math.max(most, extent));
  return { size, kernel, stride, dilation, before, after };
}

/** The attributes of a window; auto_pad takes the place of the drawn padding in some draws. */
export function windowAttributes(draw: Draw, axes: readonly AxisDraw[]): Attributes {
  const attributes: Record<string, Attributes[string]> = {};
  const dilated = axes.some(({ dilation }) => dilation > 1);
  if (draw.flag()) attributes.strides = ints(axes.map(({ stride }) => stride));
  if (dilated) attributes.dilations = ints(axes.map(({ dilation }) => dilation));
  const auto = draw.pick(['NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']);
  const fits = axes.every(({ size, kernel, dilation }) => size >= dilation * (kernel - 1) + 1);
  // onnxruntime refuses SAME with dilations, and in some operators with strides that leave cells out.
  const sparse = axes.some(({ size, kernel, stride }) => (Math.ceil(size / stride) - 1) * stride + kernel < size);
  if (auto === 'NOTSET' || (auto === 'VALID' ? !fits : dilated || sparse)) {
    attributes.pads = ints([...axes.map(({ before }) => before), ...axes.map(({ after }) => after)]);
  } else {
    attributes.auto_pad = string(auto);
  }
  return attributes;
}

/** Convolutions of 1 to 3 axes. */
export function conv(draw: Draw): Trial {
  const rank = draw.integer(1, 3);
  const axes = Array.from({ length: rank }, () => drawAxis(draw, rank === 3 ? 4 : 7));
  const groups = draw.integer(1, 3);
  const inner = draw.integer(1, 2);
  const maps = groups * draw.integer(1, 2);
  const batch = draw.integer(1, 2);
  const values = draw.values();
  const bias = draw.flag() ? [values.array([maps])] : [];
  const attributes = { ...windowAttributes(draw, axes), ...(groups > 1 || draw.flag() ? { group: int(groups) } : {}) };
  return single(
    'Conv',
    [
      values.array([batch, groups * inner, ...axes.map(({ size }) => size)]),
      values.array([maps, inner, ...axes.map(({ kernel }) => kernel)]),
      ...bias,
    ],
    attributes,
  );
}

/** Transposed convolutions of 1 to 3 axes, with every way to fix the output's size. */
export function convTranspose(draw: Draw): Trial | undefined {
  const rank = draw.integer(1, 3);
  const axes = Array.from({ length: rank }, () => {
    const kernel = draw.integer(1, 3);
    const stride = draw.integer(1, 3);
    return { size: draw.integer(1, 3), kernel, stride, dilation: kernel === 1 ? 1 : draw.integer(1, 2) };
  });
  const extents = axes.map(({ kernel, dilation }) => dilation * (kernel - 1) + 1);
  const groups = draw.integer(1, 2);
  const inner = draw.integer(1, 2);
  const maps = draw.integer(1, 2);
  const values = draw.values();
  const attributes: Record<string, Attributes[string]> = {
    strides: ints(axes.map(({ stride }) => stride)),
    dilations: ints(axes.map(({ dilation }) => dilation)),
    group: int(groups),
  };
  const extra = axes.map(({ stride }) => (draw.flag() ? draw.integer(0, stride - 1) : 0));
  const full = axes.map(({ size, stride }, i) => (size - 1) * stride + extents[i] + extra[i]);
  const way = draw.pick(['pads', 'pads', 'same', 'shape', 'valid']);
  if (extra.some((count) => count > 0) && way !== 'same') attributes.output_padding = ints(extra);
  if (way === 'pads') {
    const before = axes.map(({ kernel }) => draw.integer(0, kernel - 1));
    const after = axes.map(({ kernel }) => draw.integer(0, kernel - 1));
    if (full.some((size, i) => size - before[i] - after[i] < 1)) return undefined;
    attributes.pads = ints([...before, ...after]);
  } else if (way === 'same') {
    attributes.auto_pad = string(draw.pick(['SAME_UPPER', 'SAME_LOWER']));
  } else if (way === 'shape') {
    const wanted = full.map((size, i) => Math.max(1, size - draw.integer(0, extents[i])));
    attributes.output_shape = ints(wanted);
    if (draw.flag()) attributes.auto_pad = string(draw.pick(['SAME_UPPER', 'SAME_LOWER']));
  } else {
    attributes.auto_pad = string('VALID');
  }
  const bias = draw.flag() ? [values.array([groups * maps])] : [];
  return single(
    'ConvTranspose',
    [
      values.array([draw.integer(1, 2), groups * inner, ...axes.map(({ size }) => size)]),
      values.array([groups * inner, maps, ...axes.map(({ kernel }) => kernel)]),
      ...bias,
    ],
    attributes,
  );
}
