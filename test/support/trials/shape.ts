import { int, ints, string } from '../../../src/graph/attributes';
import type { Attributes } from '../../../src/graph/ir';
import { float32, int64 } from '../../../src/graph/tensor';
import { single, type Trial } from '../derivatives';
import { sizeOf } from '../evaluator/array';
import type { Draw } from '../property';

/** Reshape with −1 and 0 among the dimensions in some draws. */
export function reshape(draw: Draw): Trial {
  const shape = draw.shape(0, 4, 3);
  const input = draw.values().array(shape);
  const merged = draw.flag() && shape.length > 1 ? [shape[0] * shape[1], ...shape.slice(2)] : [...shape, 1];
  const wanted: number[] = draw.pick([merged, [sizeOf(shape)], [1, ...shape]]);
  const auto = draw.flag() && wanted.length > 0 ? draw.integer(0, wanted.length - 1) : -1;
  const dims = wanted.map((dim, axis) => (axis === auto ? -1 : dim === shape[axis] && draw.flag() ? 0 : dim));
  return single('Reshape', [input, int64(dims)]);
}

export function flatten(draw: Draw): Trial {
  const shape = draw.shape(0, 4, 3);
  const attributes: Attributes = draw.flag() ? { axis: int(draw.integer(-shape.length, shape.length)) } : {};
  return single('Flatten', [draw.values().array(shape.length === 0 && !attributes.axis ? [2] : shape)], attributes);
}

/** Squeeze of all ones, or of some of them. */
export function squeeze(draw: Draw): Trial {
  const shape = draw.shape(0, 4, 3).map((dim) => (draw.flag() ? 1 : dim));
  const axes = shape.flatMap((dim, axis) =>
    dim === 1 && draw.flag() ? [draw.flag() ? axis : axis - shape.length] : [],
  );
  const input = draw.values().array(shape);
  return single('Squeeze', axes.length > 0 ? [input, int64(axes)] : [input]);
}

export function unsqueeze(draw: Draw): Trial {
  const shape = draw.shape(0, 3);
  const rank = shape.length + draw.integer(1, 2);
  const axes = draw
    .values()
    .shuffle(Array.from({ length: rank }, (_, axis) => axis))
    .slice(0, rank - shape.length)
    .map((axis) => (draw.flag() ? axis - rank : axis));
  return single('Unsqueeze', [draw.values().array(shape), int64(axes)]);
}

export function transpose(draw: Draw): Trial {
  const shape = draw.shape(0, 5, 3);
  const perm = draw.values().shuffle(shape.map((_, axis) => axis));
  return single('Transpose', [draw.values().array(shape)], draw.flag(3) ? {} : { perm: ints(perm) });
}

/** Concat of 1 to 4 parts, empty ones among them. */
export function concat(draw: Draw): Trial {
  const shape = draw.shape(1, 4, 3);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const at = axis < 0 ? axis + shape.length : axis;
  const values = draw.values();
  const parts = draw
    .list(draw.integer(1, 4), 0, 3)
    .map((size) => values.array(shape.map((dim, i) => (i === at ? size : dim))));
  return single('Concat', parts, { axis: int(axis) });
}

/** Split by sizes or into equal parts (the last smaller). */
export function split(draw: Draw): Trial {
  const shape = draw.shape(1, 4, 3);
  const axis = draw.integer(-shape.length, shape.length - 1);
  const at = axis < 0 ? axis + shape.length : axis;
  const values = draw.values();
  const count = draw.integer(1, 3);
  if (draw.flag()) {
    const sizes = draw.list(count, 0, 3);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const input = values.array(shape.map((dim, i) => (i === at ? total : dim)));
    return single('Split', [input, int64(sizes)], { axis: int(axis) }, count);
  }
  // Into `count` parts of one size, of which the last may be smaller but not empty.
  const size = draw.integer(1, 3);
  const total = (count - 1) * size + draw.integer(1, size);
  const input = values.array(shape.map((dim, i) => (i === at ? total : dim)));
  if (Math.ceil(total / count) * (count - 1) >= total) return single('Identity', [input]);
  return single('Split', [input], { axis: int(axis), num_outputs: int(count) }, count);
}

/** Slices with negative indices and steps, out of range ends, axes in any order or absent; some results are empty. */
export function slice(draw: Draw): Trial {
  const shape = draw.shape(1, 4, 5);
  const every = draw.flag(3);
  const axes = every
    ? shape.map((_, axis) => axis)
    : draw
        .values()
        .shuffle(shape.map((_, axis) => axis))
        .slice(0, draw.integer(1, shape.length));
  const starts = axes.map((axis) => draw.integer(-shape[axis] - 1, shape[axis] + 1));
  const ends = axes.map((axis) =>
    draw.flag(4) ? draw.pick([2 ** 40, -(2 ** 40)]) : draw.integer(-shape[axis] - 2, shape[axis] + 2),
  );
  const steps = axes.map(() => draw.pick([1, 1, 2, 3, -1, -2]));
  const input = draw.values().array(shape);
  if (every && draw.flag()) return single('Slice', [input, int64(starts), int64(ends)]);
  const signed = axes.map((axis) => (draw.flag() ? axis - shape.length : axis));
  const list = [input, int64(starts), int64(ends), int64(signed)];
  return single('Slice', draw.flag(3) ? list : [...list, int64(steps)]);
}

/** Padding in every mode, by axes or all of them, with negative pads. */
export function pad(mode: 'constant' | 'edge' | 'reflect' | 'wrap'): (draw: Draw) => Trial | undefined {
  return (draw) => {
    const shape = draw.shape(1, 4, 4);
    const axes = draw.flag() ? shape.map((_, axis) => axis) : shape.flatMap((_, axis) => (draw.flag() ? [axis] : []));
    const whole = axes.length === shape.length;
    const amount = (axis: number): number => {
      if (draw.flag(3)) return -draw.integer(0, 1);
      return draw.integer(0, mode === 'reflect' || mode === 'wrap' ? shape[axis] - 1 : 3);
    };
    const before = axes.map(amount);
    const after = axes.map(amount);
    if (axes.some((axis, i) => shape[axis] + Math.min(before[i], 0) + Math.min(after[i], 0) < 1)) return undefined;
    if (mode === 'reflect' || mode === 'wrap') {
      const most = (axis: number, i: number): number =>
        shape[axis] + Math.min(before[i], 0) + Math.min(after[i], 0) - 1;
      if (axes.some((axis, i) => Math.max(before[i], after[i]) > most(axis, i))) return undefined;
    }
    const values = draw.values();
    const fill = mode !== 'constant' ? undefined : draw.pick([undefined, float32([1.5], []), values.array([])]);
    const signed = int64(axes.map((axis) => (draw.flag() ? axis - shape.length : axis)));
    const inputs = [values.array(shape), int64([...before, ...after]), fill, whole && draw.flag() ? undefined : signed];
    while (inputs.at(-1) === undefined) inputs.pop();
    return single('Pad', inputs, mode === 'constant' && draw.flag() ? {} : { mode: string(mode) });
  };
}

export function expand(draw: Draw): Trial {
  const whole = draw.shape(0, 4, 3);
  const input = whole.slice(draw.integer(0, whole.length)).map((dim) => (draw.flag() ? 1 : dim));
  // Expand broadcasts both ways: its shape may have ones where the input has not.
  const wanted = whole.map((dim, axis) => (dim === input[axis - whole.length + input.length] && draw.flag() ? 1 : dim));
  return single('Expand', [draw.values().array(input), int64(wanted)]);
}

export function tile(draw: Draw): Trial {
  const shape = draw.shape(1, 4, 3);
  return single('Tile', [draw.values().array(shape), int64(draw.list(shape.length, 1, 3))]);
}

export function blocks(op: 'DepthToSpace' | 'SpaceToDepth'): (draw: Draw) => Trial {
  return (draw) => {
    const size = draw.integer(1, 3);
    const [n, c, h, w] = draw.list(4, 1, 2);
    const shape = op === 'DepthToSpace' ? [n, c * size ** 2, h, w] : [n, c, h * size, w * size];
    const attributes: Record<string, Attributes[string]> = { blocksize: int(size) };
    if (op === 'DepthToSpace' && draw.flag()) attributes.mode = string(draw.pick(['DCR', 'CRD']));
    return single(op, [draw.values().array(shape)], attributes);
  };
}

export function trilu(draw: Draw): Trial {
  const shape = draw.shape(2, 4, 4);
  const attributes: Attributes = draw.flag() ? { upper: int(draw.integer(0, 1)) } : {};
  const k = draw.flag() ? [int64([draw.integer(-3, 3)], [])] : [];
  return single('Trilu', [draw.values().array(shape), ...k], attributes);
}

export function reverseSequence(draw: Draw): Trial {
  const shape = draw.shape(2, 4, 4);
  const batch = draw.integer(0, 1);
  const lengths = Array.from({ length: shape[batch] }, () => draw.integer(1, shape[1 - batch]));
  return single('ReverseSequence', [draw.values().array(shape), int64(lengths)], {
    batch_axis: int(batch),
    time_axis: int(1 - batch),
  });
}
